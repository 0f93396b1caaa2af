// Jupyter's Stop button, which reaches the kernel as SIGINT.
'use strict';

/** A cell that was stopped before its code began. */
class Stopped extends Error {}

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
  process.on('SIGINT', () => {
    if (!leave) return;
    // A cell with its own listener ends itself in good order; the second interrupt leaves it at once.
    const ownListener = process.listenerCount('SIGINT') > 1;
    if (begun && (asked || !ownListener)) leave();
    asked = true;
  });
  return {
    /** Before a cell is compiled. */
    cellArrives(leaveCell) {
      leave = leaveCell;
      begun = false;
      asked = false;
    },
    /** Between compiling and running. @throws Stopped when Stop was pressed in the meantime */
    async codeBegins() {
      await turn();
      if (asked) throw new Stopped('stopped before it began; run the cell again');
      begun = true;
    },
    cellEnds() {
      leave = undefined;
    },
    /** Whether Stop was pressed in this cell. */
    asked: () => asked,
  };
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

module.exports = { dropHalfLoadedModules, listenForInterrupts, messageOfStop, turn };
