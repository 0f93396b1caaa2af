/** Puts small pictures in the middle of a black square of 32 pixels, the size for which the network is made. */
import type { Examples } from './dataset';

const SIDE = 32;

/** Pads pictures [height, width, channels]; those that are higher or wider than 32 are not changed. */
export function padTo32(examples: Examples): Examples {
  const [height, width, channels] = examples.inputShape as [number, number, number];
  if (height > SIDE || width > SIDE || (height === SIDE && width === SIDE)) return examples;
  const top = (SIDE - height) >> 1;
  const left = (SIDE - width) >> 1;
  const inputs = new Uint8Array(examples.size * SIDE * SIDE * channels);
  for (let picture = 0; picture < examples.size; picture++) {
    for (let row = 0; row < height; row++) {
      const from = (picture * height + row) * width * channels;
      const to = ((picture * SIDE + top + row) * SIDE + left) * channels;
      inputs.set(examples.inputs.subarray(from, from + width * channels), to);
    }
  }
  return { ...examples, inputs, inputShape: [SIDE, SIDE, channels] };
}
