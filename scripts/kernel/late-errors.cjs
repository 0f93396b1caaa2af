// Errors that no code awaits, in rejected promises and in callbacks, also after their cell has ended.
'use strict';

const { lastCell } = require('./cells.cjs');
const { Stopped } = require('./interrupts.cjs');
const { fromThrown } = require('./problems.cjs');

const EVENTS = {
  unhandledRejection: 'a promise that nobody awaited was rejected',
  uncaughtException: 'thrown in a callback',
};

/** Collects them from now on; one that comes between two cells is printed, and is the problem of the next cell. */
function collectLateErrors(isRunning) {
  let problems = [];
  for (const [event, what] of Object.entries(EVENTS)) {
    process.on(event, (error) => {
      // What a stopped cell had begun without awaiting it ends by Stop as well, as the user wished.
      if (error instanceof Stopped) return;
      const when = isRunning() ? '' : `, after cell [${lastCell()}] had ended`;
      problems.push(fromThrown(error, what + when));
      if (!isRunning()) console.error(fromThrown(error, what).traceback.join('\n'));
    });
  }
  return {
    /** Those that have come since the last call. */
    take() {
      const taken = problems;
      problems = [];
      return taken;
    },
  };
}

module.exports = { collectLateErrors };
