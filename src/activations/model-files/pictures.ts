/** A folder of pictures as the input of a network: decoded, resized and scaled a batch at a time. */
import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { commonShape, decodePictures } from '../../data/image-folder/decode';
import { inWords } from '../../given';
import { NATURAL } from '../../natural-order';
import { counted } from '../../number-format';
import { type InputSpec, type Numbers, specInWords } from './file-network';
import type { InputFeed } from './input-files';

/** The ways in which pixels of 0 .. 255 are scaled for the network. */
export const PIXELS = ['unit', 'symmetric', 'bytes', 'imagenet'] as const;
export type Pixels = (typeof PIXELS)[number];

/** How pictures become inputs. */
export interface PictureOptions {
  /**
   * How pixels are scaled: `unit` to 0 .. 1; `symmetric` to -1 .. 1; `bytes` leaves them at 0 .. 255; `imagenet` subtracts from
   * `unit` the mean of the channel over ImageNet and divides by the standard deviation, as torchvision's networks need it.
   * @default 'unit'
   */
  readonly pixels?: Pixels;
  /** Side of the square to which every picture is resized. @default what the network's input fixes */
  readonly imageSize?: number;
  /** The number of pictures, which are evenly spread over the folder. @default all */
  readonly examples?: number;
  /** Called with notes on the files. @default no notes */
  readonly onNote?: (note: string) => void;
}

/** torchvision.transforms.Normalize of all its pretrained classifiers. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

const PICTURES = ['.png', '.jpg', '.jpeg'];

/** Opens all pictures below a folder, in the order of the numbers in their paths. */
export async function openPictures(
  folder: string,
  specs: readonly InputSpec[],
  { pixels = 'unit', imageSize, examples, onNote }: PictureOptions,
): Promise<InputFeed> {
  if (!PIXELS.includes(pixels))
    throw new RangeError(`pixels must be one of ${PIXELS.join(', ')}, got ${inWords(pixels)}`);
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize >= 1))
    throw new RangeError(`imageSize must be a whole number of at least 1, got ${inWords(imageSize)}`);
  const [spec] = specs;
  if (specs.length !== 1 || spec?.shape.length !== 4)
    throw new Error(
      `pictures are for a network with one input of four axes, and this one takes ${specs.map(specInWords).join(', ')}: ` +
        'give a file with an array for each',
    );
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = all.filter((name) => PICTURES.includes(extname(name).toLowerCase())).sort(NATURAL.compare);
  if (examples !== undefined && !(Number.isInteger(examples) && examples >= 1 && examples <= found.length))
    throw new RangeError(
      `examples must be a whole number from 1 to ${found.length}, the pictures in ${folder}, got ${examples}`,
    );
  const step = found.length / (examples ?? found.length);
  const paths = Array.from({ length: examples ?? found.length }, (_, i) => found[Math.floor(i * step)]!);
  if (paths.length === 0) throw new Error(`there are no ${PICTURES.join(', ')} files in ${folder}`);
  const files = paths.map((name) => ({ path: join(folder, name), label: 0, bytes: 0, changed: 0 }));
  const { channelsFirst, channels, side } = layoutOf(spec);
  if (imageSize !== undefined && side !== undefined && side !== imageSize)
    throw new Error(`imageSize is ${imageSize}, and the network takes pictures of ${side} x ${side}`);
  if (pixels === 'imagenet' && channels !== 3)
    throw new Error(`pixels imagenet are for three channels, and the network takes ${channels}`);
  const { height, width } = await commonShape(files, imageSize ?? side);
  onNote?.(
    `${folder}: ${counted(files.length, 'picture')} of ${width} x ${height}, to which all others are resized; ` +
      `pixels ${pixels} (--pixels chooses among ${PIXELS.join(', ')})`,
  );
  const value = pixelValues(pixels);
  return {
    examples: files.length,
    files: files.map(({ path }) => path),
    batch: async (start, count) => {
      const bytes = await decodePictures(
        files.slice(start, start + count),
        { height, width, channels },
        () => {},
      );
      const places = height * width;
      const data = new Float32Array(bytes.length);
      for (let picture = 0; picture < count; picture++) {
        for (let place = 0; place < places; place++) {
          for (let channel = 0; channel < channels; channel++) {
            const from = (picture * places + place) * channels + channel;
            const to = channelsFirst ? (picture * channels + channel) * places + place : from;
            data[to] = value(bytes[from]!, channel);
          }
        }
      }
      const shape = channelsFirst ? [count, channels, height, width] : [count, height, width, channels];
      const numbers: Numbers = { data, shape };
      return { [spec.name]: numbers };
    },
    close: () => {},
  };
}

function pixelValues(pixels: Pixels): (byte: number, channel: number) => number {
  if (pixels === 'bytes') return (byte) => byte;
  if (pixels === 'symmetric') return (byte) => byte / 127.5 - 1;
  if (pixels === 'unit') return (byte) => byte / 255;
  const { mean, deviation } = IMAGENET;
  return (byte, channel) => (byte / 255 - mean[channel]!) / deviation[channel]!;
}

/** [examples, channels, height, width] as in PyTorch, or [examples, height, width, channels] as in TensorFlow. */
function layoutOf(spec: InputSpec): {
  readonly channelsFirst: boolean;
  readonly channels: 1 | 3;
  readonly side?: number;
} {
  const isChannels = (size: number | null | undefined): size is 1 | 3 => size === 1 || size === 3;
  const [, first, , last] = spec.shape;
  if (isChannels(first) === isChannels(last))
    throw new Error(
      `which axis of the input '${spec.name}' ${specInWords(spec)} has the channels cannot be told: give an array`,
    );
  const channelsFirst = isChannels(first);
  const [height, width] = channelsFirst ? spec.shape.slice(2) : spec.shape.slice(1, 3);
  if (height !== width)
    throw new Error(
      `the input '${spec.name}' ${specInWords(spec)} takes no squares, to which pictures are resized: give an array`,
    );
  return {
    channelsFirst,
    channels: (channelsFirst ? first : last) as 1 | 3,
    ...(typeof height === 'number' ? { side: height } : {}),
  };
}
