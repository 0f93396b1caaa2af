import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder, runPath } from '../../src/records/run-path';

describe('the place of a run', () => {
  it('is in the folder, under the name', () => {
    assert.equal(runPath('out', 'grokking-weightDecay0.01'), join('out', 'grokking-weightDecay0.01.jsonl'));
    assert.equal(runPath('out', 'ä b'), join('out', 'ä b.jsonl'));
  });

  it('is never outside of the folder', () => {
    const wrong = [
      '',
      ' ',
      '.',
      '..',
      '../x',
      '../../x',
      '/etc/x',
      'a/b',
      'a\\b',
      'a\0b',
      'a\nb',
      '-x',
      'x'.repeat(226),
    ];
    for (const name of wrong)
      assert.throws(() => runPath('out', name), {
        name: 'RangeError',
        message: /^the name of a run cannot be /,
      });
  });

  it('is in the project wherever a notebook is, and beside a notebook of no project', () => {
    const top = mkdtempSync(join(tmpdir(), 'project-'));
    const deep = join(top, 'notebooks', 'mine');
    mkdirSync(deep, { recursive: true });
    try {
      assert.equal(projectFolder(deep), deep);
      writeFileSync(join(top, 'package.json'), '{}');
      for (const folder of [deep, join(top, 'notebooks'), top]) assert.equal(projectFolder(folder), top);
    } finally {
      rmSync(top, { recursive: true });
    }
  });
});
