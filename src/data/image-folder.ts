/** A data set of the user's own pictures: a folder for each class, as torchvision's ImageFolder and Keras read them. */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { assertGiven, NUMBER } from '../given';
import { count, type OptionalSetting } from '../setting';
import type { Dataset, Examples } from './dataset';
import { FOLDER } from './folder-setting';
import { folderOfProject } from './folders';
import { cachePath, type Decoded, readCache, writeCache } from './image-folder/cache';
import { commonShape, decodePictures } from './image-folder/decode';
import { type PictureFile, type PictureTree, readTree } from './image-folder/tree';
import { IMAGE_KINDS, type ImageDataset, type ImageOptions, imageDataset } from './image-set';
import { padTo32 } from './pad';
import { PICTURES, showLoading } from './progress';

/** Options for the pictures, and their size. */
export interface ImageFolderOptions extends ImageOptions {
  /** Side of the square to which every picture is resized. @default no resizing; all pictures must have the same size */
  readonly imageSize?: number;
}

const SETTINGS: { readonly folder: OptionalSetting<string>; readonly imageSize: OptionalSetting<number> } = {
  folder: FOLDER,
  imageSize: count({
    absent: 'no picture is resized',
    description: 'side of the square, in pixels, to which the data set folder resizes every picture',
  }),
};

export const IMAGE_FOLDER: ImageDataset<'folder', typeof SETTINGS> = {
  name: 'folder',
  summary: 'your own pictures: train/CLASS/*.png (or .jpg) and test/CLASS/*.png in folder=PATH',
  settings: SETTINGS,
  check: ({ folder }, refuse) => {
    if (folder === undefined) refuse('folder', 'is not allowed with dataset=folder: give folder=PATH');
  },
  load: (options, { folder, imageSize }) =>
    imageFolder(folderOfProject(folder!), imageSize === undefined ? options : { ...options, imageSize }),
};

/**
 * Pictures (.png, .jpg or .jpeg) from `train/CLASS/*` of a folder and, for validation, from `test/CLASS/*` (or `validation`, or
 * `val`). Without a folder for validation, some of the pictures in `train` are used for it. Classes are numbered in the order of
 * their names. Pictures smaller than 32 x 32 get a black border. The pictures are decoded once; the result is kept in `decoded`
 * beside the downloaded data sets, and made again if a file of the folder has changed.
 *
 * @param folder a relative path starts from the working folder, which is a notebook's own
 * @throws Error that names the file or folder that is missing, empty, damaged or of another size; RangeError for options
 *   that ImageOptions does not allow
 */
export async function imageFolder(folder: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  assertGiven('imageFolder', options, { ...IMAGE_KINDS, imageSize: NUMBER });
  const place = resolve(folder);
  const tree = readTree(place);
  const { imageSize, ...choices } = options;
  const { shape, pixels } = await decoded(place, tree, imageSize);
  const name = basename(place);
  const [, ...inputShape] = shape;
  const pictureBytes = inputShape.reduce((product, n) => product * n, 1);
  const examples = (files: readonly PictureFile[], first: number): Examples =>
    padTo32({
      inputs: pixels.subarray(first * pictureBytes, (first + files.length) * pictureBytes),
      inputShape,
      labels: Int32Array.from(files, ({ label }) => label),
      size: files.length,
    });
  const { train, test, classNames } = tree;
  return imageDataset(
    {
      name,
      title: name,
      classNames,
      train: examples(train, 0),
      ...(test ? { test: examples(test, train.length) } : {}),
    },
    choices,
  );
}

/** Fewer pictures are decoded within a second or two, too fast for a progress bar. */
const FEW = 1000;

/** The decoded pictures of a tree, with those for training first, from the cache if possible. */
async function decoded(place: string, tree: PictureTree, imageSize: number | undefined): Promise<Decoded> {
  const files = [...tree.train, ...(tree.test ?? [])];
  const path = cachePath(place, imageSize);
  const state = stateOf(files);
  const kept = readCache(path, state);
  if (kept) return kept;
  for (const note of notesOn(tree)) process.stderr.write(`${place}: ${note}\n`);
  const { grey, ...picture } = await commonShape(files, imageSize);
  if (grey > 0 && grey < files.length)
    process.stderr.write(`${place}: grey pictures are read as colour pictures: ${grey} of ${files.length}\n`);
  const { height, width, channels } = picture;
  const shape = [files.length, height, width, channels];
  checkMemory(place, shape);
  const progress = showLoading(`decoding ${basename(place)}`, PICTURES);
  const follow = files.length < FEW ? () => {} : (done: number) => progress.update(done, files.length);
  try {
    const pixels = await decodePictures(files, picture, follow);
    keep(path, state, { shape, pixels });
    return { shape, pixels };
  } finally {
    progress.stop();
  }
}

/** Stores the pictures in the cache; if there is no room, they will be decoded again next time. */
function keep(path: string, state: string, pictures: Decoded): void {
  try {
    writeCache(path, state, pictures);
  } catch (error) {
    process.stderr.write(
      `the decoded pictures cannot be kept in ${path}, so the next run decodes them again: ${(error as Error).message}\n`,
    );
  }
}

function notesOn({ others, test }: PictureTree): string[] {
  return [
    ...(others.length > 0
      ? [
          others.length === 1
            ? `${others[0]} is not a picture and is not read`
            : `${others.length} files are not pictures and are not read: ${others[0]} ...`,
        ]
      : []),
    ...(test ? [] : ['there is no folder test, so some of the pictures in train are used for validation']),
  ];
}

/** The limit of bytes in one file of the cache, since larger files cannot be read. */
const MOST_BYTES = 2 ** 31;

function checkMemory(place: string, shape: readonly number[]): void {
  const bytes = shape.reduce((product, n) => product * n, 1);
  if (bytes < MOST_BYTES) return;
  const [pictures, height, width] = shape;
  throw new RangeError(
    `the ${pictures} pictures of ${place} take ${(bytes / 1e9).toFixed(1)} GB at ${width} x ${height} pixels, and ` +
      `at most ${(MOST_BYTES / 1e9).toFixed(1)} GB can be loaded: give a smaller imageSize, or fewer pictures`,
  );
}

/** Changes whenever a file is added, removed, renamed or written. */
function stateOf(files: readonly PictureFile[]): string {
  const hash = createHash('sha256');
  for (const { path, label, bytes, changed } of files)
    hash.update(`${path}\t${label}\t${bytes}\t${changed}\n`);
  return hash.digest('hex');
}
