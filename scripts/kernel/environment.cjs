// Prepares the process before a cell loads TensorFlow.
'use strict';

const util = require('node:util');
const { packageName } = require('./package.cjs');

/** Calls in Node and in the kernel, which stands in between when a library loads a module. */
const OWN_CALLS = /\(?node:|scripts[\\/]kernel[\\/]/;

// Fast convolutions, a quiet start, and GPU memory as needed.
process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

// tfjs-node calls these functions, of which Node 22 warns, and which Node 23 has removed.
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;

// What Node says of old functions that a library calls, such as punycode since Node 21, would stand below a cell, where nobody can
// change it. What the cell itself calls is said.
const { emitWarning } = process;
process.emitWarning = (warning, ...rest) => {
  const [type = warning?.name] = rest.map((option) => option?.type ?? option);
  const caller =
    new Error().stack.split('\n').find((call) => / at /.test(call) && !OWN_CALLS.test(call)) ?? '';
  if (type !== 'DeprecationWarning' || !/node_modules/.test(caller)) emitWarning(warning, ...rest);
};
// tfjs says on its first use how to install another backend, in four lines; the project has one.
const { warn } = console;
console.warn = (...args) => {
  if (!/looks like you are running TensorFlow\.js in Node\.js/.test(args[0])) return warn(...args);
  warn(
    `TensorFlow computes in plain JavaScript here. It is much faster after: await loadBackend(), from '${packageName}'.`,
  );
};
