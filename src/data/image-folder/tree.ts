/** The files of an image folder: `train/CLASS/*.png` and `test/CLASS/*.png`, as in torchvision and Keras. */
import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join, relative } from 'node:path';

/** One picture. */
export interface PictureFile {
  readonly path: string;
  /** The number of its class. */
  readonly label: number;
  readonly bytes: number;
  /** The time of its last change, in milliseconds since 1970. */
  readonly changed: number;
}

/** The pictures of a folder, class by class, each class in the order of its file names. */
export interface PictureTree {
  /** Names of the folders in `train`, sorted. */
  readonly classNames: readonly string[];
  readonly train: readonly PictureFile[];
  /** The pictures for validation; undefined if there are only pictures for training. */
  readonly test?: readonly PictureFile[];
  /** Files that are not pictures. */
  readonly others: readonly string[];
}

/** The possible names of the folder with the pictures for validation. */
const TEST_FOLDERS = ['test', 'validation', 'val'];
const PICTURES = ['.png', '.jpg', '.jpeg'];
const OTHER_PICTURES = ['.bmp', '.gif', '.webp', '.tif', '.tiff', '.ppm', '.pgm', '.avif', '.heic'];

/**
 * Lists the pictures of a folder. Files and folders whose names begin with a dot are skipped.
 *
 * @throws Error that names the folder or the file that is missing, empty, in another format, or present twice
 */
export function readTree(folder: string): PictureTree {
  const layout = `put pictures into ${join(folder, 'train', 'CLASS')} and ${join(folder, 'test', 'CLASS')}, as .png, .jpg or .jpeg`;
  if (!isFolder(folder)) throw new Error(`there is no folder ${folder}: ${layout}`);
  if (!isFolder(join(folder, 'train')))
    throw new Error(`there is no folder ${join(folder, 'train')}: ${layout}`);
  const tests = TEST_FOLDERS.filter((name) => isFolder(join(folder, name)));
  if (tests.length > 1)
    throw new Error(
      `${folder} has the folders ${tests.join(' and ')}, but only one of them can be used for validation: move the other`,
    );
  const others: string[] = [];
  const splits = ['train', ...tests].map((name) => join(folder, name));
  const [classNames = [], ...rest] = splits.map((split) => classesOf(split, others));
  for (const [i, found] of [classNames, ...rest].entries()) checkClasses(splits[i]!, found, classNames);
  const [train = [], test] = splits.map((split) =>
    classNames.flatMap((name, label) => picturesOf(join(split, name), label, others)),
  );
  return { classNames, train, ...(test ? { test } : {}), others };
}

/** The names of the folders in a split, in the order of their character codes, as in Python. */
function classesOf(split: string, others: string[]): string[] {
  const entries = entriesOf(split);
  others.push(...entries.filter(({ isFolder }) => !isFolder).map(({ path }) => path));
  return entries.filter((entry) => entry.isFolder).map(({ name }) => name);
}

function checkClasses(split: string, found: readonly string[], trained: readonly string[]): void {
  if (found.length < 2)
    throw new Error(
      `${split} has ${found.length} class folders, but at least 2 are needed: give each class its own folder`,
    );
  const missing = trained.find((name) => !found.includes(name));
  const unknown = found.find((name) => !trained.includes(name));
  if (missing !== undefined) throw new Error(`${split} has no folder '${missing}', which train has: add it`);
  if (unknown !== undefined)
    throw new Error(
      `${join(split, unknown)} is of a class that train does not have: add it there, or remove it here`,
    );
  const twice = firstClash(found, (name) => name.normalize('NFC').toLowerCase());
  if (twice)
    throw new Error(`${split} has the classes '${twice[0]}' and '${twice[1]}': rename or merge them`);
}

/** The pictures of one class, including those in subfolders. */
function picturesOf(place: string, label: number, others: string[]): PictureFile[] {
  const pictures: PictureFile[] = [];
  const visit = (folder: string, parents: readonly string[]): void => {
    const real = realpathSync(folder);
    if (parents.includes(real))
      throw new Error(`${folder} is a link to a folder that contains it: remove it`);
    for (const { path, isFolder, bytes, changed } of entriesOf(folder)) {
      if (isFolder) visit(path, [...parents, real]);
      else if (PICTURES.includes(extname(path).toLowerCase())) pictures.push({ path, label, bytes, changed });
      else if (OTHER_PICTURES.includes(extname(path).toLowerCase()))
        throw new Error(`${path} is neither a PNG nor a JPEG file: convert it, or move it away`);
      else others.push(path);
    }
  };
  visit(place, []);
  if (pictures.length === 0)
    throw new Error(`${place} has no pictures: add .png, .jpg or .jpeg files, or remove it`);
  const stem = ({ path }: PictureFile): string => path.slice(0, -extname(path).length);
  const twice = firstClash(pictures, stem);
  if (twice)
    throw new Error(
      `${twice[0].path} and ${relative(place, twice[1].path)} have the same name: rename or remove one`,
    );
  return pictures;
}

interface Entry {
  readonly path: string;
  readonly name: string;
  readonly isFolder: boolean;
  readonly bytes: number;
  readonly changed: number;
}

/** The contents of a folder, with links followed, sorted by name. */
function entriesOf(folder: string): Entry[] {
  const named = ({ name }: Dirent): boolean => !name.startsWith('.');
  return readdirSync(folder, { withFileTypes: true })
    .filter(named)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name }) => {
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (!found) throw new Error(`${path} is a link to nothing: remove it`);
      return { path, name, isFolder: found.isDirectory(), bytes: found.size, changed: found.mtimeMs };
    });
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** The first two items with the same key. */
function firstClash<T>(items: readonly T[], key: (item: T) => string): readonly [T, T] | undefined {
  const seen = new Map<string, T>();
  for (const item of items) {
    const other = seen.get(key(item));
    if (other !== undefined) return [other, item];
    seen.set(key(item), item);
  }
  return undefined;
}
