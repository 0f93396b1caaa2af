/** Makes the batches of a network: shuffled, cropped, flipped, rotated and normalised pictures in tensors. */
import { batches } from '../../src/data/dataset';
import { imageDataset } from '../../src/data/image-set';
import { mulberry32 } from '../../src/random';
import type { Step } from './transformer';

/** Enough for a while of batches before the next shuffle, as in a run. */
const PICTURES = 10_000;

/** Makes one batch of pictures of CIFAR's size, augmented as in the paper for CIFAR-100, whose augmentation is slower. */
export function feeding({ batch }: { readonly batch: number }): Step {
  const random = mulberry32(1);
  const train = {
    inputs: Uint8Array.from({ length: PICTURES * 32 * 32 * 3 }, () => 256 * random()),
    inputShape: [32, 32, 3],
    labels: Int32Array.from({ length: PICTURES }, (_, i) => i % 10),
    size: PICTURES,
  };
  const classNames = Array.from({ length: 10 }, (_, label) => String(label));
  const data = imageDataset(
    { name: 'noise', title: 'noise', classNames, train },
    { augmentation: { cropPadding: 4, horizontalFlip: true, rotation: 15 } },
  );
  let epoch = 0;
  let source = batches(data.train, { batchSize: batch, seed: 0, epoch });
  return () => {
    let next = source.next();
    if (next.done) {
      source = batches(data.train, { batchSize: batch, seed: 0, epoch: ++epoch });
      next = source.next();
    }
    next.value!.dispose();
    return 0;
  };
}
