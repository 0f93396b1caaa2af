#!/usr/bin/env node
// The TypeScript kernel: starts the installed tslab with its faults repaired, one in each file beside this one. The repairs
// depend on tslab's compiled files, and therefore on its exact version; test/notebooks/kernel.test.ts shows if one no longer
// works.
'use strict';

const { listenForInterrupts } = require('./interrupts.cjs');

// This comes first, since Stop must not end a kernel that is still loading its compiler.
const interrupts = listenForInterrupts();

require('./environment.cjs');
const { createExecutor } = require('./executor.cjs');
const { rememberNodeCalls } = require('./node-calls.cjs');
const { createServer } = require('./messages.cjs');
const { keepKernel } = require('./own-exit.cjs');
const { resolvePackage } = require('./package.cjs');
const { makeTrainingStoppable } = require('./training.cjs');
const { loadTslab } = require('./tslab.cjs');

const at = process.argv.indexOf('--config-path');
const configPath = at > 0 ? process.argv[at + 1] : undefined;
if (!configPath) {
  console.error('usage: main.cjs --config-path <connection file>   (started by Jupyter)');
  process.exit(2);
}
try {
  resolvePackage();
  keepKernel();
  rememberNodeCalls();
  makeTrainingStoppable(interrupts);
  const tslab = loadTslab();
  createServer(tslab, createExecutor(tslab, interrupts), interrupts, configPath).init();
} catch (error) {
  console.error(`the TypeScript kernel cannot start: ${error.message}`);
  process.exit(1);
}
