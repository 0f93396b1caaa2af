import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BACKEND = join(__dirname, '..', '..', 'src', 'runtime', 'backend.ts');

describe('the backend', function () {
  this.timeout(60_000);

  it('loads without a line of its own, and lets through what others print', () => {
    const code = `console.error('before');
require(${JSON.stringify(BACKEND)}).loadBackend().then(({ name }) => { console.log(name); console.error('after'); });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '-e', code], {
      encoding: 'utf8',
    });
    assert.equal(stdout, 'tensorflow\n', stderr);
    assert.equal(stderr, 'before\nafter\n');
  });
});
