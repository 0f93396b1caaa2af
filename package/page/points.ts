/** Points from a file that was dropped on the page. */
import { openArrays } from '../../src/intrinsic-dimension/files/open-arrays';
import { readPoints } from '../../src/intrinsic-dimension/files/points-file';
import { readBox, type StoredArray } from '../../src/intrinsic-dimension/files/stored-array';
import { mulberry32 } from '../../src/random';
import { dropFile, putFile } from '../browser/node-fs';

/** Points [n, d] and what was done to them. */
export interface PagePoints {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [number, number];
  readonly notes: readonly string[];
}

/** Arrays among which one has to be chosen. */
export interface Choice {
  readonly arrays: readonly { readonly name: string; readonly shape: string }[];
}

/** Points that are looked at: twice as many take four times as long. */
const MOST = 20_000;

/**
 * Reads a file by its name and first bytes, as the command line does.
 *
 * @param wanted the name of the array, where the file holds several
 * @throws Error that says what is wrong with the file
 */
export async function pointsOf(
  name: string,
  bytes: Uint8Array,
  wanted?: string,
): Promise<PagePoints | Choice> {
  putFile(name, bytes);
  try {
    return isText(name, bytes) ? some(await table(name)) : await array(name, wanted);
  } finally {
    dropFile(name);
  }
}

/** Text has no byte that is 0, and the names of binary files end in what they are. */
function isText(name: string, bytes: Uint8Array): boolean {
  return !/\.(npy|npz|safetensors|pt|pth|bin)$/i.test(name) && !bytes.subarray(0, 1024).includes(0);
}

async function table(name: string): Promise<PagePoints> {
  const { data, shape, note } = await readPoints(name, { format: 'csv' });
  return { data, shape, notes: note === undefined ? [] : [note] };
}

async function array(name: string, wanted: string | undefined): Promise<PagePoints | Choice> {
  const opened = await openArrays(name);
  try {
    const matrices = opened.arrays.filter(({ shape }) => shape.length >= 2);
    const found = wanted === undefined ? matrices : matrices.filter((each) => each.name === wanted);
    if (found.length > 1)
      return { arrays: found.map((each) => ({ name: each.name, shape: `[${each.shape.join(', ')}]` })) };
    const [chosen] = found;
    if (!chosen) {
      const shapes = opened.arrays.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
      throw new Error(
        `${name} has no array of points [points, dimensions]; its arrays have the shapes ${shapes}`,
      );
    }
    return some(read(chosen, opened.notes));
  } finally {
    opened.close();
  }
}

function read(chosen: StoredArray, notes: readonly string[]): PagePoints {
  const { shape } = chosen;
  const axes = shape.map((_, axis) => axis);
  const data = readBox(chosen, { from: shape.map(() => 0), count: shape }, axes);
  const n = shape[0]!;
  const d = shape.slice(1).reduce((product, size) => product * size, 1);
  const flattened = `Its shape is [${shape.join(', ')}]; it is read as ${n} points of ${d} numbers.`;
  return { data, shape: [n, d], notes: [...notes, ...(shape.length > 2 ? [flattened] : [])] };
}

/** All points, or some drawn at random where there are many. */
function some({ data, shape: [n, d], notes }: PagePoints): PagePoints {
  if (n <= MOST) return { data, shape: [n, d], notes };
  const random = mulberry32(0);
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  const drawn = new (data.constructor as Float64ArrayConstructor)(MOST * d);
  for (let i = 0; i < MOST; i++) {
    const j = i + Math.floor(random() * (n - i));
    [rows[i], rows[j]] = [rows[j]!, rows[i]!];
    drawn.set(data.subarray(rows[i]! * d, (rows[i]! + 1) * d), i * d);
  }
  const words = [MOST, n].map((count) => count.toLocaleString('en'));
  return {
    data: drawn,
    shape: [MOST, d],
    notes: [
      ...notes,
      `${words[0]} of the ${words[1]} points were drawn at random (seed 0). The command line takes all.`,
    ],
  };
}
