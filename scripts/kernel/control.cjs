// Jupyter's control channel, by which Stop and the end of the kernel arrive; it has a thread of its own.
'use strict';

const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { GRACE, PATIENCE, running } = require('./interrupts.cjs');

/** The thread has so many milliseconds to close its socket when the process ends. */
const CLOSING = 500;

/**
 * Listens at an address, and resolves when it does. What arrives, but for interrupts, goes to `handle` as the socket for
 * the answer and the frames of the message. `close` ends a kernel whose client is gone.
 */
function listenForControl({ address, key, interrupts, handle, close }) {
  const closed = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { address, key, patience: PATIENCE, grace: GRACE, running, closed };
  const thread = new Worker(path.join(__dirname, 'control-thread.cjs'), { workerData });
  process.once('exit', () => {
    thread.postMessage({ close: true });
    Atomics.wait(closed, 0, 0, CLOSING);
  });
  const socket = { send: (answer) => thread.postMessage({ answer }) };
  return new Promise((resolve, reject) => {
    thread.on('error', (error) => {
      reject(error);
      console.error(`Jupyter's control channel failed, restart the kernel: ${error.message}`);
    });
    thread.on('message', ({ listening, isAlive, ended, orphaned, frames }) => {
      if (listening) resolve();
      if (isAlive) thread.postMessage({ isAlive });
      if (ended) interrupts.codeWasEnded();
      if (orphaned) close();
      if (frames)
        handle(
          socket,
          frames.map((frame) => Buffer.from(frame)),
        );
    });
  });
}

module.exports = { listenForControl };
