/** Warns of rows that occur more than once, exactly or nearly. */
import type { NearDuplicates } from './near-duplicates';
import { percent, short, type Warning } from './warning';

/** @param rows the number of rows that were given */
export function duplicateWarning(duplicates: number, rows: number): Warning | undefined {
  if (duplicates === 0) return undefined;
  return {
    name: 'duplicates',
    text:
      `${duplicates.toLocaleString('en')} of ${rows.toLocaleString('en')} rows (${percent(duplicates / rows)}) repeat an earlier row exactly, and were left out. ` +
      'Points from a continuous distribution never do: find out where the copies come from.',
    evidence: { duplicates, rows },
  };
}

/** The value of the report's estimator with the near copies and without them; null if it has none. */
export interface CopyEffect {
  readonly estimator: string;
  readonly withCopies: number | null;
  readonly without: number | null;
}

/** @param points the number of points including the near copies */
export function nearDuplicateWarning(
  near: NearDuplicates,
  points: number,
  effects: readonly CopyEffect[],
): Warning {
  const left = points - near.kept.length;
  const chance = near.expected < 0.5 ? 'none' : `about ${Math.round(near.expected)}`;
  const values = effects.map(
    ({ estimator, withCopies, without }) =>
      `${estimator} gives ${without === null ? 'no value' : without.toFixed(2)} instead of ${withCopies === null ? 'none' : withCopies.toFixed(2)}`,
  );
  return {
    name: 'near-duplicates',
    text:
      `${near.points.toLocaleString('en')} of ${points.toLocaleString('en')} points (${percent(near.points / points)}) have a near copy, at a distance of ${short(near.distance)} (median), ` +
      `where the nearest point that is no copy is ${short(near.usual)} away, and chance allows ${chance}. ` +
      `Without ${left.toLocaleString('en')} of them, which this report leaves out, ${values.join(' and ')}. Find out where the copies come from.`,
    evidence: {
      points: near.points,
      expected: near.expected,
      distance: near.distance,
      usual: near.usual,
      left,
      ...Object.fromEntries(
        effects.flatMap(({ estimator, withCopies, without }) =>
          [
            [`${estimator} with copies`, withCopies],
            [`${estimator} without copies`, without],
          ].filter(([, value]) => value !== null),
        ),
      ),
    },
  };
}
