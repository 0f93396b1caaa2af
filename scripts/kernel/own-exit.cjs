// `process.exit` in a cell would end the kernel, and all variables with it; JupyterLab would call that a crash.
'use strict';

const { placeInStack } = require('./cells.cjs');

/** From now on, only code of the kernel ends it. */
function keepKernel() {
  const exit = process.exit;
  process.exit = (code) => {
    if (!new Error().stack.split('\n').some(placeInStack)) return exit.call(process, code);
    const written = code === undefined ? '' : code;
    throw new Error(`process.exit(${written}) would end the kernel, and with it all variables`);
  };
}

module.exports = { keepKernel };
