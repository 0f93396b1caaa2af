/** Files and folders of saved activations as layers, from input to output. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ANYTHING, CALLBACK, type Kinds, NAMES, SEED, TEXT } from '../../given';
import { ARRAY_EXTENSIONS, openArrays } from '../../intrinsic-dimension/files/open-arrays';
import type { StoredArray, StoredArrays } from '../../intrinsic-dimension/files/stored-array';
import type { PointsOnDemand } from '../../intrinsic-dimension/points/points';
import { NATURAL } from '../../natural-order';
import { ACTIVATION_MEMORY } from '../activations';
import { chooseSites } from '../choose-sites';
import type { Layer, Layers } from '../layers';
import { type Axes, axesNamed, axesOf } from './axes';
import { type Mask, readMask } from './mask';
import { savedPoints } from './saved-points';
import { type Selection, selectTokens, type TokenRule } from './tokens';

/** Options of reading saved activations. */
export interface SavedOptions {
  /**
   * A letter for each axis: L layers, N examples, T tokens, D features. Several T or D are combined: NDDD flattens the channels
   * and places of a convolution, and NDTT treats each place as a token. Texts for arrays of different rank are separated by
   * commas. @default from the shapes, if they can be read in one way only
   */
  readonly axes?: string;
  /** The tokens that become points. @default 'last' */
  readonly tokens?: TokenRule;
  /** A file [examples, tokens] with 0 for padding tokens; `file:name` chooses one of several arrays. */
  readonly mask?: string;
  /** Seed of a random sample of tokens. @default 0 */
  readonly tokenSeed?: number;
  /** Names of layers, in which * stands for any text, in the order wanted. @default all */
  readonly sites?: readonly string[];
  /** Called with notes on the files. @default no notes */
  readonly onNote?: (note: string) => void;
}

/** How saved activations can be read. */
export const SAVED_KINDS: Kinds<SavedOptions> = {
  axes: TEXT,
  tokens: ANYTHING,
  mask: TEXT,
  tokenSeed: SEED,
  sites: NAMES,
  onNote: CALLBACK,
};

/** One layer. */
export interface SavedLayer extends Layer {
  readonly points: (memory: number) => PointsOnDemand;
}

/** Layers whose files are open. */
export interface SavedLayers extends Layers {
  readonly layers: readonly SavedLayer[];
}

/**
 * Opens files, and folders of files, of saved activations.
 *
 * @throws Error that names the file and what is wrong with it
 */
export async function openSavedLayers(
  paths: readonly string[],
  options: SavedOptions = {},
): Promise<SavedLayers> {
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
    const layers = chooseSites(layersOf(arrays, options, mask, onNote), options.sites);
    return {
      layers,
      files: [...files, ...(mask ? [mask.file] : [])],
      collect: async function* (sites, { memory = ACTIVATION_MEMORY, signal } = {}) {
        for (const layer of layers) {
          // Signals and progress bars can proceed between small layers, too.
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          if (sites.includes(layer.site)) yield { site: layer.site, points: layer.points(memory) };
        }
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Puts paths in alphabetical order into natural order, since a shell lists layer_10 before layer_2. */
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
  throw new Error(
    `the folder ${path} has no ${ARRAY_EXTENSIONS.join(', ')} file: name a folder that has one`,
  );
}

interface NamedArray {
  readonly site: string;
  readonly file: string;
  readonly array: StoredArray;
}

/** The names of arrays: that of the file, if it holds one array, and else the array's own name. */
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
      onNote(`${file}: '${array.name}' of shape [${array.shape}] is left out: layers need at least two axes`);
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
  if (all.length === 0) throw new Error('there are no arrays with at least two axes in these files');
  for (const [i, { site, file }] of all.entries()) {
    const other = all.findIndex((one) => one.site === site);
    if (other < i) {
      throw new Error(
        `two layers are called '${site}', in ${all[other]!.file} and ${file}: rename one, or compare the files as runs`,
      );
    }
  }
  // safetensors does not keep the order of tensors, and shards divide them arbitrarily.
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
  /** The selections, so that the same tokens are used for every layer. */
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
        throw new RangeError(`its axes are ${axes.text}, without tokens: leave --mask out`);
      const selection =
        selections.get(key) ??
        selectTokens(sizes('N'), sizes('T'), hasTokens ? (tokens ?? 'last') : 'first', mask, tokenSeed);
      selections.set(key, selection);
      tell(
        `[${shape}] is ${inWords(axes, shape)}${axes.why === undefined ? '' : ` (${axes.why}; --axes overrides this)`}`,
      );
      if (hasTokens)
        tell(`points: ${selection.note}${tokens === undefined ? ' (--tokens chooses others)' : ''}`);
      return Array.from({ length: sizes('L') }, (_, layer) => ({
        site: axes.text.includes('L') ? (arrays.length === 1 ? `${layer}` : `${site}.${layer}`) : site,
        shape: axesNamed(axes, 'D').map((axis) => shape[axis]!),
        selection,
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
