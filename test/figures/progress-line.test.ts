import assert from 'node:assert/strict';
import { progressLine } from '../../src/figures/progress-line';

describe('progressLine', () => {
  it('says nothing of what is quick, then the share and the time left, and that it is done', () => {
    const printed: string[] = [];
    const { log } = console;
    const { now } = performance;
    let clock = 0;
    console.log = (text: string) => void printed.push(text);
    performance.now = () => clock;
    try {
      const update = progressLine();
      update(0.1, 'conv1');
      clock = 4000;
      update(0.5, 'conv2');
      clock += 100; // sooner than the next line is due
      update(0.6, 'conv2');
      update(1, 'conv3');
      progressLine()(1, 'quick');
    } finally {
      Object.assign(console, { log });
      Object.assign(performance, { now });
    }
    assert.deepEqual(printed, ['conv2: 50 %, 4 s left', '100 %, after 5 s']);
  });
});
