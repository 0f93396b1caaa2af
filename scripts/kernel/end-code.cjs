// Ends code of the kernel's thread where it stands, as a debugger does; called in the thread of the control channel.
'use strict';

const { Session } = require('node:inspector');

/** Milliseconds between two looks at the code. */
const LOOK = 100;
/** Addresses of code that is not the user's: of Node, of libraries, of the compiled package, and of the kernel. */
const LIBRARIES = ['^node:', '/node_modules/', '/dist/', '/scripts/kernel/'];

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
 * Ends the user's code that lets nothing else happen, and no other code: a library that the user's code has called returns
 * first. Code that has control at two looks, after `mayEnd` has become true, is ended. Returns a function that ends the watch.
 */
function endUsersCode(mayEnd, ended) {
  const session = new Session();
  const addresses = new Map();
  let seen = false;
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => addresses.set(scriptId, url));
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const address = addresses.get(callFrames[0].location.scriptId);
    if (!isUsers(address)) session.post('Debugger.stepOut');
    else if (seen && mayEnd()) {
      stop();
      endCode(ended);
    } else {
      seen = true;
      session.post('Debugger.resume');
    }
  });
  session.connectToMainThread();
  session.post('Debugger.enable');
  // Steps lead past these, and a pause without code of the user on the stack waits for some.
  session.post('Debugger.setBlackboxPatterns', { patterns: LIBRARIES });
  session.post('Debugger.pause');
  const looking = setInterval(() => session.post('Debugger.pause'), LOOK);
  function stop() {
    clearInterval(looking);
    session.disconnect();
  }
  return stop;
}

/** Code without an address was made by a library. */
function isUsers(address) {
  return Boolean(address) && !LIBRARIES.some((pattern) => new RegExp(pattern).test(address));
}

module.exports = { LOOK, endCode, endUsersCode };
