// Where a cell called what failed in a library, whose stack does not lead back to the cell.
'use strict';

const calls = new WeakMap();

/** Remembers the stack of the call for an error, if it is one; the innermost call counts. */
function rememberCall(error, stack) {
  if (error instanceof Error && !calls.has(error)) calls.set(error, stack);
}

module.exports = { callOf: (error) => calls.get(error), rememberCall };
