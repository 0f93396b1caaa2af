// Errors in rejected promises that no code awaits, and in callbacks, even after their cell has ended.
'use strict';

const { lastCell } = require('./cells.cjs');
const { Stopped } = require('./interrupts.cjs');
const { fromThrown } = require('./problems.cjs');

const EVENTS = {
  unhandledRejection: 'a promise that nobody awaited was rejected',
  uncaughtException: 'thrown in a callback',
};

/** Starts to collect them. An error between two cells is printed, and becomes the problem of the next cell. */
function collectLateErrors(isRunning) {
  let problems = [];
  for (const [event, what] of Object.entries(EVENTS)) {
    process.on(event, (error) => {
      // Work that a stopped cell had begun without awaiting it is ended by Stop, too, as the user wanted.
      if (error instanceof Stopped) return;
      const when = isRunning() ? '' : `, after cell [${lastCell()}] had ended`;
      problems.push({ error, problem: fromThrown(error, what + when) });
      if (!isRunning()) console.error(fromThrown(error, what).traceback.join('\n'));
    });
  }
  return {
    /** The problems of the errors since the last call, but of the one that its cell has thrown itself. */
    take(thrown) {
      const taken = problems.filter(({ error }) => error !== thrown);
      problems = [];
      return taken.map(({ problem }) => problem);
    },
  };
}

module.exports = { collectLateErrors };
