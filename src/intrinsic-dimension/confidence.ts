/** Standard errors and intervals that count points sharing neighbours as dependent. */
import type { NeighbourTable } from './neighbours';

/** Where the truth is believed to lie. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
  /** Share of such intervals that hold the truth. */
  readonly level: number;
}

/**
 * The sandwich standard error of an estimate that is, to first order, a mean of one influence a point:
 * Var = u'Au / N^2, with u the influences and A the symmetrised graph of nearest neighbours with the diagonal.
 * Points that share neighbours have similar distances, so error bars that take them for independent are 10 to 40 %
 * too small. u'Au can fall below the independent value u'u, even below 0; then that is used.
 *
 * @param influences how far each point moves the estimate, times N, in the points' order
 * @param k neighbours of each point that its influence depends on
 */
export function sandwichStandardError(influences: Float64Array, table: NeighbourTable, k: number): number {
  const { n, indices } = table;
  const isNeighbour = (i: number, j: number): boolean => {
    for (let p = j * table.k; p < j * table.k + k; p++) if (indices[p] === i) return true;
    return false;
  };
  let independent = 0;
  let shared = 0;
  for (let i = 0; i < n; i++) {
    independent += influences[i]! ** 2;
    for (let p = i * table.k; p < i * table.k + k; p++) {
      const j = indices[p]!;
      // An edge counts in both directions; one that both ends list is met twice.
      shared += (isNeighbour(i, j) ? 1 : 2) * influences[i]! * influences[j]!;
    }
  }
  return Math.sqrt(Math.max(independent, independent + shared)) / n;
}

/** The normal interval around an estimate. */
export function normalInterval(value: number, standardError: number, level: number): Interval {
  const reach = normalQuantile((1 + level) / 2) * standardError;
  return { lower: value - reach, upper: value + reach, level };
}

/** The standard normal quantile for p in (1/2, 1): Newton's steps on the distribution function. */
function normalQuantile(p: number): number {
  let z = 0;
  for (let step = 0; step < 60; step++) {
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    const change = (p - normalDistribution(z)) / density;
    z += Math.min(change, 1);
    if (Math.abs(change) < 1e-13) break;
  }
  return z;
}

/** Phi(z) = 1/2 + phi(z) (z + z^3/3 + z^5/15 + ...), a series of positive terms (Marsaglia 2004). */
function normalDistribution(z: number): number {
  let term = z;
  let sum = z;
  for (let i = 3; term > 1e-17 * sum; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}
