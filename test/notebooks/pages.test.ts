import assert from 'node:assert/strict';
import { join } from 'node:path';
import { played, ROOT } from './python';

interface Message {
  readonly request: number | 'complete' | 'again';
  readonly type: string;
  readonly content: {
    readonly execution_state?: string;
    readonly text?: string;
    readonly data?: Readonly<Record<string, string>>;
  };
}

/** A chart that is shown once and then updated in place, as `display` of the package writes it. */
const CHART = `const { lastWriteDisplayData: write } = require('tslab/dist/jupyter');
console.log('begun');
for (let i = 0; i < 6; i++) {
  write({ data: { 'text/plain': 'chart ' + i }, metadata: {}, transient: { display_id: 'chart' } }, i > 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
}`;

describe('pages of one kernel', function () {
  this.timeout(240_000);
  let messages: Message[];

  before(() => {
    const task = {
      folder: join(ROOT, 'notebooks'),
      cells: [
        'const a = 1;',
        CHART,
        'console.log(a);',
        'throw new Error("boom");',
        'console.log("skipped");',
      ],
      complete: 'Math.sq',
      again: 1,
    };
    messages = played('kernel_pages.py', task);
  });

  it('is busy while a cell runs, also with cells in the queue and with a completion in between', () => {
    let status = 'idle';
    for (const { request, type, content } of messages) {
      if (type === 'status') status = content.execution_state!;
      else assert.equal(status, 'busy', `an output of ${request} came while the kernel was ${status}`);
    }
    assert.equal(status, 'idle');
    const states = (wanted: Message['request']): unknown[] =>
      messages
        .filter(({ request, type }) => request === wanted && type === 'status')
        .map(({ content }) => content.execution_state);
    for (const cell of [0, 2, 3, 4, 'complete', 'again'] as const) {
      assert.deepEqual(states(cell), ['busy', 'idle'], `cell ${cell}`);
    }
    // Once for itself, and once more after the completion.
    assert.deepEqual(states(1), ['busy', 'busy', 'idle']);
    // A waiting cell is not busy before its turn.
    const at = (wanted: number, state: string): number =>
      messages.findIndex(({ request, content }) => request === wanted && content.execution_state === state);
    for (const cell of [1, 2, 3]) assert.ok(at(cell, 'busy') > at(cell - 1, 'idle'), `cell ${cell}`);
  });

  it('shows a running cell to a page that asks for it again, without running it twice', () => {
    const own = messages.filter(({ request, type }) => request === 1 && type !== 'status');
    const again = messages.filter(({ request, type }) => request === 'again' && type !== 'status');
    assert.equal(own.filter(({ content }) => content.text === 'begun\n').length, 1);
    assert.equal(again[0]?.content.text, 'begun\n');
    assert.equal(again[1]?.type, 'display_data');
    const charts = again.slice(1).map(({ content }) => content.data?.['text/plain']);
    assert.deepEqual(charts.slice(-4), ['chart 2', 'chart 3', 'chart 4', 'chart 5']);
    assert.ok(again.slice(2).every(({ type }) => type === 'update_display_data'));
  });
});
