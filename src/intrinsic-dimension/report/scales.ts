/** The results of an estimator, and of GRIDE at wider scales, from one table of neighbours: a value, and how it changes with scale. */
import type { FromNeighbours, LocalEstimate } from '../estimators/estimator';
import { gride } from '../estimators/gride';
import { sandwichStandardError } from '../intervals';
import type { NeighbourTable } from '../search/neighbour-table';

/** The farthest neighbour that the shape of the scale curve uses. */
const FARTHEST = 32;

/** A value, and the shape of the scale curve relative to it. */
export interface Seen {
  readonly value: number;
  readonly standardError: number;
  /** log(GRIDE at n1 = 2, 4, 8, ... / value). */
  readonly shape: readonly number[];
  /** The standard errors of these. */
  readonly shapeErrors: readonly number[];
}

/** The orders n1 of GRIDE that are used with a number of points: both neighbours are within the nearest eighth of them. */
export function shapeOrders(points: number): number[] {
  const orders: number[] = [];
  for (let n1 = 2; 2 * n1 <= Math.min(FARTHEST, points / 8); n1 *= 2) orders.push(n1);
  return orders;
}

/** The number of neighbours that {@link see} needs. */
export function neighboursToSee(estimator: FromNeighbours, points: number): number {
  return Math.max(estimator.neighbours, 2 * (shapeOrders(points).at(-1) ?? 1));
}

/** The value without its standard errors, which take longer. */
export function glance(
  table: NeighbourTable,
  estimator: FromNeighbours,
): Omit<Seen, 'standardError' | 'shapeErrors'> {
  const { value } = estimator.estimate(table);
  const shape = shapeOrders(table.n).map((n1) => Math.log(gride(table, n1, 2 * n1).value / value));
  return { value, shape };
}

/** The value, the shape, and their standard errors; those of the shape take into account that all values come from the same points. */
export function see(table: NeighbourTable, estimator: FromNeighbours): Seen {
  const first = estimator.estimate(table);
  const own = first.influences();
  const standardError = sandwichStandardError(own, table, first.neighbours);
  const wider = shapeOrders(table.n).map((n1) => gride(table, n1, 2 * n1));
  const shapeErrors = wider.map((each) => errorOfRatio(table, { ...first, influences: () => own }, each));
  return {
    value: first.value,
    standardError,
    shape: wider.map((each) => Math.log(each.value / first.value)),
    shapeErrors,
  };
}

/** The standard error of the logarithm of a ratio of two estimates from one table. */
function errorOfRatio(table: NeighbourTable, a: LocalEstimate, b: LocalEstimate): number {
  const [ofA, ofB] = [a.influences(), b.influences()];
  const difference = ofA.map((each, i) => ofB[i]! / b.value - each / a.value);
  return sandwichStandardError(difference, table, Math.max(a.neighbours, b.neighbours));
}
