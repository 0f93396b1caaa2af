/** The participation ratio without the bias of few points and of few coordinates (Chun et al. 2026). */
import { independentStandardError, normalInterval } from '../../intervals';
import { NoEstimateError } from '../../no-estimate';
import type { FlatRows, Rows } from '../../points/points';
import { coordinates } from '../../points/space';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from '../estimator';
import { choice } from '../options';
import { quadraticForms } from '../participation-ratio';
import { centre, secondMoments, squaredLengths } from '../spectrum';

/** The estimator by the corrected participation ratio. */
export const PARTICIPATION_RATIO_CORRECTED = defineEstimator({
  name: 'participation-ratio-corrected',
  summary: 'the number of directions that the variance fills, corrected for few points and few coordinates',
  source: 'Chun et al. 2026 (arXiv 2509.26560), section 4',
  options: {
    correct: choice(
      ['points', 'both', 'coordinates'],
      'what is a sample of a larger set: the points, the coordinates, or both',
    ),
  },
  with: ({ correct }) => ({
    measure: (points, how) => corrected(coordinates(points, 'participation-ratio-corrected'), correct, how),
  }),
});

/** A denominator below this share of the terms whose difference it is consists of rounding errors. */
const ROUNDING = 1e-12;

/** Numerator and denominator of the participation ratio, tr(C)^2 and |C|_F^2. */
interface Parts {
  readonly above: number;
  readonly below: number;
}

/**
 * tr(C)^2 / |C|_F^2 of the covariance C, with an unbiased numerator and an unbiased denominator. `points` uses only products
 * over distinct points, `coordinates` only those over distinct coordinates, and `both` those over distinct points and distinct
 * coordinates (gamma_row, gamma_col and gamma_both). The paper recommends `both`, for neurons that are a sample of many. Here
 * the default is `points`, which takes the coordinates as complete, since independent coordinates that are a sample of a larger
 * set have no finite ratio. The sums over distinct points do not change when the points are moved, so the points are centred
 * first, which leaves only the terms without a sum over one point alone.
 *
 * The interval is for other points with the same coordinates.
 *
 * @throws NoEstimateError for fewer than 4 points or 2 coordinates that vary, and if the denominator is 0 or less
 */
async function corrected(
  rows: Rows,
  correct: 'points' | 'both' | 'coordinates',
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const centred = centre(rows);
  const { n } = centred;
  const moments = await secondMoments(centred, how);
  const lengths = squaredLengths(centred);
  const total = lengths.reduce((sum, each) => sum + each, 0);
  const sameColumn = correct === 'points' ? { squares: 0, fourths: 0, forms: undefined } : columns(centred);
  // Sums over all pairs of points and coordinates: of products of two lengths, of squared products, of squared lengths.
  const above = total ** 2 - sameColumn.squares;
  const squaredProducts = n ** 2 * moments.matrix.reduce((sum, each) => sum + each * each, 0);
  const below = squaredProducts - sameColumn.squares;
  const own = lengths.reduce((sum, each) => sum + each * each, 0) - sameColumn.fourths;
  const parts = correct === 'coordinates' ? { above, below } : overDistinctPoints(n, above, below, own);
  const value = parts.above / parts.below;
  if (!(parts.below > ROUNDING * squaredProducts && parts.above > 0)) {
    throw correct === 'points'
      ? new NoEstimateError(`${n} points are too few to correct the participation ratio`, 'give more points')
      : new NoEstimateError(
          `the ${rows.d} coordinates vary too independently to be a sample of a larger set with a finite participation ratio`,
          "use correct: 'points'",
        );
  }
  const forms = await quadraticForms(centred, moments, how);
  const influences = lengths.map((length, i) => {
    const shared = sameColumn.forms?.[i] ?? 0;
    const others = (n * forms[i]! - length ** 2) / (n - 1); // the product of the point with itself does not count
    const [top, bottom] = [
      (2 * n * (total * length - n * shared)) / parts.above,
      (2 * n ** 2 * (others - shared)) / parts.below,
    ];
    return value * (top - bottom);
  });
  const mean = influences.reduce((sum, each) => sum + each / n, 0);
  // The part that comes from pairs of points has the standard deviation 2 / N times the value (Chen, Zhang and Zhong 2010). Its
  // variance is counted twice in that of the influences, as always if these come from pairs (Efron and Stein 1981).
  const pairs = (2 * value) / n;
  const spread = independentStandardError(influences.map((each) => each - mean));
  const standardError = Math.sqrt(Math.max(pairs ** 2, spread ** 2 - pairs ** 2));
  return {
    value,
    standardError,
    interval: normalInterval(value, standardError, how.level),
    scale: Math.sqrt((2 * total) / n) * centred.unit,
    certified: 1,
  };
}

/** The sums without the terms in which a point occurs twice (Chun et al. 2026, appendix A), for centred points. */
function overDistinctPoints(n: number, above: number, below: number, own: number): Parts {
  if (n < 4) throw new NoEstimateError(`need at least 4 distinct points, got ${n}`, 'give more points');
  const [alone, pairs] = [n / (n - 2), 1 / ((n - 1) * (n - 2))];
  return {
    above: above - alone * own + pairs * (2 * below - above),
    below: below - alone * own + pairs * above,
  };
}

/** The products of each coordinate with itself: the sums over all points, and y'Cy of every point y. */
function columns({ data, n, d }: FlatRows): {
  readonly squares: number;
  readonly fourths: number;
  readonly forms: Float64Array;
} {
  const variances = new Float64Array(d);
  const fourths = new Float64Array(n);
  for (let i = 0, p = 0; i < n; i++) {
    for (let c = 0; c < d; c++, p++) {
      const square = data[p]! ** 2;
      variances[c]! += square / n;
      fourths[i]! += square ** 2;
    }
  }
  const forms = Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let c = 0, p = i * d; c < d; c++, p++) sum += variances[c]! * data[p]! ** 2;
    return (n * sum - fourths[i]!) / (n - 1);
  });
  const squares = variances.reduce((sum, variance) => sum + (n * variance) ** 2, 0);
  return { squares, fourths: fourths.reduce((sum, each) => sum + each, 0), forms };
}
