/** Warns of rows that depend on the rows before them, like the steps of a trajectory or the frames of a video. */
import { logRatios } from '../../estimators/ratios';
import type { NeighbourTable } from '../../search/neighbour-table';
import { percent, short, type Warning } from './warning';

/** The sizes of the windows: numbers of rows before and after. */
const WINDOWS = [1, 2, 5, 10, 20, 50, 100];
/** The largest share of the rows that a window may hold. */
const WIDEST = 1 / 40;
/** The factor of a wider window, in which the share must be lower: rows sorted by class are near each other, too. */
const WIDER = 5;
/** The share of nearest neighbours in the window from which on they matter. */
const SHARE = 0.05;

/**
 * Compares with chance how far apart nearest neighbours are in the file.
 *
 * @param numbers the row of each point in the file, in rising order
 */
export function consecutiveWarning(table: NeighbourTable, numbers: ArrayLike<number>): Warning | undefined {
  const { n, k, indices } = table;
  const gaps = Float64Array.from({ length: n }, (_, i) => Math.abs(i - indices[i * k]!));
  const within = (window: number): number => gaps.reduce((sum, gap) => sum + (gap <= window ? 1 : 0), 0);
  const expected = (window: number): number => (2 * window * n - window * (window + 1)) / (n - 1);
  const excess = (window: number): number => within(window) / expected(window);
  const found = WINDOWS.filter((window) => {
    if (window > Math.max(2, WIDEST * n) || (WIDER + 1) * window >= n) return false;
    const [count, chance] = [within(window), expected(window)];
    return (
      count > SHARE * n &&
      count > 3 * chance + 6 * Math.sqrt(chance) + 3 &&
      excess(window) > 2.5 * excess(WIDER * window)
    );
  }).sort((a, b) => within(b) - within(a) - (expected(b) - expected(a)))[0];
  if (found === undefined) return undefined;
  const [count, chance] = [within(found), expected(found)];
  const apart = withoutNear(table, 2 * found);
  const ordinary = dimensionOf(logRatios(table, 1, 2));
  const rows = found === 1 ? 'the row before or after' : `one of the ${found} rows before or after`;
  const sampled = numbers[n - 1]! - numbers[0]! + 1 > 1.5 * n ? ' (of the rows that were drawn)' : '';
  const effect =
    apart === undefined
      ? ''
      : ` If neighbours within ${2 * found} rows do not count, TwoNN's likelihood gives ${short(apart)} instead of ${short(ordinary)}.`;
  return {
    name: 'consecutive rows',
    text:
      `${percent(count / n)} of the points have their nearest neighbour in ${rows}${sampled}, where chance allows ${percent(chance / n)}: ` +
      `rows depend on those before them, as steps of a trajectory do, and the estimate may see the path instead of the surface.${effect} ` +
      'Keep rows that are farther apart. If you have sorted independent rows, ignore this.',
    evidence: {
      window: found,
      share: count / n,
      expected: chance / n,
      value: ordinary,
      ...(apart === undefined ? {} : { apart }),
    },
  };
}

/** The dimension from neighbours that are more than `window` rows away; undefined if too few points have two of them. */
function withoutNear({ n, k, indices, distances }: NeighbourTable, window: number): number | undefined {
  const logarithms: number[] = [];
  for (let i = 0; i < n; i++) {
    const far: number[] = [];
    for (let p = i * k; p < (i + 1) * k && far.length < 2; p++)
      if (Math.abs(i - indices[p]!) > window) far.push(distances[p]!);
    if (far.length === 2) logarithms.push(Math.log(far[1]! / far[0]!));
  }
  return logarithms.length > 0.8 * n ? dimensionOf(Float64Array.from(logarithms)) : undefined;
}

/** (N - 1) / sum of log(r2 / r1) (Facco et al. 2017). */
function dimensionOf(logarithms: Float64Array): number {
  return (logarithms.length - 1) / logarithms.reduce((sum, each) => sum + each, 0);
}
