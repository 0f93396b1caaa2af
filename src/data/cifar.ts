/** CIFAR-10 and CIFAR-100 (Krizhevsky 2009), from their official binary archives. */
import { join } from 'node:path';
import { ANYTHING, assertGiven, type Kinds, TEXT } from '../given';
import type { Augmentation, Normalization } from './augment';
import type { Dataset, Examples } from './dataset';
import { readArchive } from './download/archive';
import { DOWNLOAD_KINDS, type DownloadOptions, download, type RemoteFile } from './download/download';
import { downloadsFolder } from './folders';
import {
  IMAGE_KINDS,
  type ImageDataset,
  type ImageOptions,
  type ImageSource,
  imageDataset,
} from './image-set';
import { MEGABYTES, showLoading } from './progress';

/** Options for the pictures and for their source. */
export interface CifarOptions extends ImageOptions, DownloadOptions {
  /** The folder of the archive. @default data/downloads in the project's folder, or ID_DOWNLOADS */
  readonly folder?: string;
  /** Another archive of the same form. @default the official one, from ID_CIFAR_SOURCE if that names a folder of a mirror */
  readonly source?: RemoteFile;
}

const CIFAR_KINDS: Kinds<CifarOptions> = {
  ...IMAGE_KINDS,
  ...DOWNLOAD_KINDS,
  folder: TEXT,
  source: ANYTHING,
};

interface Cifar {
  readonly name: 'cifar10' | 'cifar100';
  readonly title: string;
  readonly file: Omit<RemoteFile, 'url'> & { readonly name: string };
  /** Paths in the archive. */
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** The number of possible values of each byte before a picture; the last byte is the class. */
  readonly labels: readonly number[];
  /** The file with the names of the classes. */
  readonly classNames: string;
  readonly normalization: Normalization;
  readonly augmentation: Augmentation;
}

const OFFICIAL = 'https://www.cs.toronto.edu/~kriz';
const SIDE = 32;
const PIXELS = SIDE * SIDE;

/** The constants of config/exp/cifar10.yaml of the paper's public code. */
export const CIFAR10_NORMALIZATION: Normalization = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
};

/** The constants of config/exp/cifar100.yaml. */
export const CIFAR100_NORMALIZATION: Normalization = {
  mean: [0.5070751592371323, 0.48654887331495095, 0.4409178433670343],
  std: [0.2673342858792401, 0.2564384629170883, 0.27615047132568404],
};

const CIFAR10: Cifar = {
  name: 'cifar10',
  title: 'CIFAR-10',
  file: {
    name: 'cifar-10-binary.tar.gz',
    bytes: 170_052_171,
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  },
  train: [1, 2, 3, 4, 5].map((batch) => `cifar-10-batches-bin/data_batch_${batch}.bin`),
  test: ['cifar-10-batches-bin/test_batch.bin'],
  labels: [10],
  classNames: 'cifar-10-batches-bin/batches.meta.txt',
  normalization: CIFAR10_NORMALIZATION,
  augmentation: { cropPadding: 4, horizontalFlip: true },
};

const CIFAR100: Cifar = {
  name: 'cifar100',
  title: 'CIFAR-100',
  file: {
    name: 'cifar-100-binary.tar.gz',
    bytes: 168_513_733,
    sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
  },
  train: ['cifar-100-binary/train.bin'],
  test: ['cifar-100-binary/test.bin'],
  labels: [20, 100],
  classNames: 'cifar-100-binary/fine_label_names.txt',
  normalization: CIFAR100_NORMALIZATION,
  augmentation: { cropPadding: 4, horizontalFlip: true, rotation: 15 },
};

export const CIFAR10_IMAGES: ImageDataset<'cifar10', Record<never, never>> = {
  name: 'cifar10',
  summary: '60,000 colour pictures in 10 classes, 10,000 of them for validation; downloaded once, 170 MB',
  settings: {},
  load: (options) => cifar10(options),
};

export const CIFAR100_IMAGES: ImageDataset<'cifar100', Record<never, never>> = {
  name: 'cifar100',
  summary: '60,000 colour pictures in 100 classes, 10,000 of them for validation; downloaded once, 169 MB',
  settings: {},
  load: (options) => cifar100(options),
};

