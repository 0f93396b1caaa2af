/** Files and folders of saved activations as layers, from input to output. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ARRAY_EXTENSIONS, openArrays } from '../../intrinsic-dimension/files/open-arrays';
import { readBox, type StoredArray, type StoredArrays } from '../../intrinsic-dimension/files/stored-array';
import type { PointsOnDemand } from '../../intrinsic-dimension/points/points';
import { nearest } from '../../nearest';
import { type Axes, axesNamed, axesOf } from './axes';
import { savedPoints } from './saved-points';
import { type Selection, selectTokens, type TokenMask, type TokenRule } from './tokens';

/** How saved activations are read. */
export interface SavedOptions {
  /**
   * A letter for each axis: L layers, N examples, T tokens, D features. Several T or D are taken together: NDDD flattens
   * the channels and places of a convolution, and NDTT takes each place for a token. Texts for arrays of different rank
   * are separated by commas. @default found from the shapes, where they leave one reading
   */
  readonly axes?: string;
  /** Which tokens become points. @default 'last' */
  readonly tokens?: TokenRule;
  /** A file [examples, tokens] that has 0 where a token is padding; `file:name` for one of several arrays. */
  readonly mask?: string;
  /** Seed of the tokens that a sample draws. @default 0 */
  readonly tokenSeed?: number;
  /** Names of layers with * for any text, in the order that is wanted. @default all */
  readonly sites?: readonly string[];
  /** Told what was found out about the files. @default nobody */
  readonly onNote?: (note: string) => void;
}

/** One layer. */
export interface SavedLayer {
  readonly site: string;
  /** The shape of one point before it is flattened: the axes of features. */
  readonly shape: readonly number[];
  readonly points: (memory: number) => PointsOnDemand;
}

/** Layers whose files are open. */
export interface SavedLayers {
  readonly layers: readonly SavedLayer[];
  /** Files that the layers and the mask come from. */
  readonly files: readonly string[];
  close(): void;
}

/** In the order of the numbers within names: layer_2 before layer_10. */
const NATURAL = new Intl.Collator('en', { numeric: true });

/**
 * Opens files, and folders of files, of saved activations.
 *
 * @throws Error that names the file and what is wrong with it
 */
