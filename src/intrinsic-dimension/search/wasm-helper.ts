/** A thread of Node that helps; browsers have a file of their own in this place. */
import { Worker } from 'node:worker_threads';

/** Starts a thread that runs `help` of the code with some data. It does not keep the process alive. */
export function startHelper(code: string, data: object): void {
  const run = `${code} help(require('node:worker_threads').workerData);`;
  try {
    const helper = new Worker(run, { eval: true, workerData: data, execArgv: [] });
    // A thread that the system does not give is one helper less.
    helper.on('error', () => {});
    helper.unref();
  } catch {
    // The same.
  }
}
