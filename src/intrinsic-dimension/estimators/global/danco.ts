/** DANCo: how distances and angles concentrate, compared with balls of every dimension. */
import { mulberry32, normals, streamSeed } from '../../../random';
import { independentStandardError, normalInterval, sandwichStandardError } from '../../intervals';
import { pauses } from '../../pauses';
import { type Space, space } from '../../points/space';
import { certifiedShare, meanDistance, type NeighbourTable } from '../../search/neighbour-table';
import type { SearchOptions } from '../../search/neighbours';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { gride } from '../gride';
import { flag, wholeNumber } from '../options';
import { distancesAmong } from '../pointwise/neighbourhood';
import { type Concentration, divergence, vonMises } from './concentration';

/** The number of dimensions beyond the best so far that are tried before it is accepted. */
const BEYOND = 3;

/** Dimensionality from angle and norm concentration. */
export const DANCO = defineEstimator({
  name: 'danco',
  summary: 'how distances and angles to neighbours concentrate, compared with balls of every dimension',
  source: 'Ceruti et al. 2014, DANCo: dimensionality from angle and norm concentration',
  options: {
    k: wholeNumber(2, 10, 'neighbours of each point'),
    wholeDimension: flag('give the best whole number, without interpolation between whole numbers'),
    seed: wholeNumber(0, 0, 'seed of the random numbers'),
  },
  with: ({ k, wholeDimension, seed }) => ({
    measure: (points, how) => danco(points, k, wholeDimension, seed, how),
  }),
});

async function danco(
  points: Space,
  k: number,
  whole: boolean,
  seed: number,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { n } = points;
  const { signal } = how;
  const table = await points.neighbours(k + 1, how);
  const { observed, influences: moved } = await concentration(points, table, k, how);
  const most = Math.min(points.rows?.d ?? n - 1, n - 1);
  const balls: Concentration[] = [];
  const divergences: number[] = [];
  let best = 0;
  // Interpolation needs one dimension more than the best.
  for (let d = 1; d <= most + 1 && d - 1 - best <= BEYOND; d++) {
    const ball = await space({ data: uniformBall(n, d, streamSeed(seed, d)), shape: [n, d] });
    const near = await ball.neighbours(k + 1, signal ? { signal } : {});
    const { observed: expected } = await concentration(ball, near, k, signal ? { signal } : {});
    // On a line, all angles are 0 or 180 degrees and have no concentration (scikit-dimension sets 1, too).
    balls.push(d === 1 ? { ...expected, tau: 1 } : expected);
    divergences.push(divergence(observed, balls.at(-1)!, k));
    if (d <= most && divergences[d - 1]! < divergences[best]!) best = d - 1;
  }
  const between = (seen: Concentration): number =>
    lowest(best, (d) => (balls[d] ? divergence(seen, balls[d], k) : Number.POSITIVE_INFINITY));
  const value = whole ? best + 1 : between(observed);
  const keys = ['dimension', 'nu', 'tau'] as const;
  const slopes = keys.map((key) => {
    const step = 1e-4 * Math.max(1e-3, Math.abs(observed[key]));
    const at = (change: number): number => between({ ...observed, [key]: observed[key] + change });
    return (at(step) - at(-step)) / (2 * step);
  });
  const influences = Float64Array.from({ length: n }, (_, i) =>
    keys.reduce((sum, key, c) => sum + slopes[c]! * moved[key][i]!, 0),
  );
  const error =
    how.interval === 'iid'
      ? independentStandardError(influences)
      : sandwichStandardError(influences, table, k + 1);
  // The balls are samples of the same size, and their error counts as much again.
  const standardError = Math.SQRT2 * error;
  return {
    value,
    standardError,
    interval: normalInterval(value, standardError, how.level),
    scale: meanDistance(table, k + 1),
    certified: certifiedShare(table),
  };
}

/** Where the parabola through a lowest value and its two neighbours is lowest; 1 at the border, where there is one neighbour. */
function lowest(best: number, value: (d: number) => number): number {
  const [left, middle, right] = [
    best > 0 ? value(best - 1) : Number.POSITIVE_INFINITY,
    value(best),
    value(best + 1),
  ];
  const bend = left - 2 * middle + right;
  if (!(Number.isFinite(bend) && bend > 0)) return best + 1;
  return best + 1 + Math.max(-1, Math.min(1, (left - right) / (2 * bend)));
}

/** How distances and angles to neighbours concentrate, as means over points, and how far each point moves the means. */
export async function concentration(
  points: Space,
  table: NeighbourTable,
  k: number,
  { onProgress, signal }: SearchOptions,
): Promise<{
  readonly observed: Concentration;
  readonly influences: Record<keyof Concentration, Float64Array>;
}> {
  const { n, k: width, indices, distances } = table;
  const { value: dimension, influences } = gride(table, 1, k + 1);
  const nu = new Float64Array(n);
  const tau = new Float64Array(n);
  const rest = pauses(onProgress, signal);
  for (let i = 0; i < n; i++) {
    await rest(i / n);
    const among = distancesAmong(points, indices.subarray(i * width, i * width + k));
    const found = vonMises(cosines(distances.subarray(i * width, i * width + k), among));
    nu[i] = found.nu;
    tau[i] = found.tau;
  }
  const mean = (values: Float64Array): number => values.reduce((sum, each) => sum + each / n, 0);
  const observed = { dimension, nu: mean(nu), tau: mean(tau) };
  return {
    observed,
    influences: {
      dimension: influences(),
      nu: nu.map((each) => each - observed.nu),
      tau: tau.map((each) => each - observed.tau),
    },
  };
}

/** The cosines of the angles at a point between all pairs of neighbours, from the three distances of each triangle. */
function cosines(from: Float64Array, among: Float64Array): Float64Array {
  const k = from.length;
  const found = new Float64Array((k * (k - 1)) / 2);
  let p = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b, c] = [from[i]!, from[j]!, among[i * k + j]!];
      // (a^2 + b^2 - c^2) / (2 a b) without squares that overflow.
      found[p++] = Math.max(-1, Math.min(1, (a / b + b / a - (c / a) * (c / b)) / 2));
    }
  }
  return found;
}

/** Uniform in the unit ball (Muller 1959): a normal direction, and the d-th root of a uniform number as length. */
function uniformBall(n: number, d: number, seed: number): Float64Array {
  const uniform = mulberry32(seed);
  const normal = normals(uniform);
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const row = data.subarray(i * d, (i + 1) * d);
    let squared = 0;
    for (let c = 0; c < d; c++) {
      row[c] = normal();
      squared += row[c]! ** 2;
    }
    const length = uniform() ** (1 / d) / Math.sqrt(squared);
    for (let c = 0; c < d; c++) row[c]! *= length;
  }
  return data;
}
