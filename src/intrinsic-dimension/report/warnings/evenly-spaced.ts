/** Warns of points at more equal distances than those of any independent points, like a lattice with noise. */
import { counted } from '../../../number-format';
import type { Value } from './bias';
import { short, type Warning } from './warning';

/** How far the value has to be above the number of columns, as a share of it and in standard errors. */
const ABOVE = { share: 0.1, errors: 3 };

/** @param columns the number of coordinates, which no dimension exceeds */
export function evenlySpacedWarning(
  { value, standardError, estimator }: Value & { readonly estimator: string },
  columns: number,
): Warning | undefined {
  if (value - columns <= Math.max(ABOVE.share * columns, ABOVE.errors * standardError)) return undefined;
  return {
    name: 'evenly spaced',
    text:
      `${estimator} gives ${short(value)}, and the points have only ${counted(columns, 'column')}, which no dimension exceeds: ` +
      'the nearest neighbours are at more equal distances than those of independent points, as on a lattice with noise or in a sequence that fills space evenly. ' +
      'Look at the values with wider scales.',
    evidence: { value, columns },
  };
}
