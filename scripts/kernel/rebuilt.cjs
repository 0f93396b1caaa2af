// Says once if the package was compiled again, since the kernel continues with the modules that it has loaded.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const DIST = path.resolve(__dirname, '..', '..', 'dist') + path.sep;
const startedAt = Date.now();
let warned = false;

function warnOfRebuild() {
  if (warned) return;
  const isNewer = (file) =>
    file.startsWith(DIST) && fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs > startedAt;
  if (!Object.keys(require.cache).some(isNewer)) return;
  warned = true;
  console.error('The package was compiled again since this kernel started: restart the kernel to use it.');
}

module.exports = { warnOfRebuild };
