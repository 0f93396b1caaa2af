// Jupyter's Stop button, which reaches the kernel as SIGINT.
'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');

/** Milliseconds in which a stopped cell may end by itself, such as after a batch; then it is left. */
const GRACE = 1000;

/** A cell that Stop has ended. */
class Stopped extends Error {
  name = 'Stopped';
}

/** The cell that code belongs to, also what it has called and awaits: its signal is aborted by Stop. */
const cellOfCode = new AsyncLocalStorage();

/** The signal of the cell whose code is running; src/cell-signal.ts asks. */
const cellSignal = () => cellOfCode.getStore()?.signal;
globalThis[Symbol.for('Jupyter.cellSignal')] = cellSignal;

/**
 * Listens from now on. While a cell's synchronous part runs, Node ends it by itself (`breakOnSigint`), and takes this
 * listener away; what is pressed before, while the cell is compiled, waits for the next turn of the event loop, and
 * would be forgotten with the listener if nothing took that turn.
 */
function listenForInterrupts() {
  /** Ends the wait for the running cell; undefined where there is none. */
  let leave;
  let begun = false;
  let asked = false;
  let cell = new AbortController();
  let patience;
  /** What goes on without a cell, such as training that no cell awaits. */
  const alsoStops = [];
  process.on('SIGINT', () => {
    for (const stop of alsoStops) stop();
    if (!leave) return;
    // A cell with its own listener ends itself in good order; the second interrupt leaves it at once.
    const ownListener = process.listenerCount('SIGINT') > 1;
    if (begun && (asked || !ownListener)) {
      cell.abort(new Stopped('stopped; run the cell again to begin again'));
      if (asked) leave();
      else patience = setTimeout(leave, GRACE);
    }
    asked = true;
  });
  return {
    /** Before a cell is compiled; its code is to be run by `inCell`. */
    cellArrives(leaveCell) {
      leave = leaveCell;
      begun = false;
      asked = false;
      cell = new AbortController();
    },
    inCell: (body) => cellOfCode.run(cell, body),
    /** Between compiling and running. @throws Stopped when Stop was pressed in the meantime */
    async codeBegins() {
      await turn();
      if (asked) throw new Stopped('stopped before it began; run the cell again');
      begun = true;
    },
    cellEnds() {
      clearTimeout(patience);
      leave = undefined;
    },
    /** Whether Stop was pressed in this cell. */
    asked: () => asked,
    onStop: (stop) => alsoStops.push(stop),
  };
}

/** Each `await` of a cell's code passes here: a stopped cell goes no further. @throws Stopped */
async function unlessStopped(promise) {
  const signal = cellSignal();
  const value = await promise;
  signal?.throwIfAborted();
  return value;
}

/** Each `for await` of a cell's code passes here: a stopped cell leaves the loop in good order. @throws Stopped */
async function* eachUnlessStopped(values) {
  const signal = cellSignal();
  for await (const value of values) {
    signal?.throwIfAborted();
    yield value;
  }
  signal?.throwIfAborted();
}

/** Each `catch` around an `await` of a cell's code ends here. @throws Stopped */
function throwIfStopped() {
  cellSignal()?.throwIfAborted();
}

/** One whole turn of the event loop: signals that have arrived are handled, rejections that no code awaits are reported. */
function turn() {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** The message for what ended a cell because the user wanted it; undefined for what is an error of its own. */
function messageOfStop(thrown, { asked }) {
  if (thrown instanceof Stopped) return thrown.message;
  if (thrown?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return 'stopped';
  if (thrown?.message === 'Interrupted asynchronously')
    return 'the cell was left; what it awaits may go on in the background';
  return asked ? String(thrown?.message ?? thrown) : undefined;
}

/** An interrupt in the middle of an import leaves modules half loaded: dropped, they are loaded again when needed. */
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
