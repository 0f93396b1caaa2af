/** The estimators by name, with their options and how many neighbours each needs. */

import type { NeighbourTable } from '../search/neighbour-table';
import { gride } from './gride';
import type { LocalEstimate } from './local-estimate';
import { levinaBickel, mackayGhahramani, twoNnMle } from './mle';
import { type TwoNnFit, twoNn } from './two-nn';

/** All estimators. */
export const ESTIMATORS = [
  'two-nn',
  'two-nn-mle',
  'levina-bickel',
  'mackay-ghahramani',
  'gride',
  'correlation',
  'participation-ratio',
  'pca',
] as const;

/** The name of an estimator. */
export type EstimatorName = (typeof ESTIMATORS)[number];

/** What the estimators can be told. */
export interface EstimatorOptions {
  /** @default 'two-nn' */
  readonly estimator?: EstimatorName;
  /**
   * two-nn: share of the points with the largest ratios that the fit leaves out. @default 0.1
   * two-nn-mle: share that only counts as larger. @default 0
   */
  readonly discardFraction?: number;
  /** levina-bickel, mackay-ghahramani: neighbours of each point, at least 3 and 2. @default 20 */
  readonly k?: number;
  /** levina-bickel: k - 2 for k - 1, which makes its mean unbiased. @default false, as published */
  readonly unbiased?: boolean;
  /** gride: the nearer neighbour. @default 1 */
  readonly n1?: number;
  /** gride: the farther neighbour. @default 2 n1 */
  readonly n2?: number;
  /** correlation: the neighbour whose median distance is the smaller radius. @default 10 */
  readonly k1?: number;
  /** correlation: the same for the larger radius. @default 20 */
  readonly k2?: number;
  /** pca: share of the variance that the components must hold. @default 0.95 */
  readonly variance?: number;
}

/** An estimator that needs a table of neighbours. */
export interface LocalEstimator {
  readonly neighbours: number;
  estimate(table: NeighbourTable): LocalEstimate & { readonly fit?: TwoNnFit };
}

/** The neighbour-based estimator that options ask for; undefined for the others. */
export function localEstimator(options: EstimatorOptions): LocalEstimator | undefined {
  const { estimator = 'two-nn' } = options;
  switch (estimator) {
    case 'two-nn': {
      const discard = share('discardFraction', options.discardFraction ?? 0.1);
      return { neighbours: 2, estimate: (table) => twoNn(table, discard) };
    }
    case 'two-nn-mle': {
      const discard = share('discardFraction', options.discardFraction ?? 0);
      return { neighbours: 2, estimate: (table) => twoNnMle(table, discard) };
    }
    case 'levina-bickel': {
      const k = order('k', options.k ?? 20, 3);
      return { neighbours: k, estimate: (table) => levinaBickel(table, k, options.unbiased ?? false) };
    }
    case 'mackay-ghahramani': {
      const k = order('k', options.k ?? 20, 2);
      return { neighbours: k, estimate: (table) => mackayGhahramani(table, k) };
    }
    case 'gride': {
      const n1 = order('n1', options.n1 ?? 1, 1);
      const n2 = order('n2', options.n2 ?? 2 * n1, n1 + 1);
      return { neighbours: n2, estimate: (table) => gride(table, n1, n2) };
    }
    default:
      return undefined;
  }
}

/** The two neighbours of the correlation dimension. */
export function correlationOrders(options: EstimatorOptions): { readonly k1: number; readonly k2: number } {
  const k1 = order('k1', options.k1 ?? 10, 1);
  return { k1, k2: order('k2', options.k2 ?? 2 * k1, k1 + 1) };
}

/** The share of variance of `pca`. */
export function varianceShare(options: EstimatorOptions): number {
  const { variance = 0.95 } = options;
  if (variance > 0 && variance <= 1) return variance;
  throw new RangeError(`variance must be in (0, 1], got ${variance}`);
}

function order(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${value}`);
}

function share(name: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new RangeError(`${name} must be in [0, 1), got ${value}`);
}
