import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

describe('npm run lab', () => {
  it('starts with the options of the Dockerfile, which take the place of its own', function () {
    this.timeout(120_000);
    const [, command] = /^CMD (\[.*\])$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))!;
    const [npm, run, name, , ...words] = JSON.parse(command!) as string[];
    assert.deepEqual([npm, run, name], ['npm', 'run', 'lab']);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/lab.mjs', ...words, '--show-config-json'],
      { cwd: ROOT, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    const { ServerApp, LabApp } = JSON.parse(stdout.slice(stdout.indexOf('{')));
    assert.equal(ServerApp.ip, '0.0.0.0');
    assert.equal(LabApp.news_url, 'None');
  });
});
