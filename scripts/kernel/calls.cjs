// Where a cell called what failed in a library, whose stack does not lead back to the cell.
'use strict';

const { placeInStack } = require('./cells.cjs');

const calls = new WeakMap();

/** Remembers the stack of the call for an error, if it is one; the innermost call that a cell made counts. */
function rememberCall(error, stack) {
  if (error instanceof Error && !calls.has(error) && stack.split('\n').some(placeInStack))
    calls.set(error, stack);
}

module.exports = { callOf: (error) => calls.get(error), rememberCall };
