/** Points from a file that was dropped on the page. */
import { formatOf } from '../../src/intrinsic-dimension/files/format';
import { openInput } from '../../src/intrinsic-dimension/files/input';
import { arraysOf } from '../../src/intrinsic-dimension/files/open-arrays';
import { type PointsFile, readPoints } from '../../src/intrinsic-dimension/files/points-file';
import { mulberry32 } from '../../src/random';
import { dropFile, putFile } from '../browser/node-fs';

/** The arrays from which one must be chosen. */
export interface Choice {
  readonly arrays: readonly { readonly name: string; readonly shape: string }[];
}

/** The most points that are measured; twice as many take four times as long. */
const MOST = 20_000;

/**
 * Reads a file by its name and first bytes, as the command line does.
 *
 * @param wanted the name of the array, if the file holds several
 * @throws Error that says what is wrong with the file
 */
export async function pointsOf(
  name: string,
  bytes: Uint8Array,
  wanted?: string,
): Promise<PointsFile | Choice> {
  putFile(name, bytes);
  try {
    const arrays = wanted === undefined ? await matricesIn(name) : [];
    if (arrays.length > 1) return { arrays };
    const key = wanted ?? arrays[0]?.name;
    return some(
      await readPoints(name, {
        ...(key ? { key } : {}),
        ...(arrays.length > 0 || wanted ? { flatten: true } : {}),
      }),
    );
  } finally {
    dropFile(name);
  }
}

/** The arrays of a file that may hold points; none if it is text, or if it cannot be read, which is reported later. */
async function matricesIn(name: string): Promise<Choice['arrays']> {
  const source = await openInput(name);
  try {
    const { format } = formatOf(name, source);
    if (format === 'csv') return [];
    const { arrays } = await arraysOf(source, format);
    return arrays
      .filter(({ shape }) => shape.length >= 2)
      .map(({ name: array, shape }) => ({ name: array, shape: `[${shape.join(', ')}]` }));
  } catch {
    return [];
  } finally {
    source.close();
  }
}

/** All points, or a random sample if there are many. */
function some({ data, shape: [n, d], notes }: PointsFile): PointsFile {
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
