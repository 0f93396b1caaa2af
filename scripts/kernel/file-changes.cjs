// Handles files that change on disk while a notebook is open, for example when the package is compiled again.
'use strict';

const { channel } = require('node:diagnostics_channel');

/** Is told of each timer that the compiler sets. */
const timers = channel('typescript-kernel.timers');

/**
 * tslab supports only one timer of the compiler, which it sets and runs when it compiles a cell. A second one, set because a file
 * has changed, would throw an error in the file watcher. Here, any number of timers wait for tslab's timer.
 */
function allowManyTimers(sys) {
  const setOnlyTimer = sys.setTimeout;
  const waiting = new Set();
  let isSet = false;
  const runAll = () => {
    // A timer may set another one, which this loop also runs.
    for (const timer of waiting) {
      waiting.delete(timer);
      timer.callback();
    }
    isSet = false;
  };
  sys.setTimeout = (callback) => {
    const timer = { callback };
    waiting.add(timer);
    if (!isSet) setOnlyTimer(runAll);
    isSet = true;
    timers.publish({});
    return timer;
  };
  sys.clearTimeout = (timer) => waiting.delete(timer);
}

/** Lets files of libraries be, whose modules the kernel has loaded; a thousand watches take longer than a completion. */
function watchOnlyOwnFiles(sys) {
  const { watchFile } = sys;
  const unwatched = { close() {} };
  sys.watchFile = (file, ...rest) =>
    /[\\/]node_modules[\\/]/.test(file) ? unwatched : watchFile(file, ...rest);
}

module.exports = { allowManyTimers, watchOnlyOwnFiles };
