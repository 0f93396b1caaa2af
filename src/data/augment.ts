/** Prepares pictures for a network: normalised, and in training randomly cropped, flipped and rotated. */
import { ANYTHING, assertGiven, FLAG, NUMBER } from '../given';
import { counted } from '../number-format';
import { mulberry32, streamSeed } from '../random';
import type { Draw, Examples } from './dataset';

/** Mean and standard deviation of each channel, for pixels from 0 to 1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Random changes that do not change the class, applied in this order on a black background. */
export interface Augmentation {
  /** Width in pixels of the black border from which a random crop of the original size is taken. @default 0 */
  readonly cropPadding?: number;
  /** Flips half of the pictures horizontally. @default false */
  readonly horizontalFlip?: boolean;
  /** Largest rotation about the centre in degrees, in both directions, with the nearest pixel. @default 0 */
  readonly rotation?: number;
}

/**
 * Prepares bytes [height, width, channels] as (pixel / 255 - mean) / std, float32.
 *
 * With a draw, it augments first, like torchvision's RandomCrop, RandomHorizontalFlip and RandomRotation in the paper's public
 * code; the choices depend only on (seed, epoch, index).
 *
 * @throws RangeError for a mean or deviation that does not fit, and for a padding or rotation that is none
 */
export function imagePreparation(
  normalization: Normalization,
  augmentation: Augmentation = {},
): NonNullable<Examples['prepare']> {
  assertGiven('normalization', normalization, { mean: ANYTHING, std: ANYTHING });
  assertGiven('augmentation', augmentation, {
    cropPadding: NUMBER,
    horizontalFlip: FLAG,
    rotation: NUMBER,
  });
  const { cropPadding = 0, horizontalFlip = false, rotation = 0 } = augmentation;
  if (!Number.isInteger(cropPadding) || cropPadding < 0) {
    throw new RangeError(`cropPadding ${cropPadding} is not a whole number of pixels: give 0 or more`);
  }
  if (!(rotation >= 0 && rotation <= 180)) {
    throw new RangeError(`rotation ${rotation} is outside 0 to 180: give degrees`);
  }
  const normalized = normalizationTable(normalization);
  const augments = cropPadding > 0 || horizontalFlip || rotation > 0;
  return ({ inputs, inputShape }, indices, draw) => {
    const [height, width, channels] = pictureShape(inputShape, normalization);
    const pixels = height * width;
    const sources = Int32Array.from({ length: pixels }, (_, i) => i);
    const prepared = new Float32Array(indices.length * pixels * channels);
    indices.forEach((index, row) => {
      if (draw && augments) {
        const view = drawView({ cropPadding, horizontalFlip, rotation }, draw, index);
        findSources(sources, height, width, view);
      }
      const from = index * pixels * channels;
      let to = row * pixels * channels;
      for (let pixel = 0; pixel < pixels; pixel++) {
        const source = sources[pixel]!;
        for (let channel = 0; channel < channels; channel++, to++) {
          const byte = source < 0 ? 0 : inputs[from + source * channels + channel]!;
          prepared[to] = normalized[256 * channel + byte]!;
        }
      }
    });
    return prepared;
  };
}

/** The view of one picture in one epoch. */
export interface View {
  /** The start of the crop, in pixels from the corner of the original picture. */
  readonly top: number;
  readonly left: number;
  readonly flipped: boolean;
  /** Degrees, counter-clockwise. */
  readonly angle: number;
}

function drawView(
  { cropPadding, horizontalFlip, rotation }: Required<Augmentation>,
  { seed, epoch }: Draw,
  index: number,
): View {
  const uniform = mulberry32(streamSeed(streamSeed(seed, epoch), index + 1));
  const offset = (): number => Math.floor(uniform() * (2 * cropPadding + 1)) - cropPadding;
  const [top, left] = [offset(), offset()];
  return {
    top,
    left,
    flipped: uniform() < 0.5 && horizontalFlip,
    angle: (2 * uniform() - 1) * rotation,
  };
}

/**
 * For each pixel of a view, the number of the picture's pixel that is shown there, or -1 for the black background.
 * The rotation is that of Pillow's `Image.rotate(angle)` with nearest neighbours, which torchvision calls, including the 16
 * fractional bits with which Pillow computes.
 */
export function findSources(sources: Int32Array, height: number, width: number, view: View): void {
  const { top, left, flipped, angle } = view;
  const radians = (angle * Math.PI) / 180;
  const fixed = (value: number): number => Math.floor(value * 65536 + 0.5);
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  // the centre of the first pixel, rotated back about the centre of the picture
  const x0 = cos * (0.5 - width / 2) - sin * (0.5 - height / 2) + width / 2;
  const y0 = sin * (0.5 - width / 2) + cos * (0.5 - height / 2) + height / 2;
  const [stepCos, stepSin] = [fixed(cos), fixed(sin)];
  for (let row = 0, i = 0; row < height; row++) {
    let x = fixed(x0) + row * fixed(-sin);
    let y = fixed(y0) + row * stepCos;
    for (let column = 0; column < width; column++, i++) {
      const turnedX = x >> 16;
      const turnedY = y >> 16;
      x += stepCos;
      y += stepSin;
      const sourceX = (flipped ? width - 1 - turnedX : turnedX) + left;
      const sourceY = turnedY + top;
      const inside =
        turnedX >= 0 &&
        turnedX < width &&
        turnedY >= 0 &&
        turnedY < height &&
        sourceX >= 0 &&
        sourceX < width &&
        sourceY >= 0 &&
        sourceY < height;
      sources[i] = inside ? sourceY * width + sourceX : -1;
    }
  }
}

/** The normalised value of each byte, with 256 values for each channel. */
function normalizationTable({ mean, std }: Normalization): Float32Array {
  if (mean.length !== std.length || mean.length === 0) {
    throw new RangeError(
      `${counted(mean.length, 'mean')} and ${counted(std.length, 'deviation')}: give one of each for each channel`,
    );
  }
  const bad = [...mean, ...std].find((value) => !Number.isFinite(value)) ?? std.find((value) => value <= 0);
  if (bad !== undefined) {
    throw new RangeError(`normalization holds ${bad}: means are finite, deviations above 0`);
  }
  return Float32Array.from({ length: 256 * mean.length }, (_, i) => {
    const channel = i >> 8;
    return ((i & 255) / 255 - mean[channel]!) / std[channel]!;
  });
}

function pictureShape(
  shape: readonly number[],
  { mean }: Normalization,
): readonly [height: number, width: number, channels: number] {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || channels !== mean.length) {
    throw new RangeError(
      `examples of shape [${shape}] are not pictures [height, width, ${mean.length}]: ` +
        `the normalization has ${counted(mean.length, 'channel')}`,
    );
  }
  return [height!, width!, channels];
}

/** Mean and standard deviation of each channel over all pixels of all pictures. */
export function channelStatistics({ inputs, inputShape }: Examples): Normalization {
  const channels = inputShape.at(-1)!;
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for (let i = 0; i < inputs.length; i += channels) {
    for (let channel = 0; channel < channels; channel++) counts[channel]![inputs[i + channel]!]!++;
  }
  const average = (count: Float64Array, value: (byte: number) => number): number =>
    count.reduce((sum, n, byte) => sum + n * value(byte), 0) / (inputs.length / channels);
  const mean = counts.map((count) => average(count, (byte) => byte / 255));
  const std = counts.map((count, c) => Math.sqrt(average(count, (byte) => (byte / 255 - mean[c]!) ** 2)));
  return { mean, std };
}
