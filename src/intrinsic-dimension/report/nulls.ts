/** Null models, which share one property with the points and nothing else, and whether the dimension differs from theirs. */
import { mulberry32, normals, shuffled, streamSeed } from '../../random';
import type { FromNeighbours } from '../estimators/estimator';
import { gride } from '../estimators/gride';
import { type Interval, normalInterval, reachOf, sandwichStandardError } from '../intervals';
import { flatRows, type Rows } from '../points/points';
import { type Metric, type Space, space } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { gaussianLike } from './gaussian-null';
import { shapeOrders } from './scales';
import { medianDistance } from './with-table';

/** The most multiplications for the covariance of a null model; of larger sets, fewer points are compared. */
const WORK = 6e9;
/** The level at which a difference counts, for all scales together. */
const LEVEL = 0.99;

/** A value with its interval. */
export interface NullValue {
  readonly value: number;
  readonly standardError: number;
  readonly interval: Interval;
}

/** The points beside one null model. */
export interface NullComparison {
  readonly name: 'same covariance' | 'shuffled columns' | 'added noise';
  /** What the model has in common with the points. */
  readonly summary: string;
  /** The estimate of the report, and GRIDE at a wider scale if there are enough points. */
  readonly scales: readonly {
    readonly estimator: string;
    readonly data: NullValue;
    readonly model: NullValue;
    /** The difference in units of its standard error. */
    readonly difference: number;
  }[];
  /** True if the points differ from the model at level .99, at any scale. */
  readonly told: boolean;
  /** The result in words. */
  readonly text: string;
  /** The number of points that were compared. */
  readonly points: number;
}

/** Options of null models. */
export interface NullOptions extends SearchOptions {
  readonly name: string;
  readonly estimator: FromNeighbours;
  readonly metric: Metric;
  readonly level: number;
  readonly seed: number;
}

/** The number of points to compare, so that null models stay within {@link WORK}. */
export function pointsForNulls(n: number, d: number): number {
  let most = n;
  while (most * Math.min(most, d) * d > WORK) most = Math.floor(0.97 * most);
  return most;
}

/** Compares points with their null models. */
export async function compareWithNulls(points: Space, options: NullOptions): Promise<NullComparison[]> {
  const rows = points.rows!;
  const { seed, onProgress, signal, metric } = options;
  const how = signal ? { signal } : {};
  const normal = (stream: number): (() => number) => normals(mulberry32(streamSeed(seed, stream)));
  const seen = await valuesOf(points, options);
  const nearest = medianDistance(await points.neighbours(1, how), 1);
  const models: readonly [NullComparison['name'], string, () => Promise<Rows>][] = [
    [
      'same covariance',
      'normal points with the same mean and covariance',
      () => gaussianLike(rows, normal(1), how),
    ],
    ['shuffled columns', 'the points with every column shuffled', async () => shuffledColumns(rows, seed)],
    [
      'added noise',
      'the points with normal noise as long as the distance to the nearest neighbour',
      async () => noisy(rows, nearest, normal(2)),
    ],
  ];
  const found: NullComparison[] = [];
  for (const [m, [name, summary, make]] of models.entries()) {
    const { data, n, d } = flatOf(await make());
    const model = await valuesOf(await space({ data, shape: [n, d] }, { metric }), options);
    const scales = seen.map((each, s) => {
      const [one, other] = [each, model[s]!];
      const difference = (one.value - other.value) / Math.hypot(one.standardError, other.standardError);
      return { estimator: each.estimator, data: withoutName(one), model: withoutName(other), difference };
    });
    const limit = reachOf(1 - (1 - LEVEL) / scales.length);
    const told = scales.some(({ difference }) => Math.abs(difference) > limit);
    found.push({ name, summary, scales, told, text: textOf(summary, scales, told), points: points.n });
    onProgress?.((m + 1) / models.length);
  }
  return found;
}

type Seen = NullValue & { readonly estimator: string };

const withoutName = ({ value, standardError, interval }: Seen): NullValue => ({
  value,
  standardError,
  interval,
});

/** The values of the estimator, and of GRIDE at the widest scale of the shape. */
async function valuesOf(points: Space, { name, estimator, level, signal }: NullOptions): Promise<Seen[]> {
  const n1 = shapeOrders(points.n).at(-1);
  const table = await points.neighbours(
    Math.max(estimator.neighbours, n1 ? 2 * n1 : 0),
    signal ? { signal } : {},
  );
  const estimates = [
    { name, ...estimator.estimate(table) },
    ...(n1 ? [{ name: `gride ${n1} and ${2 * n1}`, ...gride(table, n1, 2 * n1) }] : []),
  ];
  return estimates.map(({ name: of, value, influences, neighbours }) => {
    const standardError = sandwichStandardError(influences(), table, neighbours);
    return { estimator: of, value, standardError, interval: normalInterval(value, standardError, level) };
  });
}

function textOf(summary: string, scales: NullComparison['scales'], told: boolean): string {
  const words = ({ value, interval }: NullValue): string =>
    `${value.toFixed(2)} (${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)})`;
  const [shown] = [...scales].sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference));
  const { estimator, data, model, difference } = shown!;
  const numbers = `${estimator} gives ${words(data)} on the points and ${words(model)} on ${summary}`;
  const apart = `${Math.abs(difference).toFixed(1)} standard errors apart`;
  return told
    ? `The dimension tells the points from ${summary}: ${numbers}, ${apart}.`
    : `The dimension cannot tell the points from ${summary}: ${numbers}, ${apart} (the difference is within chance at level ${LEVEL}).`;
}

function shuffledColumns({ n, d, row }: Rows, seed: number): Rows {
  const data = new Float64Array(n * d);
  const orders = Array.from({ length: d }, (_, c) => shuffled(n, seed, 1000 + c));
  for (let i = 0; i < n; i++) {
    const point = row(i);
    for (let c = 0; c < d; c++) data[orders[c]![i]! * d + c] = point[c]!;
  }
  return flatRows(data, n, d);
}

/** Adds noise that changes the difference of two points by `length`, as a root mean square. */
function noisy({ n, d, row }: Rows, length: number, normal: () => number): Rows {
  const sigma = length / Math.sqrt(2 * d);
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const point = row(i);
    for (let c = 0; c < d; c++) data[i * d + c] = point[c]! + sigma * normal();
  }
  return flatRows(data, n, d);
}

function flatOf({ n, d, row, flat }: Rows): { data: Float32Array | Float64Array; n: number; d: number } {
  if (flat) return { data: flat.data, n, d };
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) data.set(row(i), i * d);
  return { data, n, d };
}
