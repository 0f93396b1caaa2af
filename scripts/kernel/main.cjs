#!/usr/bin/env node
// The TypeScript kernel: starts the installed tslab with its faults repaired, one in each file beside this one. They
// reach into tslab's compiled files, hence the exact version; test/notebooks/kernel.test.ts shows when a repair no
// longer holds.
'use strict';

const { listenForInterrupts } = require('./interrupts.cjs');

// First of all: Stop must not end a kernel that still loads its compiler.
const interrupts = listenForInterrupts();

require('./environment.cjs');
const { createExecutor } = require('./executor.cjs');
const { createServer } = require('./messages.cjs');
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
  makeTrainingStoppable(interrupts);
  const tslab = loadTslab();
  createServer(tslab, createExecutor(tslab, interrupts), interrupts, configPath).init();
} catch (error) {
  console.error(`the TypeScript kernel cannot start: ${error.message}`);
  process.exit(1);
}
