// Draws figures into PNG files. stdin: a list of { figure, path }; needs the compiled package.
'use strict';

const { readFileSync, writeFileSync } = require('node:fs');
const { toPNG } = require('../dist/figures/figure');

(async () => {
  for (const { figure, path } of JSON.parse(readFileSync(0, 'utf8')))
    writeFileSync(path, await toPNG(figure));
})();
