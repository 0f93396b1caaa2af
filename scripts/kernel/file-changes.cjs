// Files that change on disk, such as the package compiled again, while a notebook is open.
'use strict';

const { channel } = require('node:diagnostics_channel');

/** Is told of each timer that the compiler sets. */
const timers = channel('typescript-kernel.timers');

/**
 * tslab has room for one timer of the compiler, which it sets and runs when it compiles a cell; a second one, set because
 * a file has changed, would throw out of the file watcher. Here any number wait for tslab's one.
 */
function allowManyTimers(sys) {
  const setOnlyTimer = sys.setTimeout;
  const waiting = new Set();
  let isSet = false;
  const runAll = () => {
    // One may set another, which this loop then finds.
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

module.exports = { allowManyTimers };
