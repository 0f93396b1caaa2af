/** The number of principal components that hold a share of the variance. */
import type { Matrix } from 'ml-matrix';
import { reachOf } from '../intervals';
import { type FlatRows, flatRows, type Rows } from '../points/points';
import { coordinates } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { eigen } from './eigen';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from './estimator';
import { share } from './options';
import { centre, type Moments, secondMoments, squaredLengths, timesMatrix } from './spectrum';

/** Principal components. */
export const PCA = defineEstimator({
  name: 'pca',
  summary: 'the principal components that hold a share of the variance',
  source: 'Jolliffe 2002, section 6.1.1',
  options: { variance: share('(0, 1]', 0.95, 'share of the variance that the components hold') },
  with: ({ variance }) => ({
    measure: (points, how) => principalComponents(coordinates(points, 'pca'), variance, how),
  }),
});

/** The smallest number of principal components that hold a share of the variance. */
async function principalComponents(
  rows: Rows,
  share: number,
  options: HowToEstimate,
): Promise<PointsEstimate> {
  const centred = centre(rows);
  const { n } = rows;
  const { matrix, size, side } = await secondMoments(centred, options);
  const { values, vectors } = await eigen(matrix, size, options.signal);
  const total = values.reduce((sum, value) => sum + value, 0);
  const lengths = squaredLengths(centred);
  // How far the points' projections make the share of the first m components uncertain, for every m.
  const variances = new Float64Array(size);
  await projections(centred, vectors, values, side, options, (i, squares) => {
    let held = 0;
    let cumulative = 0;
    for (let m = 0; m < size; m++) {
      held += squares[m]!;
      cumulative += values[m]! / total;
      variances[m]! += ((held - cumulative * lengths[i]!) / total / n) ** 2;
    }
  });
  const needed = (reach: number): number => {
    let cumulative = 0;
    for (let m = 0; m < size; m++) {
      cumulative += values[m]! / total;
      // The sum of all eigenvalues may miss 1 by rounding.
      if (cumulative + reach * Math.sqrt(variances[m]!) >= share - 1e-12) return m + 1;
    }
    return size;
  };
  const { level } = options;
  const reach = reachOf(level);
  const interval = { lower: needed(reach), upper: needed(-reach), level };
  return {
    value: needed(0),
    standardError: (interval.upper - interval.lower) / (2 * reach),
    interval,
    scale: Math.sqrt(2 * total) * centred.unit,
    certified: 1,
  };
}

/** Calls `use` for every point with its squared projections on the components. */
async function projections(
  points: FlatRows,
  vectors: Matrix,
  values: Float64Array,
  side: Moments['side'],
  options: SearchOptions,
  use: (i: number, squares: Float64Array) => void,
): Promise<void> {
  const size = values.length;
  if (side === 'points') {
    for (let i = 0; i < points.n; i++) {
      use(
        i,
        Float64Array.from({ length: size }, (_, m) => points.n * values[m]! * vectors.get(i, m) ** 2),
      );
    }
    return;
  }
  const components = flatRows(Float64Array.from(vectors.transpose().to1DArray()), size, points.d);
  await timesMatrix(points, components, options, (i, products) =>
    use(
      i,
      products.map((value) => value * value),
    ),
  );
}
