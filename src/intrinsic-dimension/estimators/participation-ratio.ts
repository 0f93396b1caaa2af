/** The participation ratio: how many directions of equal variance would give the same spread of eigenvalues. */
import { independentStandardError, normalInterval } from '../intervals';
import { type FlatRows, flatRows, type Rows } from '../points/points';
import { coordinates } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from './estimator';
import { centre, type Moments, secondMoments, squaredLengths, timesMatrix } from './spectrum';

/** The estimator by the participation ratio of the covariance. */
export const PARTICIPATION_RATIO = defineEstimator({
  name: 'participation-ratio',
  summary: 'the number of directions that the variance fills',
  source: 'Gao et al. 2017, equation 4',
  options: {},
  with: () => ({
    measure: (points, how) => participationRatio(coordinates(points, 'participation-ratio'), how),
  }),
});

/**
 * tr(C)^2 / |C|_F^2 of the covariance C: the number of directions of equal variance that would give the same
 * spread of eigenvalues.
 */
async function participationRatio(rows: Rows, options: HowToEstimate): Promise<PointsEstimate> {
  const centred = centre(rows);
  const moments = await secondMoments(centred, options);
  const { matrix, size } = moments;
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
  const squared = matrix.reduce((sum, value) => sum + value * value, 0);
  const value = trace ** 2 / squared;
  const lengths = squaredLengths(centred);
  const spreads = await quadraticForms(centred, moments, options);
  const influences = lengths.map(
    (length, i) => value * ((2 * (length - trace)) / trace - (2 * (spreads[i]! - squared)) / squared),
  );
  const standardError = independentStandardError(influences);
  return {
    value,
    standardError,
    interval: normalInterval(value, standardError, options.level),
    scale: Math.sqrt(2 * trace) * centred.unit,
    certified: 1,
  };
}

/** y'Cy from the products of the points: the mean of the squared products with all points. */
function gramSpreads(matrix: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let p = i * n; p < (i + 1) * n; p++) sum += matrix[p]! ** 2;
    return n * sum;
  });
}

/** y'Cy for every point y and the covariance C. It serves only for standard errors, for which float32 is enough. */
export async function quadraticForms(
  points: FlatRows,
  { matrix, size, side }: Moments,
  options: SearchOptions,
): Promise<Float64Array> {
  if (side === 'points') return gramSpreads(matrix, size);
  const { data, n, d } = points;
  const forms = new Float64Array(n);
  await timesMatrix(points, flatRows(matrix, d, d), options, (i, product) => {
    let sum = 0;
    for (let c = 0, p = i * d; c < d; c++, p++) sum += data[p]! * product[c]!;
    forms[i] = sum;
  });
  return forms;
}
