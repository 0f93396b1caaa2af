/** Pearson's correlation with a bootstrap interval. */
import { ascending, mean, quantileSorted } from 'd3-array';
import type { Interval } from '../intrinsic-dimension/intervals';
import { mulberry32 } from '../random';

/** Pearson's r with its interval. */
export interface Correlation {
  readonly r: number;
  readonly interval: Interval;
  /** Pairs used. */
  readonly n: number;
}

/** Pearson's r of two samples of one length; NaN where one of them is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  const n = x.length;
  const [mx, my] = [mean(x)!, mean(y)!];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
    xy += (x[i]! - mx) * (y[i]! - my);
  }
  return xy / Math.sqrt(xx * yy);
}

/**
 * Pearson's r with the percentile interval of a moving-block bootstrap (Kuensch 1989): neighbours in time depend
 * on each other, so whole blocks are drawn instead of single pairs.
 *
 * @param options.block pairs in a block. @default the cube root of n, rounded up
 */
export function correlation(
  x: readonly number[],
  y: readonly number[],
  options: { block?: number; repetitions?: number; level?: number; seed?: number } = {},
): Correlation {
  const n = x.length;
  if (n !== y.length || n < 4)
    throw new RangeError(`correlation needs at least 4 pairs, got ${n} and ${y.length} numbers`);
  const { block = Math.ceil(Math.cbrt(n)), repetitions = 2000, level = 0.95, seed = 0 } = options;
  const uniform = mulberry32(seed);
  const found: number[] = [];
  for (let b = 0; b < repetitions; b++) {
    const chosen: number[] = [];
    while (chosen.length < n) {
      const start = Math.floor(uniform() * (n - block + 1));
      for (let i = start; i < start + block && chosen.length < n; i++) chosen.push(i);
    }
    const r = pearson(
      chosen.map((i) => x[i]!),
      chosen.map((i) => y[i]!),
    );
    if (Number.isFinite(r)) found.push(r);
  }
  found.sort(ascending);
  const quantile = (p: number): number => quantileSorted(found, p) ?? Number.NaN;
  return {
    r: pearson(x, y),
    interval: { lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2), level },
    n,
  };
}

/** r = −0.83, 95 % interval −0.95 to −0.50, 12 runs */
export function correlationText(found: Correlation | undefined, of = 'runs'): string {
  if (!found) return `too few ${of} for a correlation`;
  const { r, interval, n } = found;
  const [lower, upper] = [interval.lower, interval.upper].map(signed);
  return `r = ${signed(r)}, ${100 * interval.level} % interval ${lower} to ${upper}, ${n} ${of}`;
}

/** With two decimals and a minus sign as wide as a plus. */
function signed(value: number): string {
  return value.toFixed(2).replace('-', '−');
}
