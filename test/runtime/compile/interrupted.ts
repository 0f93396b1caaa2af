/** Says when it is inside a temporary folder, and stays there for a second without returning to the event loop. */
import { writeSync } from 'node:fs';
import { withTemporaryFolder } from '../../../src/runtime/compile/temporary-folder';

withTemporaryFolder(() => {
  writeSync(1, 'inside\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
});
