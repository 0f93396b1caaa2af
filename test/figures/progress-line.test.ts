import assert from 'node:assert/strict';
import { progressLine } from '../../src/figures/progress-line';

describe('progressLine', () => {
  it('says nothing of what is quick, then the share and the time left, and that it is done', async () => {
    const printed: string[] = [];
    const log = console.log;
    console.log = (text: string) => void printed.push(text);
    try {
      const update = progressLine();
      update(0.1, 'conv1');
      await new Promise((resolve) => setTimeout(resolve, 2100));
      update(0.5, 'conv2');
      update(0.6, 'conv2');
      update(1, 'conv3');
      progressLine()(1, 'quick');
    } finally {
      console.log = log;
    }
    assert.equal(printed.length, 2, `${printed}`);
    assert.match(printed[0]!, /^conv2: 50 %, \d+ s left$/);
    assert.equal(printed[1], 'conv3: 100 %');
  });
});
