/** Pictures from IDX files, the format in which MNIST, Fashion-MNIST, KMNIST and EMNIST are published. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { assertGiven, NAMES } from '../given';
import { counted } from '../number-format';
import type { OptionalSetting } from '../setting';
import type { Dataset, Examples } from './dataset';
import { FOLDER } from './folder-setting';
import { downloadsFolder, folderOfProject } from './folders';
import {
  IMAGE_KINDS,
  type ImageDataset,
  type ImageOptions,
  type ImageSource,
  imageDataset,
} from './image-set';
import { padTo32 } from './pad';

/** Bytes with the shape given in the file. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Options for the pictures, and the names of the classes. */
export interface IdxOptions extends ImageOptions {
  /** The names of the classes. @default their numbers, or those of Fashion-MNIST if the folder's name contains `fashion` */
  readonly classNames?: readonly string[];
}

const FASHION_CLASSES = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
];

const SETTINGS: { readonly folder: OptionalSetting<string> } = { folder: FOLDER };

export const FASHION_MNIST: ImageDataset<'fashion-mnist', typeof SETTINGS> = {
  name: 'fashion-mnist',
  summary:
    '70,000 grey pictures of clothes in IDX files, 10,000 of them for validation; you must put them into the folder',
  settings: SETTINGS,
  load: (options, { folder }) =>
    idxFolder(folderOfProject(folder ?? join(downloadsFolder(), 'fashion-mnist')), options),
};

/** More bytes than any published file of this format has; a header that asks for more is damaged. */
const MOST_BYTES = 2 ** 31;

/**
 * Pictures from a folder with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, and the same two files of `t10k` for
 * validation, each uncompressed or as `.gz`. Pictures smaller than 32 x 32 get a black border.
 *
 * @param path a relative one starts from the working folder, which is a notebook's own
 * @throws Error that names the file that is missing or damaged; RangeError for options that ImageOptions do not allow
 */
export function idxFolder(path: string, options: IdxOptions = {}): Dataset {
  assertGiven('idxFolder', options, { ...IMAGE_KINDS, classNames: NAMES });
  const folder = resolve(path);
  const train = readSplit(folder, 'train');
  if (!train) {
    throw new Error(
      `no pictures in ${folder}: put train-images-idx3-ubyte and train-labels-idx1-ubyte there (or .gz)`,
    );
  }
  const test = readSplit(folder, 't10k');
  const name = basename(folder);
  const classNames = options.classNames ?? classNamesOf(name, train, test);
  const source: ImageSource = { name, title: name, classNames, train, ...(test ? { test } : {}) };
  for (const { labels } of [train, ...(test ? [test] : [])]) {
    const wrong = labels.findIndex((label) => label >= classNames.length);
    if (wrong >= 0) {
      throw new Error(
        `${folder}: label ${labels[wrong]} of picture ${wrong} has no name: give ${Math.max(...labels) + 1} classNames`,
      );
    }
  }
  return imageDataset(source, options);
}

/** The pictures and labels of a split; undefined if both files are missing. */
function readSplit(folder: string, split: 'train' | 't10k'): Examples | undefined {
  const images = readIdx(folder, `${split}-images-idx3-ubyte`);
  const labels = readIdx(folder, `${split}-labels-idx1-ubyte`);
  if (!images && !labels) return undefined;
  if (!images || !labels) {
    const missing = `${split}-${images ? 'labels-idx1' : 'images-idx3'}-ubyte`;
    throw new Error(`${join(folder, missing)} is missing: pictures and labels are two files`);
  }
  const [size = 0, ...pictureShape] = images.shape;
  if (pictureShape.length < 2 || pictureShape.length > 3 || size === 0 || images.data.length === 0) {
    throw new Error(
      `${folder}: the ${split} pictures have shape [${images.shape}], not [size, height, width]`,
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== size) {
    throw new Error(`${folder}: ${size} ${split} pictures, and labels of shape [${labels.shape}]`);
  }
  const inputShape = pictureShape.length === 2 ? [...pictureShape, 1] : pictureShape;
  return padTo32({ inputs: images.data, inputShape, labels: Int32Array.from(labels.data), size });
}

function readIdx(folder: string, name: string): IdxArray | undefined {
  const path = [join(folder, name), join(folder, `${name}.gz`)].find((file) => existsSync(file));
  if (!path) return undefined;
  try {
    return parseIdx(readFileSync(path));
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Decodes an IDX file of unsigned bytes, packed by gzip or not (yann.lecun.com/exdb/mnist: two zeros, the type, the
 * number of axes, the axes as big-endian 32 bits, the numbers).
 *
 * @throws Error for any other format, and if the number of bytes is not exactly what its axes need
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // Only the header shows the size of the contents of a packed file.
  const { shape, start } = parseHeader(packed ? unpackStart(bytes) : bytes);
  const length = start + shape.reduce((product, n) => product * n, 1);
  if (length > MOST_BYTES) {
    throw new Error(`its header asks for ${length} bytes, shape [${shape}]: it is damaged`);
  }
  const all = packed ? unpack(bytes, length) : bytes;
  if (all.length !== length) {
    throw new Error(
      `its shape [${shape}] needs ${length} bytes, but it has ${all.length > length && packed ? 'more' : all.length}: ` +
        'it is cut off or damaged',
    );
  }
  return { shape, data: all.subarray(start) };
}

function parseHeader(bytes: Uint8Array): { shape: number[]; start: number } {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    throw new Error('it is not an IDX file: it does not begin with two zeros');
  }
  if (bytes[2] !== 0x08) {
    throw new Error(
      `its numbers are of type 0x${bytes[2]!.toString(16).padStart(2, '0')}: unsigned bytes, 0x08, are read`,
    );
  }
  const axes = bytes[3]!;
  const start = 4 + 4 * axes;
  if (axes === 0 || bytes.length < start)
    throw new Error(`it is cut off in its header of ${counted(axes, 'axis', 'axes')}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { shape: Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis)), start };
}

/** The first bytes of a packed file, enough for any header. */
function unpackStart(bytes: Uint8Array): Uint8Array {
  return asDamaged(() =>
    gunzipSync(bytes.subarray(0, 2 ** 16), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 27 }),
  );
}

/** Unpacks up to one byte too many, so that a file that is too long is noticed. */
function unpack(bytes: Uint8Array, length: number): Uint8Array {
  return asDamaged(() => gunzipSync(bytes, { maxOutputLength: length + 1 }));
}

function asDamaged<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'ERR_BUFFER_TOO_LARGE'
        ? 'more comes out of it than its header says: it is damaged'
        : `its packing is damaged (${message})`,
      { cause: error },
    );
  }
}

function classNamesOf(name: string, train: Examples, test: Examples | undefined): readonly string[] {
  const classes = [train, ...(test ? [test] : [])].reduce(
    (most, { labels }) => labels.reduce((max, label) => Math.max(max, label + 1), most),
    0,
  );
  if (/fashion/i.test(name) && classes === FASHION_CLASSES.length) return FASHION_CLASSES;
  return Array.from({ length: classes }, (_, label) => String(label));
}