/** Limits for unpacking. The archives hold 184 MB; the six files of CIFAR-10 have 31 MB each, and the larger one of CIFAR-100 154 MB. */
const LIMITS = { fileBytes: 160_000_000, totalBytes: 200_000_000 };

/**
 * CIFAR-10: 50,000 pictures for training, and the 10,000 of the official test set for validation, 32 x 32 in three colours,
 * normalised and augmented as in the paper by default. It is downloaded once (170 MB).
 *
 * @throws Error that says how to get a file that cannot be downloaded, or what is wrong with one that cannot be read; RangeError
 *   for options that ImageOptions does not allow
 */
export function cifar10(options: CifarOptions = {}): Promise<Dataset> {
  return cifar(CIFAR10, options);
}

/** CIFAR-100 with its 100 fine classes; otherwise like {@link cifar10}. */
export function cifar100(options: CifarOptions = {}): Promise<Dataset> {
  return cifar(CIFAR100, options);
}

async function cifar(set: Cifar, options: CifarOptions): Promise<Dataset> {
  assertGiven(set.name, options, CIFAR_KINDS);
  const base = (process.env['ID_CIFAR_SOURCE'] ?? OFFICIAL).replace(/\/+$/, '');
  const file = options.source ?? { ...set.file, url: `${base}/${set.file.name}` };
  const path = join(options.folder ?? downloadsFolder(), set.file.name);
  const progress = showLoading(set.title, MEGABYTES);
  try {
    await download(file, path, { onProgress: progress.update, ...options });
  } finally {
    progress.stop();
  }
  return imageDataset(await readSource(set, path), options);
}

/** https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version" */
async function readSource(set: Cifar, path: string): Promise<ImageSource> {
  const files = await readArchive(path, [...set.train, ...set.test, set.classNames], LIMITS);
  try {
    const classNames = files
      .get(set.classNames)!
      .toString('utf8')
      .split('\n')
      .map((name) => name.trim())
      .filter(Boolean);
    const classes = set.labels.at(-1)!;
    if (classNames.length !== classes) {
      throw new Error(`${set.classNames} has ${classNames.length} names, not ${classes}`);
    }
    const { name, title, normalization, augmentation } = set;
    return {
      name,
      title,
      normalization,
      augmentation,
      classNames,
      train: decode(set, set.train, files),
      test: decode(set, set.test, files),
    };
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Records of labels and three planes, red, green and blue -> pictures [32, 32, 3] */
function decode({ labels: ranges }: Cifar, names: readonly string[], files: Map<string, Buffer>): Examples {
  const recordBytes = ranges.length + 3 * PIXELS;
  const counts = names.map((name) => files.get(name)!.length / recordBytes);
  const broken = counts.findIndex((count) => count === 0 || !Number.isInteger(count));
  if (broken >= 0) {
    throw new Error(
      `${names[broken]} has ${files.get(names[broken]!)!.length} bytes, which is not a whole number of records of ${recordBytes}`,
    );
  }
  const size = counts.reduce((sum, count) => sum + count, 0);
  const inputs = new Uint8Array(size * 3 * PIXELS);
  const labels = new Int32Array(size);
  let picture = 0;
  for (const name of names) {
    const bytes = files.get(name)!;
    for (let start = 0; start < bytes.length; start += recordBytes, picture++) {
      for (const [i, values] of ranges.entries()) {
        const label = bytes[start + i]!;
        if (label >= values) {
          throw new Error(
            `${name}, record ${start / recordBytes}: label ${label} is not one of 0 to ${values - 1}`,
          );
        }
        labels[picture] = label;
      }
      const red = start + ranges.length;
      for (let pixel = 0, to = picture * 3 * PIXELS; pixel < PIXELS; pixel++) {
        inputs[to++] = bytes[red + pixel]!;
        inputs[to++] = bytes[red + PIXELS + pixel]!;
        inputs[to++] = bytes[red + 2 * PIXELS + pixel]!;
      }
    }
    files.delete(name);
  }
  return { inputs, inputShape: [SIDE, SIDE, 3], labels, size };
}
