import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runPath } from '../../src/records/run-path';

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
});
