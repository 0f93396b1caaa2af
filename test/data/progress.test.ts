import assert from 'node:assert/strict';
import { MEGABYTES, showLoading } from '../../src/data/progress';

/** What was written to a stream that is a terminal, or is not. */
function output(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const written: string[] = [];
  const stream = {
    isTTY,
    columns: 100,
    write: (chunk: string) => written.push(chunk),
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written.join('') };
}

describe('the progress of loading data', () => {
  it('is a line now and then in a log, and one at the end', () => {
    const { stream, text } = output(false);
    const { update, stop } = showLoading('CIFAR-10', MEGABYTES, stream);
    for (let received = 0; received <= 170e6; received += 1e6) update(received, 170e6);
    stop();
    assert.deepEqual(text().trim().split('\n'), ['CIFAR-10: 0.0 of 170.0 MB', 'CIFAR-10: 170.0 of 170.0 MB']);
  });

  it('is a bar in a terminal, that is left as it was when loading fails', () => {
    const { stream, text } = output(true);
    const { update, stop } = showLoading('CIFAR-10', MEGABYTES, stream);
    update(34e6, 170e6);
    update(85e6, 170e6);
    stop();
    assert.match(text(), /CIFAR-10 .*50 % \| 85.0 of 170.0 MB/);
  });

  it('shows nothing when nothing arrives', () => {
    for (const isTTY of [false, true]) {
      const { stream, text } = output(isTTY);
      showLoading('CIFAR-10', MEGABYTES, stream).stop();
      assert.doesNotMatch(text(), /CIFAR/);
    }
  });
});