export async function openLayers(paths: readonly string[], options: SavedOptions = {}): Promise<SavedLayers> {
  const { mask: maskPath, onNote = () => {} } = options;
  const files = inOrder(paths).flatMap(filesIn);
  const opened: { readonly file: string; readonly content: StoredArrays }[] = [];
  const close = (): void => {
    for (const { content } of opened) content.close();
  };
  try {
    for (const file of files) {
      const content = await openArrays(file);
      opened.push({ file, content });
      for (const note of content.notes) onNote(`${file}: ${note}`);
    }
    const mask = maskPath === undefined ? undefined : await readMask(maskPath);
    const arrays = namedArrays(opened, mask, onNote);
    const layers = chosen(layersOf(arrays, options, mask, onNote), options.sites);
    return { layers, files: [...files, ...(mask ? [mask.file] : [])], close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A shell puts layer_10 before layer_2: what comes in alphabetical order is put into natural order. */
export function inOrder(paths: readonly string[]): readonly string[] {
  const alphabetical = [...paths].sort();
  return paths.every((path, i) => path === alphabetical[i]) ? [...paths].sort(NATURAL.compare) : paths;
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) throw new Error(`cannot read ${path}: there is no such file or folder`);
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path)
    .filter((name) => ARRAY_EXTENSIONS.includes(extname(name).toLowerCase()))
    .sort(NATURAL.compare)
    .map((name) => join(path, name));
  if (files.length > 0) return files;
  throw new Error(`the folder ${path} has no ${ARRAY_EXTENSIONS.join(', ')} file: name the folder that has`);
}

interface Mask extends TokenMask {
  readonly file: string;
  readonly key?: string;
}

async function readMask(path: string): Promise<Mask> {
  const colon = path.lastIndexOf(':');
  const keyed = !existsSync(path) && colon > 0;
  const file = keyed ? path.slice(0, colon) : path;
  const key = keyed ? path.slice(colon + 1) : undefined;
  const content = await openArrays(file);
  try {
    const found = content.arrays.filter(({ name }) => key === undefined || name === key);
    if (found.length !== 1) {
      const names = content.arrays.map(({ name }) => name).join(', ');
      throw new Error(`the mask ${file} has the arrays ${names}: choose one as ${file}:NAME`);
    }
    const { shape } = found[0]!;
    const order = shape.map((_, axis) => axis);
    const numbers = readBox(found[0]!, { from: shape.map(() => 0), count: shape }, order);
    return {
      file,
      shape,
      valid: Uint8Array.from(numbers, (value) => (value === 0 ? 0 : 1)),
      ...(key === undefined ? {} : { key }),
    };
  } finally {
    content.close();
  }
}

interface NamedArray {
  readonly site: string;
  readonly file: string;
  readonly array: StoredArray;
}

/** One array a file is named after the file, one of several by its own name. */
function namedArrays(
  opened: readonly { readonly file: string; readonly content: StoredArrays }[],
  mask: Mask | undefined,
  onNote: (note: string) => void,
): NamedArray[] {
  const isMask = (file: string, { name }: StoredArray): boolean =>
    file === mask?.file && (mask.key === undefined || mask.key === name);
  const parts = opened.map(({ file, content }) => ({
    file,
    ordered: content.ordered,
    arrays: content.arrays.filter((array) => {
      if (isMask(file, array)) return false;
      if (array.shape.length >= 2) return true;
      onNote(`${file}: '${array.name}' of shape [${array.shape}] is left out: layers have two axes or more`);
      return false;
    }),
  }));
  const names = parts.flatMap(({ arrays }) => arrays.map(({ name }) => name));
  const unique = new Set(names).size === names.length;
  const all = parts.flatMap(({ file, arrays }) => {
    const stem = basename(file, extname(file));
    return arrays.map((array) => {
      const own = array.name === '' || (!unique && arrays.length === 1) ? stem : array.name;
      return { site: unique || own === stem ? own : `${stem}/${own}`, file, array };
    });
  });
  if (all.length === 0) throw new Error('there are no arrays of two axes or more in these files');
  for (const [i, { site, file }] of all.entries()) {
    const other = all.findIndex((one) => one.site === site);
    if (other < i) {
      throw new Error(
        `two layers are called '${site}', in ${all[other]!.file} and ${file}: rename one, or compare the files as runs`,
      );
    }
  }
  // safetensors keeps no order of its tensors, and shards divide them anyhow.
  if (parts.every(({ ordered }) => !ordered)) all.sort((a, b) => NATURAL.compare(a.site, b.site));
  return all;
}

function layersOf(
  arrays: readonly NamedArray[],
  { axes: said, tokens, tokenSeed = 0 }: SavedOptions,
  mask: Mask | undefined,
  onNote: (note: string) => void,
): SavedLayer[] {
  const firstAxes = new Set(arrays.map(({ array }) => array.shape[0]));
  const evidence = {
    shared: arrays.length > 1 && firstAxes.size === 1,
    tokens: tokens !== undefined || mask !== undefined,
    ...(said === undefined ? {} : { axes: said }),
  };
  const told = new Set<string>();
  const tell = (note: string): void => {
    if (!told.has(note)) onNote(note);
    told.add(note);
  };
  /** The same tokens of every layer. */
  const selections = new Map<string, Selection>();
  return arrays.flatMap(({ site, file, array }) => {
    const { shape } = array;
    try {
      const axes = axesOf(shape, evidence);
      const sizes = (letter: 'L' | 'N' | 'T' | 'D'): number =>
        axesNamed(axes, letter).reduce((size, axis) => size * shape[axis]!, 1);
      const key = `${sizes('N')} ${sizes('T')}`;
      const hasTokens = axes.text.includes('T');
      if (mask && !hasTokens)
        throw new RangeError(`its axes are ${axes.text}, without tokens: leave out --mask`);
      const selection =
        selections.get(key) ??
        selectTokens(sizes('N'), sizes('T'), hasTokens ? (tokens ?? 'last') : 'first', mask, tokenSeed);
      selections.set(key, selection);
      tell(
        `[${shape}] is ${inWords(axes, shape)}${axes.why === undefined ? '' : ` (${axes.why}; --axes says otherwise)`}`,
      );
      if (hasTokens)
        tell(`points: ${selection.note}${tokens === undefined ? ' (--tokens chooses others)' : ''}`);
      return Array.from({ length: sizes('L') }, (_, layer) => ({
        site: axes.text.includes('L') ? (arrays.length === 1 ? `${layer}` : `${site}.${layer}`) : site,
        shape: axesNamed(axes, 'D').map((axis) => shape[axis]!),
        points: (memory: number) => {
          try {
            return savedPoints(array, axes, layer, selection, memory);
          } catch (error) {
            throw unreadable(file, array, error);
          }
        },
      }));
    } catch (error) {
      throw unreadable(file, array, error);
    }
  });
}

function unreadable(file: string, { name }: StoredArray, error: unknown): RangeError {
  return new RangeError(
    `cannot read ${file}: ${name === '' ? '' : `'${name}': `}${(error as Error).message}`,
  );
}

const MEANINGS = { L: 'layers', N: 'examples', T: 'tokens', D: 'features' } as const;

function inWords(axes: Axes, shape: readonly number[]): string {
  const parts = [...axes.text].map(
    (letter, axis) => `${shape[axis]} ${MEANINGS[letter as keyof typeof MEANINGS]}`,
  );
  return `${axes.text}: ${parts.join(', ')}`;
}

function chosen(layers: readonly SavedLayer[], wanted: readonly string[] | undefined): readonly SavedLayer[] {
  if (wanted === undefined) return layers;
  const found = wanted.flatMap((glob) => {
    const pattern = new RegExp(`^${glob.split('*').map(literal).join('.*')}$`);
    const matching = layers.filter(({ site }) => pattern.test(site));
    if (matching.length > 0) return matching;
    const names = layers.map(({ site }) => site);
    const listed = names.slice(0, 12).join(', ') + (names.length > 12 ? ', ...' : '');
    throw new RangeError(
      `no layer is called '${glob}': did you mean '${nearest(glob, names)}'? There are ${listed}`,
    );
  });
  return [...new Set(found)];
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
