import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itThorough } from '../thorough';

/** A network and a table so small that a run takes a second. */
const TINY =
  'grokking prime=11 batchSize=16 nEmbd=8 nHead=2 nLayer=1 idSubsamples=2 steps=20 measureEvery=20';

describe('npm run reproduce', function () {
  this.timeout(600_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'reproduce-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function call(name: string, ...words: string[]): { status: number | null; stdout: string; stderr: string } {
    const file = join(__dirname, `../../src/commands/${name}.ts`);
    return spawnSync(process.execPath, ['--import', 'tsx', file, ...words], { encoding: 'utf8' });
  }

  itThorough('trains a record again, finds the same, and finds what differs', () => {
    const made = call('experiment', ...TINY.split(' '), '--name', 'run', '--out', folder);
    assert.equal(made.status, 0, made.stderr);
    call('experiment', ...TINY.split(' '), 'seed=1', '--name', 'seed-1', '--out', folder);
    const path = join(folder, 'run.jsonl');
    const same = call('reproduce', path, '--out', join(folder, 'again'));
    assert.equal(same.status, 0, same.stderr);
    assert.match(
      same.stdout,
      /^reproduced: at step 20 the accuracy differs by 0\.00 points, LLID by 0\.0 %$/m,
    );
    assert.match(
      same.stdout,
      /The same settings with other seeds end at\n *seed +accuracy +LLID\n *1 +0\.\d+/,
    );
    // The record of another network: its accuracy at the end is not that of its settings.
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const last = lines.findLast(({ type }) => type === 'measurement');
    last.validation.accuracy += 0.25;
    const other = join(folder, 'other.jsonl');
    writeFileSync(other, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    const differs = call('reproduce', other, '--out', join(folder, 'again'));
    assert.equal(differs.status, 1, differs.stderr);
    assert.match(differs.stdout, /^not reproduced: at step 20 the accuracy differs by -25\.00 points/m);
    // Without its last lines it is a run that did not finish.
    writeFileSync(
      other,
      `${lines
        .slice(0, -1)
        .map((line) => JSON.stringify(line))
        .join('\n')}\n`,
    );
    const unfinished = call('reproduce', other, '--out', join(folder, 'again'));
    assert.match(unfinished.stderr, /^error: .*other\.jsonl is the record of a run that did not finish/);
    assert.match(call('reproduce', 'none.jsonl').stderr, /^error: there is no record none\.jsonl/);
  });
});
