// Jupyter's Stop button, which reaches the kernel as SIGINT.
'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');

/** Milliseconds in which a stopped cell may end by itself, for example after a batch; then it is abandoned. */
const GRACE = 1000;

/** Thrown in a cell that Stop has ended. */
class Stopped extends Error {
  name = 'Stopped';
}

/** The cell that code belongs to, including code that it calls and awaits; Stop aborts the signal of the cell. */
const cellOfCode = new AsyncLocalStorage();

/** The signal of the cell whose code is running; src/cell-signal.ts reads it. */
const cellSignal = () => cellOfCode.getStore()?.signal;
globalThis[Symbol.for('Jupyter.cellSignal')] = cellSignal;

/**
 * Starts to listen. While the synchronous part of a cell runs, Node itself ends it (`breakOnSigint`), and removes this listener.
 * An interrupt that comes earlier, while the cell is compiled, waits for the next turn of the event loop, and would be lost with
 * the listener if there were no such turn.
 */
function listenForInterrupts() {
  /** Ends the wait for the running cell; undefined if none is running. */
  let leave;
  let begun = false;
  let asked = false;
  let cell = new AbortController();
  let patience;
  /** Stops work that goes on without a cell, such as training that no cell awaits. */
  const alsoStops = [];
  process.on('SIGINT', () => {
    for (const stop of alsoStops) stop();
    if (!leave) return;
    // A cell with a listener of its own ends itself in good order; a second interrupt abandons it at once.
    const ownListener = process.listenerCount('SIGINT') > 1;
    if (begun && (asked || !ownListener)) {
      cell.abort(new Stopped('stopped; run the cell again to begin again'));
      if (asked) leave();
      else patience = setTimeout(leave, GRACE);
    }
    asked = true;
  });
  return {
    /** Called before a cell is compiled, whose code must then be run by `inCell`. */
    cellArrives(leaveCell) {
      leave = leaveCell;
      begun = false;
      asked = false;
      cell = new AbortController();
    },
    inCell: (body) => cellOfCode.run(cell, body),
    /** Called between compiling and running. @throws Stopped if Stop was pressed in the meantime */
    async codeBegins() {
      await turn();
      if (asked) throw new Stopped('stopped before it began; run the cell again');
      begun = true;
    },
    cellEnds() {
      clearTimeout(patience);
      leave = undefined;
    },
    /** True if Stop was pressed in this cell. */
    asked: () => asked,
    onStop: (stop) => alsoStops.push(stop),
  };
}

/** Wraps each `await` of a cell's code, so that a stopped cell goes no further. @throws Stopped */
async function unlessStopped(promise) {
  const signal = cellSignal();
  const value = await promise;
  signal?.throwIfAborted();
  return value;
}

/** Wraps each `for await` of a cell's code, so that a stopped cell leaves the loop in good order. @throws Stopped */
async function* eachUnlessStopped(values) {
  const signal = cellSignal();
  for await (const value of values) {
    signal?.throwIfAborted();
    yield value;
  }
  signal?.throwIfAborted();
}

/** Called at the end of each `catch` around an `await` of a cell's code. @throws Stopped */
function throwIfStopped() {
  cellSignal()?.throwIfAborted();
}

/** Waits for one turn of the event loop, in which pending signals are handled and unhandled rejections are reported. */
function turn() {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** The message for a value that was thrown because the user stopped the cell; undefined for any other error. */
function messageOfStop(thrown, { asked }) {
  if (thrown instanceof Stopped) return thrown.message;
  if (thrown?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return 'stopped';
  if (thrown?.message === 'Interrupted asynchronously')
    return 'the cell was left; what it awaits may go on in the background';
  return asked ? String(thrown?.message ?? thrown) : undefined;
}

/** Drops modules that an interrupt during an import left half loaded, so that they are loaded again when needed. */
function dropHalfLoadedModules() {
  for (const [file, module] of Object.entries(require.cache)) {
    if (!module.loaded) delete require.cache[file];
  }
}

module.exports = {
  Stopped,
  dropHalfLoadedModules,
  eachUnlessStopped,
  listenForInterrupts,
  messageOfStop,
  throwIfStopped,
  turn,
  unlessStopped,
};
