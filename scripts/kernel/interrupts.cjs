// Jupyter's Stop button, which reaches the kernel as SIGINT.
'use strict';

const { rememberCall } = require('./calls.cjs');

/**
 * Milliseconds in which a stopped cell may end by itself, such as after a batch, and close what it holds; then it is left.
 * Code that lets nothing else happen for so long is ended where it stands, by control-thread.cjs.
 */
const GRACE = 1000;

/**
 * What runs, for the thread that may end it where it stands: code of the kernel, which must not be ended; code of a cell; or
 * code that ends itself in good order, such as training, where a long step is no reason to lose the run.
 */
const [OWN, CELL, ORDERLY] = [0, 1, 2];
const running = new Int32Array(new SharedArrayBuffer(4));
/** Milliseconds after which each is ended that has not answered; at once where Stop is pressed again. */
const PATIENCE = [Number.POSITIVE_INFINITY, GRACE, 10_000];

/** A cell that Stop has ended. */
class Stopped extends Error {
  name = 'Stopped';
}

const newCell = (leave) => ({
  stopped: new AbortController(),
  left: new AbortController(),
  closes: false,
  leave,
});

/**
 * The cell that runs, or ran last: `stopped` is aborted by Stop, `left` when its time to close is over, and `closes` once
 * it runs a `catch` or a `finally` in between. What earlier cells have begun and nobody awaits belongs to it as well: no
 * AsyncLocalStorage tells them apart, since Node 20 and 22 cannot go on with one after code was ended where it stood.
 */
let cell = newCell();

/** The signal that ends what begins now: Stop, or the end of the time of a cell that closes what it holds. */
const cellSignal = () => (cell.closes ? cell.left : cell.stopped).signal;
/** The same for code outside of cells; `orderly` code ends by it in good order. */
function signalFor({ orderly = false } = {}) {
  if (orderly && running[0] === CELL) running[0] = ORDERLY;
  return cellSignal();
}
// src/cell-signal.ts asks.
globalThis[Symbol.for('Jupyter.cellSignal')] = signalFor;

/**
 * Listens from now on. While a cell's synchronous part runs, Node ends it by itself (`breakOnSigint`), and takes this
 * listener away; what is pressed before, while the cell is compiled, waits for the next turn of the event loop, and
 * would be forgotten with the listener if nothing took that turn.
 */
function listenForInterrupts() {
  let isRunning = false;
  let begun = false;
  let asked = false;
  /** Whether code of the cell was ended where it stood. */
  let forced = false;
  /** What goes on without a cell, such as training that no cell awaits. */
  const alsoStops = [];
  const afterForce = [];

  function stop(message) {
    const stopping = cell;
    stopping.stopped.abort(new Stopped(message));
    setTimeout(leave, GRACE, stopping).unref();
  }
  function leave(leaving) {
    leaving.left.abort(new Stopped('its time to close is over'));
    if (isRunning && leaving === cell) cell.leave();
  }
  function onInterrupt() {
    for (const stop of alsoStops) stop();
    if (!isRunning) return;
    // A cell with its own listener ends itself in good order; the second interrupt leaves it at once.
    const ownListener = process.listenerCount('SIGINT') > 1;
    if (begun && (asked || !ownListener)) {
      stop('stopped; run the cell again to begin again');
      if (asked) leave(cell);
    }
    asked = true;
  }
  process.on('SIGINT', onInterrupt);
  // Who listens beside the kernel ends in good order, as `interruptible` does.
  process.on('newListener', (event) => {
    if (event === 'SIGINT' && process.listenerCount(event) > 0 && running[0] === CELL) running[0] = ORDERLY;
  });
  process.on('removeListener', (event) => {
    if (event === 'SIGINT' && process.listenerCount(event) === 1 && running[0] === ORDERLY) running[0] = CELL;
  });

  return {
    /** Before a cell is compiled. */
    cellArrives(leaveCell) {
      cell = newCell(leaveCell);
      isRunning = true;
      begun = false;
      asked = false;
      forced = false;
    },
    /** Between compiling and running. @throws Stopped when Stop was pressed in the meantime */
    async codeBegins() {
      await turn();
      if (asked) throw new Stopped('stopped before it began; run the cell again');
      begun = true;
      running[0] = CELL;
    },
    cellEnds() {
      isRunning = false;
      running[0] = OWN;
    },
    /** Runs what belongs to the kernel, and must not be ended in the middle, while a cell may run. */
    unending(body) {
      const before = running[0];
      running[0] = OWN;
      try {
        return body();
      } finally {
        running[0] = before;
      }
    },
    /** Code of the cell was ended where it stood: what awaits it would wait for ever. */
    async codeWasEnded() {
      forced = true;
      // The signal that has waited for its turn comes first.
      await turn();
      for (const listener of process.listeners('SIGINT'))
        if (listener !== onInterrupt) process.off('SIGINT', listener);
      for (const repair of afterForce) repair();
      asked = true;
      cell.stopped.abort(new Stopped('stopped'));
      leave(cell);
    },
    /** Whether Stop was pressed in this cell. */
    asked: () => asked,
    /** Whether code of this cell was ended where it stood. */
    forced: () => forced,
    onStop: (stop) => alsoStops.push(stop),
    /** What repairs a library whose code was ended where it stood. */
    onForce: (repair) => afterForce.push(repair),
  };
}

/** Each `await` of a cell's code passes here: a stopped cell goes no further. @throws Stopped */
function unlessStopped(promise) {
  return unlessAborted(cellSignal(), promise);
}

/** Each `await` in a `catch` or a `finally` passes here: it goes on until the cell's time to close is over. @throws Stopped */
function unlessLeft(promise) {
  return unlessAborted(cell.left.signal, promise);
}

async function unlessAborted(signal, promise) {
  try {
    const value = await promise;
    signal.throwIfAborted();
    return value;
  } catch (error) {
    // The stack of what is thrown in a callback of a library does not lead to the cell, that of its await does.
    rememberCall(error, new Error().stack);
    throw error;
  }
}

/** Each `for await` of a cell's code passes here: a stopped cell leaves the loop in good order. @throws Stopped */
async function* eachUnlessStopped(values) {
  const signal = cellSignal();
  for await (const value of values) {
    signal.throwIfAborted();
    yield value;
  }
  signal.throwIfAborted();
}

/** Each `catch` and each `finally` around an `await` begins here: in a stopped cell, what they call may run to its end. */
function closeIfStopped() {
  if (cell.stopped.signal.aborted) cell.closes = true;
}

/** Each `catch` around an `await` of a cell's code ends here, also one that wakes after its cell was left. @throws Stopped */
function throwIfStopped(thrown) {
  if (thrown instanceof Stopped) throw thrown;
  cell.stopped.signal.throwIfAborted();
}

/** One whole turn of the event loop: signals that have arrived are handled, rejections that no code awaits are reported. */
function turn() {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** The message for what ended a cell because the user wanted it; undefined for what is an error of its own. */
function messageOfStop(thrown, { asked, forced }) {
  if (forced) return 'stopped in the middle of its code; variables keep what they hold, no `finally` was run';
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
  PATIENCE,
  Stopped,
  closeIfStopped,
  dropHalfLoadedModules,
  eachUnlessStopped,
  listenForInterrupts,
  messageOfStop,
  running,
  signalFor,
  throwIfStopped,
  turn,
  unlessLeft,
  unlessStopped,
};
