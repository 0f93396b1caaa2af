/** What an estimator and GRIDE at wider scales see in one table of neighbours: a value, and how it changes with scale. */
import type { FromNeighbours, LocalEstimate } from '../estimators/estimator';
import { gride } from '../estimators/gride';
import { sandwichStandardError } from '../intervals';
import type { NeighbourTable } from '../search/neighbour-table';

/** The farthest neighbour that the shape of the scale curve is taken from. */
const FARTHEST = 32;

/** A value and the shape of the scale curve beside it. */
export interface Seen {
  readonly value: number;
  readonly standardError: number;
  /** log(GRIDE at n1 = 2, 4, 8, ... / value). */
  readonly shape: readonly number[];
  /** The standard errors of these. */
  readonly shapeErrors: readonly number[];
}

/** The nearer neighbours of GRIDE that so many points can bear: both neighbours within an eighth of them. */
export function shapeOrders(points: number): number[] {
  const orders: number[] = [];
  for (let n1 = 2; 2 * n1 <= Math.min(FARTHEST, points / 8); n1 *= 2) orders.push(n1);
  return orders;
}

/** Neighbours that {@link see} needs. */
export function neighboursToSee(estimator: FromNeighbours, points: number): number {
  return Math.max(estimator.neighbours, 2 * (shapeOrders(points).at(-1) ?? 1));
}

/** The value without its errors, which take longer. */
export function glance(
  table: NeighbourTable,
  estimator: FromNeighbours,
): Omit<Seen, 'standardError' | 'shapeErrors'> {
  const { value } = estimator.estimate(table);
  const shape = shapeOrders(table.n).map((n1) => Math.log(gride(table, n1, 2 * n1).value / value));
  return { value, shape };
}

/** The value, the shape, and their errors; those of the shape respect that all is from the same points. */
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
