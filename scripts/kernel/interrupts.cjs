// Jupyter's Stop button, which reaches the kernel as SIGINT.
'use strict';

const { rememberCall } = require('./calls.cjs');

/**
 * Milliseconds in which a stopped cell may end by itself, for example after a batch, and close its resources; then it is
 * abandoned. Code that blocks the event loop for this long is terminated by control-thread.cjs.
 */
const GRACE = 1000;

/**
 * The kind of code that is running, for the thread that may terminate it: code of the kernel, which must not be terminated;
 * code of a cell; or code that ends itself in good order, such as training, which must not be lost to one long step.
 */
const [OWN, CELL, ORDERLY] = [0, 1, 2];
const running = new Int32Array(new SharedArrayBuffer(4));
/**
 * Milliseconds after which each kind is terminated if the event loop is still blocked; a second Stop does so at once. Code of
 * the user within orderly code, such as a callback of `fit`, has no more time than a cell.
 */
const PATIENCE = [Number.POSITIVE_INFINITY, GRACE, 10_000];

/** Thrown in a cell that Stop has ended. */
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
 * The cell that is running, or ran last. Stop aborts `stopped`; the end of the time for closing aborts `left`; `closes` is
 * true once a `catch` or a `finally` runs in between. Unawaited work of earlier cells counts as part of this cell: an
 * AsyncLocalStorage could tell them apart, but Node 20 and 22 crash if code is terminated while one is in use.
 */
let cell = newCell();

/** The signal for work that begins now: Stop, or, in a cell that is closing its resources, the end of the time for that. */
const cellSignal = () => (cell.closes ? cell.left : cell.stopped).signal;

/** The same signal for libraries; `orderly` callers end in good order when it is aborted. */
function signalFor({ orderly = false } = {}) {
  if (orderly && running[0] === CELL) running[0] = ORDERLY;
  return cellSignal();
}
// src/cell-signal.ts asks.
globalThis[Symbol.for('Jupyter.cellSignal')] = signalFor;

/**
 * Starts to listen. While the synchronous part of a cell runs, Node itself ends it (`breakOnSigint`), and removes this listener.
 * An interrupt that comes earlier, while the cell is compiled, waits for the next turn of the event loop, and would be lost with
 * the listener if there were no such turn.
 */
function listenForInterrupts() {
  let isRunning = false;
  let begun = false;
  let asked = false;
  /** True if code of the cell was terminated. */
  let forced = false;
  /** Stops work that goes on without a cell, such as training that no cell awaits. */
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
    // A cell with a listener of its own ends itself in good order; a second interrupt abandons it at once.
    const ownListener = process.listenerCount('SIGINT') > 1;
    if (begun && (asked || !ownListener)) {
      stop('stopped; run the cell again to begin again');
      if (asked) leave(cell);
    }
    asked = true;
  }
  process.on('SIGINT', onInterrupt);
  // Code with a listener of its own, such as `interruptible`, ends in good order.
  process.on('newListener', (event) => {
    if (event === 'SIGINT' && process.listenerCount(event) > 0 && running[0] === CELL) running[0] = ORDERLY;
  });
  process.on('removeListener', (event) => {
    if (event === 'SIGINT' && process.listenerCount(event) === 1 && running[0] === ORDERLY) running[0] = CELL;
  });

  return {
    /** Called before a cell is compiled. */
    cellArrives(leaveCell) {
      cell = newCell(leaveCell);
      isRunning = true;
      begun = false;
      asked = false;
      forced = false;
    },
    /** Called between compiling and running. @throws Stopped if Stop was pressed in the meantime */
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
    /** Runs code of the kernel, which must not be terminated, while a cell may be running. */
    unending(body) {
      const before = running[0];
      running[0] = OWN;
      try {
        return body();
      } finally {
        running[0] = before;
      }
    },
    /** Called after code of the cell was terminated; whatever awaits that code would wait forever. */
    async codeWasEnded() {
      forced = true;
      // The pending SIGINT is handled first.
      await turn();
      for (const listener of process.listeners('SIGINT'))
        if (listener !== onInterrupt) process.off('SIGINT', listener);
      for (const repair of afterForce) repair();
      asked = true;
      cell.stopped.abort(new Stopped('stopped'));
      leave(cell);
    },
    /** True if Stop was pressed in this cell. */
    asked: () => asked,
    /** True if code of this cell was terminated. */
    forced: () => forced,
    onStop: (stop) => alsoStops.push(stop),
    /** Registers a function that repairs a library whose code was terminated. */
    onForce: (repair) => afterForce.push(repair),
  };
}

/** Wraps each `await` of a cell's code, so that a stopped cell goes no further. @throws Stopped */
function unlessStopped(promise) {
  return unlessAborted(cellSignal(), promise);
}

/** Wraps each `await` in a `catch` or a `finally`, which goes on until the time for closing is over. @throws Stopped */
function unlessLeft(promise) {
  return unlessAborted(cell.left.signal, promise);
}

async function unlessAborted(signal, promise) {
  try {
    const value = await promise;
    signal.throwIfAborted();
    return value;
  } catch (error) {
    // The stack of an error from a library's callback does not lead to the cell, but the stack of the `await` does.
    rememberCall(error, new Error().stack);
    throw error;
  }
}

/**
 * Wraps each `for await` of a cell's code, so that a stopped cell leaves the loop in good order; `call` has the stack of the loop.
 *
 * @throws Stopped
 */
async function* eachUnlessStopped(values, call) {
  const signal = cellSignal();
  try {
    for await (const value of values) {
      signal.throwIfAborted();
      yield value;
    }
  } catch (error) {
    rememberCall(error, call.stack);
    throw error;
  }
  signal.throwIfAborted();
}

/** Called at the start of each `catch` and `finally` around an `await`; in a stopped cell, functions they call may finish. */
function closeIfStopped() {
  if (cell.stopped.signal.aborted) cell.closes = true;
}

/** Called at the end of each `catch` around an `await`, even after its cell was abandoned. @throws Stopped */
function throwIfStopped(thrown) {
  if (thrown instanceof Stopped) throw thrown;
  cell.stopped.signal.throwIfAborted();
}

/** Waits for one turn of the event loop, in which pending signals are handled and unhandled rejections are reported. */
function turn() {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** The message for a value that was thrown because the user stopped the cell; undefined for any other error. */
function messageOfStop(thrown, { asked, forced }) {
  if (forced) return 'stopped in the middle of its code; variables keep what they hold, no `finally` was run';
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
  GRACE,
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
