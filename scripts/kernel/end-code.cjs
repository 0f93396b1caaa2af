// Ends code of the kernel's thread where it stands, as a debugger does; called in the thread of the control channel.
'use strict';

const { Session } = require('node:inspector');
const path = require('node:path');
const { packageFolder } = require('./package.cjs');

/** Milliseconds between two looks at the code. */
const LOOK = 100;
/** Code that is the user's at so many looks in a row lets nothing else happen. */
const LOOKS = 3;
/** Asks which calls the question interrupts. */
const STACK = { expression: 'new Error().stack' };
const CELL = /\bcell-\d+:/;
const WAITING = /\beachUnlessStopped\b/;

/** Ends whatever code is running. */
function endCode(ended) {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    ended();
  });
}

/**
 * Ends the user's code that lets nothing else happen, as soon as `mayEnd` is true, and no code that ends in good order by
 * itself. Returns a function that ends the watch.
 */
function endUsersCode(mayEnd, ended) {
  const session = new Session();
  let looks = 0;
  let isAsking = false;
  session.connectToMainThread();
  const looking = setInterval(() => {
    // An operation of TensorFlow leaves the question without an answer until it returns.
    if (isAsking) return;
    isAsking = true;
    session.post('Runtime.evaluate', STACK, (error, answer) => {
      isAsking = false;
      if (error) return;
      looks = isUsers(answer.result.value) ? looks + 1 : 0;
      if (looks < LOOKS || !mayEnd()) return;
      stop();
      endCode(ended);
    });
  }, LOOK);
  function stop() {
    clearInterval(looking);
    session.disconnect();
  }
  return stop;
}

/**
 * True if a cell makes the calls, itself or by a library. The package's own code is not ended, since it may hold the lock of a
 * record; nor is that of a library for whose values a cell waits, although its call leads there. Nothing calls what is between two
 * turns of `while (true) await null`.
 */
function isUsers(stack) {
  const calls = stack.split('\n').slice(2);
  const deciding = calls
    .filter((call) => !/^ +at async |node_modules/.test(call))
    .find((call) => CELL.test(call) || WAITING.test(call) || call.includes(packageFolder + path.sep));
  return calls.length === 0 || (deciding !== undefined && CELL.test(deciding));
}

module.exports = { LOOK, endCode, endUsersCode };
