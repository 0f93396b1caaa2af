/** Inputs of a network from a file: one array, or several by name. */
import { existsSync, statSync } from 'node:fs';
import { openArrays } from '../../intrinsic-dimension/files/open-arrays';
import { readBox, type StoredArray } from '../../intrinsic-dimension/files/stored-array';
import { counted } from '../../number-format';
import { type InputSpec, type Numbers, specInWords } from './file-network';
import { openPictures, type PictureOptions } from './pictures';

/** Examples that are read a batch at a time. */
export interface InputFeed {
  readonly examples: number;
  readonly files: readonly string[];
  /** The examples from `start` on, by the names of the inputs. */
  batch(start: number, count: number): Promise<Readonly<Record<string, Numbers>>>;
  close(): void;
}

/**
 * Opens the inputs that a network takes: a folder of pictures, an array for its one input, or a file (.npz, .safetensors, .pt)
 * with an array for each input under its name. The first axis of every array counts the examples.
 *
 * @throws Error that names the input, what it takes, and what the file has
 */
export async function openInputs(
  path: string,
  specs: readonly InputSpec[],
  pictures: PictureOptions,
): Promise<InputFeed> {
  if (!existsSync(path)) throw new Error(`cannot read the inputs ${path}: there is no such file or folder`);
  if (statSync(path).isDirectory()) return openPictures(path, specs, pictures);
  const unused = Object.entries(pictures).find(([name, value]) => name !== 'onNote' && value !== undefined);
  if (unused)
    throw new Error(`${unused[0]} is for a folder of pictures, and ${path} is a file: leave it out`);
  const content = await openArrays(path);
  try {
    for (const note of content.notes) pictures.onNote?.(`${path}: ${note}`);
    const arrays = byInput(path, content.arrays, specs);
    const examples = examplesOf(path, arrays);
    return {
      examples,
      files: [path],
      batch: async (start, count) =>
        Object.fromEntries(arrays.map(({ spec, array }) => [spec.name, read(array, start, count)])),
      close: content.close,
    };
  } catch (error) {
    content.close();
    throw error;
  }
}

interface Fed {
  readonly spec: InputSpec;
  readonly array: StoredArray;
}

function byInput(path: string, arrays: readonly StoredArray[], specs: readonly InputSpec[]): Fed[] {
  const wanted = specs.map((spec) => `'${spec.name}' ${specInWords(spec)}`).join(', ');
  const given = arrays.map(({ name, shape }) => `${name === '' ? 'an array' : `'${name}'`} [${shape}]`);
  const fail = (what: string): Error =>
    new Error(`${path} ${what}: the network takes ${wanted}; the file has ${given.join(', ')}`);
  const [only] = arrays;
  const fed =
    specs.length === 1 && arrays.length === 1
      ? [{ spec: specs[0]!, array: only! }]
      : specs.map((spec) => {
          const array = arrays.find(({ name }) => name === spec.name);
          if (!array) throw fail(`has no array for the input '${spec.name}'`);
          return { spec, array };
        });
  const used = new Set(fed.map(({ array }) => array));
  const unused = arrays.find((array) => !used.has(array));
  if (unused) throw fail(`has an array '${unused.name}' that is no input`);
  for (const { spec, array } of fed) {
    const { shape } = array;
    const fits =
      shape.length === spec.shape.length &&
      spec.shape.every((size, axis) => axis === 0 || size === null || size === shape[axis]);
    if (!fits) throw fail(`has another shape than the input '${spec.name}'`);
  }
  return fed;
}

function examplesOf(path: string, fed: readonly Fed[]): number {
  const sizes = fed.map(({ array }) => array.shape[0] ?? 0);
  const [examples = 0] = sizes;
  const other = sizes.findIndex((size) => size !== examples);
  if (other >= 0)
    throw new Error(
      `${path} has ${counted(examples, 'example')} for '${fed[0]!.spec.name}' and ${sizes[other]} for '${fed[other]!.spec.name}'`,
    );
  if (examples === 0) throw new Error(`${path} has no examples`);
  return examples;
}

function read(array: StoredArray, start: number, count: number): Numbers {
  const shape = [count, ...array.shape.slice(1)];
  const from = shape.map((_, axis) => (axis === 0 ? start : 0));
  const order = shape.map((_, axis) => axis);
  return { data: readBox(array, { from, count: shape }, order), shape };
}
