/** The results of an estimator, and of GRIDE at wider scales, from one table of neighbours: a value, and how it changes with scale. */
import type { FromNeighbours, LocalEstimate } from '../estimators/estimator';
import { gride } from '../estimators/gride';
import { sandwichStandardError } from '../intervals';
import { NoEstimateError } from '../no-estimate';
import type { NeighbourTable } from '../search/neighbour-table';

/** The farthest neighbour that the shape of the scale curve uses. */
const FARTHEST = 32;

/** A rise by so many standard errors counts. It may be chance, but to miss one costs more than to widen an interval. */
const RISES = 1;

/** A value, and the shape of the scale curve relative to it. */
export interface Seen {
  readonly value: number;
  readonly standardError: number;
  /** log(GRIDE at n1 = 2, 4, 8, ... / value); n1 = 1 comes last, if the estimator looks farther and the points are not tied. */
  readonly shape: readonly number[];
  /** The standard errors of these. */
  readonly shapeErrors: readonly number[];
  /** True if GRIDE at the two nearest neighbours is lower, as on curved surfaces. */
  readonly rises: boolean;
}

/** The orders n1 of GRIDE that are used with a number of points: both neighbours are within the nearest eighth of them. */
export function shapeOrders(points: number): number[] {
  const orders: number[] = [];
  for (let n1 = 2; 2 * n1 <= Math.min(FARTHEST, points / 8); n1 *= 2) orders.push(n1);
  return orders;
}

/** GRIDE at the orders of the shape, and at the two nearest neighbours if the estimator looks farther and these are not tied. */
function besides(
  table: NeighbourTable,
  { neighbours }: FromNeighbours,
): { readonly compared: LocalEstimate[]; readonly nearest?: LocalEstimate } {
  const wider = shapeOrders(table.n).map((n1) => gride(table, n1, 2 * n1));
  if (neighbours <= 2) return { compared: wider };
  try {
    const nearest = gride(table, 1, 2);
    return { compared: [...wider, nearest], nearest };
  } catch (error) {
    if (error instanceof NoEstimateError) return { compared: wider };
    throw error;
  }
}

/** The number of neighbours that {@link see} needs. */
export function neighboursToSee(estimator: FromNeighbours, points: number): number {
  return Math.max(estimator.neighbours, 2 * (shapeOrders(points).at(-1) ?? 1));
}

/** The value without its standard errors, which take longer. */
export function glance(table: NeighbourTable, estimator: FromNeighbours): Pick<Seen, 'value' | 'shape'> {
  const { value } = estimator.estimate(table);
  const shape = besides(table, estimator).compared.map((each) => Math.log(each.value / value));
  return { value, shape };
}

/** The value, the shape, and their standard errors; those of the shape take into account that all values come from the same points. */
export function see(table: NeighbourTable, estimator: FromNeighbours): Seen {
  const first = estimator.estimate(table);
  const own = first.influences();
  const standardError = sandwichStandardError(own, table, first.neighbours);
  const { compared, nearest } = besides(table, estimator);
  const shapeErrors = compared.map((each) => errorOfRatio(table, { ...first, influences: () => own }, each));
  return {
    value: first.value,
    standardError,
    shape: compared.map((each) => Math.log(each.value / first.value)),
    shapeErrors,
    rises: nearest !== undefined && Math.log(nearest.value / first.value) < -RISES * shapeErrors.at(-1)!,
  };
}

/** The standard error of the logarithm of a ratio of two estimates from one table. */
function errorOfRatio(table: NeighbourTable, a: LocalEstimate, b: LocalEstimate): number {
  const [ofA, ofB] = [a.influences(), b.influences()];
  const difference = ofA.map((each, i) => ofB[i]! / b.value - each / a.value);
  return sandwichStandardError(difference, table, Math.max(a.neighbours, b.neighbours));
}
