/** The points that a report uses: a sample of a large set, without copies and near copies, in the order of their rows. */
import { mulberry32, streamSeed } from '../../random';
import { subset } from '../estimators/pointwise/neighbourhood';
import { type Coordinates, type Points, type Rows, readRows } from '../points/points';
import { type Space, type SpaceOptions, space } from '../points/space';
import type { NeighbourTable } from '../search/neighbour-table';
import type { SearchOptions } from '../search/neighbours';
import { type NearDuplicates, nearDuplicates } from './warnings/near-duplicates';
import { withTable } from './with-table';

/** The number of neighbours in the table that all parts of a report read. */
const DEPTH = 128;
/** The most coordinates of all points of a report together, half a gigabyte in float64. */
const NUMBERS = 2 ** 26;

/** The points of a report. */
export interface ReportPoints {
  /** The original points; undefined if distances were given. */
  readonly given?: Rows;
  /** The distinct points, or those drawn from them, with near copies. */
  readonly all: Space;
  /** The table of {@link all}. */
  readonly table: NeighbourTable;
  /** The points without near copies. */
  readonly points: Space;
  /** The table of {@link points}. */
  readonly cleanTable: NeighbourTable;
  /** The number of rows that were given. */
  readonly rows: number;
  readonly duplicates: number;
  readonly near?: NearDuplicates;
  /** [all.n] The row of each point in the file. */
  readonly numbers: Int32Array;
  /** The same for {@link points}. */
  readonly cleanNumbers: Int32Array;
  readonly notes: readonly string[];
}

/** Reads the points, draws a sample of a large set, and leaves out near copies. */
export async function reportPoints(
  given: Points,
  {
    most,
    seed,
    neighbours,
    ...options
  }: SpaceOptions & { readonly most: number; readonly seed: number; readonly neighbours: number },
): Promise<ReportPoints> {
  const hasDistances = typeof given === 'object' && given !== null && 'distances' in given;
  const rows = hasDistances ? undefined : await readRows(given as Coordinates);
  const whole = await space(given, options);
  const columns = whole.rows?.d ?? 1;
  const limit = Math.min(most, Math.max(200, Math.floor(NUMBERS / columns)));
  const drawn = whole.n > limit ? drawRows(whole.n, limit, seed) : undefined;
  const notes = drawn
    ? [
        `The report looks at ${limit.toLocaleString('en')} of ${whole.n.toLocaleString('en')} distinct points, drawn at random (seed ${seed}); ` +
          'a dimension from all of them can differ, and its bias is smaller.',
      ]
    : [];
  const all = drawn ? await subset(whole, drawn) : whole;
  const numbers = drawn ? drawn.map((i) => whole.kept[i]!) : whole.kept;
  const search = { ...options, onProgress: (done: number) => options.onProgress?.(0.6 * done) };
  const table = await all.neighbours(Math.min(all.n - 1, Math.max(neighbours, DEPTH)), search);
  const again = { ...options, onProgress: (done: number) => options.onProgress?.(0.6 + 0.4 * done) };
  const { points, cleanTable, near } = await withoutCopies(all, table, Math.max(neighbours, DEPTH), again);
  return {
    ...(rows ? { given: rows } : {}),
    all: withTable(all, table),
    table,
    points: withTable(points, cleanTable),
    cleanTable,
    rows: whole.n + whole.duplicates,
    duplicates: whole.duplicates,
    ...(near ? { near } : {}),
    numbers,
    cleanNumbers: near ? near.kept.map((i) => numbers[i]!) : numbers,
    notes,
  };
}

/** Where most points have copies, these hide some of the others, which are found when the first ones are gone. */
const ROUNDS = 3;

/** Leaves out near copies. */
async function withoutCopies(
  all: Space,
  table: NeighbourTable,
  depth: number,
  options: SearchOptions,
): Promise<{ readonly points: Space; readonly cleanTable: NeighbourTable; readonly near?: NearDuplicates }> {
  let points = all;
  let cleanTable = table;
  let near: NearDuplicates | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const more = nearDuplicates(cleanTable);
    if (!more || more.kept.length < 3) break;
    const before = near;
    near = before
      ? {
          ...before,
          points: Math.min(all.n, before.points + more.points),
          expected: before.expected + more.expected,
          kept: more.kept.map((i) => before.kept[i]!),
        }
      : more;
    points = await subset(all, near.kept);
    cleanTable = await points.neighbours(Math.min(points.n - 1, depth), options);
  }
  return { points, cleanTable, ...(near ? { near } : {}) };
}

/** Random members of a set, in rising order. */
export function drawRows(n: number, count: number, seed: number): Int32Array {
  const uniform = mulberry32(streamSeed(seed, 0));
  const chosen = new Int32Array(count);
  // Algorithm S (Knuth, The Art of Computer Programming, section 3.4.2): every set of rows is equally likely.
  for (let i = 0, found = 0; found < count; i++) if ((n - i) * uniform() < count - found) chosen[found++] = i;
  return chosen;
}
