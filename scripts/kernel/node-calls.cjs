// Errors of Node's own modules that come later name no line of the code that called; here they remember the call.
'use strict';

const { EventEmitter, errorMonitor } = require('node:events');
const { promisify } = require('node:util');
const { rememberCall } = require('./calls.cjs');

/** Functions that give a promise, take a callback, or give an object that emits errors. */
const LATER = {
  'node:child_process': ['exec', 'execFile', 'fork', 'spawn'],
  'node:dns': ['lookup', 'resolve'],
  'node:fs': later(require('node:fs')),
  'node:fs/promises': Object.keys(require('node:fs/promises')),
  'node:http': ['get', 'request'],
  'node:https': ['get', 'request'],
  'node:net': ['connect', 'createConnection'],
};

/** Of `readFile` and `readFileSync`, the one that answers later; and the streams. */
function later(fs) {
  return Object.keys(fs).filter((name) => `${name}Sync` in fs || /^create\w+Stream$/.test(name));
}

function rememberNodeCalls() {
  for (const [name, functions] of Object.entries(LATER)) {
    const module = require(name);
    for (const name of functions)
      if (typeof module[name] === 'function') module[name] = remembering(module[name]);
  }
}

/** The function, whose later errors remember where it was called. */
function remembering(method) {
  function remembered(...args) {
    const call = new Error();
    const remember = (error) => rememberCall(error, call.stack);
    const last = args.length - 1;
    const callback = args[last];
    if (typeof callback === 'function')
      args[last] = function (error, ...rest) {
        remember(error);
        return callback.call(this, error, ...rest);
      };
    const result = method.apply(this, args);
    if (result instanceof EventEmitter) result.on(errorMonitor, remember);
    if (!(result instanceof Promise)) return result;
    const awaited = result.catch((error) => {
      remember(error);
      throw error;
    });
    // The promise of a promisified `exec` has the process as a property.
    return Object.assign(awaited, result);
  }
  const { [promisify.custom]: promised, ...own } = Object.getOwnPropertyDescriptors(method);
  // A promisified function is its own promisified form.
  if (promised && promised.value !== method)
    own[promisify.custom] = { ...promised, value: remembering(promised.value) };
  return Object.defineProperties(remembered, own);
}

module.exports = { rememberNodeCalls };
