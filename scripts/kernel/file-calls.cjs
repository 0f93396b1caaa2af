// Errors of node:fs/promises name no line of the code that called; here they remember the call.
'use strict';

const { promises } = require('node:fs');
const { rememberCall } = require('./calls.cjs');

function rememberFileCalls() {
  for (const [name, method] of Object.entries(promises)) {
    if (typeof method !== 'function') continue;
    promises[name] = function (...args) {
      const call = new Error();
      const result = method.apply(this, args);
      // `watch` gives no promise.
      if (!(result instanceof Promise)) return result;
      return result.catch((error) => {
        rememberCall(error, call.stack);
        throw error;
      });
    };
  }
}

module.exports = { rememberFileCalls };
