/** Warns of neighbours at the same distance, as on a lattice or among rounded values. */
import { TIE } from '../../estimators/ratios';
import type { NeighbourTable } from '../../search/neighbour-table';
import { percent, type Warning } from './warning';

/** Ties matter if they exceed this share of the points, and chance. */
const SHARE = 2e-3;

/**
 * @param dimension the dimension of the points; the higher it is, the more ties occur by chance
 */
export function tieWarning({ n, k, distances }: NeighbourTable, dimension: number): Warning | undefined {
  let ties = 0;
  for (let i = 0; i < n; i++) if (Math.log(distances[i * k + 1]! / distances[i * k]!) <= TIE) ties++;
  // log(r2 / r1) is exponential, and its rate is the dimension.
  const chance = n * -Math.expm1(-dimension * TIE);
  if (ties < Math.max(5, SHARE * n) + 5 * chance) return undefined;
  return {
    name: 'ties',
    text:
      `${ties.toLocaleString('en')} of ${n.toLocaleString('en')} points (${percent(ties / n)}) have their two nearest neighbours at the same ` +
      `distance, where chance allows ${chance < 0.5 ? 'none' : Math.round(chance)}: the values lie on a lattice, or were rounded. ` +
      'Ratios of distances then measure the lattice; use the values before rounding, or look at wider scales.',
    evidence: { ties, points: n, expected: chance },
  };
}
