// Shows the value of a cell's last expression below the cell.
'use strict';

const path = require('node:path');
const { placeOfValue } = require('./cells.cjs');
const { fromThrown } = require('./problems.cjs');
const { packageFolder } = require('./package.cjs');

/** Shows values in all their forms; returns the problem of a value that cannot be shown, if any. */
async function showValues(values, jupyter) {
  try {
    for (const value of values) {
      for (const data of await bundlesOf(value))
        jupyter.lastWriteDisplayData({ data, metadata: {}, transient: {} }, false);
    }
  } catch (error) {
    return fromThrown(error, 'when the value of the cell was shown', placeOfValue());
  }
}

/** The forms of a value. A value may draw itself; the package handles all others. */
async function bundlesOf(value) {
  // A function without a name would have that of tslab's variable.
  if (typeof value === 'function' && value.name === 'tsLastExpr')
    Object.defineProperty(value, 'name', { value: '' });
  const draw = value[Symbol.for('Jupyter.display')];
  if (typeof draw === 'function') {
    const bundle = await draw.call(value);
    if (typeof bundle === 'object' && bundle !== null) return [bundle];
    throw new TypeError(
      `the value's [Symbol.for('Jupyter.display')]() gave ${bundle}: return an object such as { 'text/plain': 'words' }`,
    );
  }
  const { valueBundles } = require(path.join(packageFolder, 'figures', 'value.js'));
  return valueBundles(value);
}

module.exports = { showValues };
