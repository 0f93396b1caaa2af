/** Warns of columns whose values are multiples of a step that is not small compared with the nearest distances. */
import type { Rows } from '../../points/points';
import { percent, short, type Warning } from './warning';

/** The most rows and columns that are examined. */
const [ROWS, COLUMNS] = [2000, 256];
/** The largest deviation of a value from a multiple of the step, in steps. */
const EXACT = 1e-3;
/** Rounding matters if it changes distances by this share of the nearest distance. */
const MATTERS = 0.1;

/**
 * @param nearest the median distance to the nearest neighbour
 */
export function roundedWarning(rows: Rows, nearest: number): Warning | undefined {
  const { n, d } = rows;
  const chosen = evenly(n, ROWS);
  const columns = evenly(d, COLUMNS);
  const values = columns.map(() => new Float64Array(chosen.length));
  chosen.forEach((i, at) => {
    const row = rows.row(i);
    columns.forEach((c, v) => {
      values[v]![at] = row[c]!;
    });
  });
  const stepped = values.map((of) => ({ of, step: stepOf(of) })).filter(({ step }) => step > 0);
  // A column in which more than half of the values are equal does not matter for most distances.
  const steps = stepped.filter(({ of }) => !isMostlyOne(of)).map(({ step }) => step);
  if (steps.length === 0) return undefined;
  // Rounding moves each of two points by up to half a step, uniformly, which is a variance of step^2 / 12 each.
  const scaled = (d / columns.length) * steps.reduce((sum, step) => sum + step ** 2, 0);
  const moved = Math.sqrt(scaled / 6);
  if (moved < MATTERS * nearest) return undefined;
  const step = steps.sort((a, b) => a - b)[steps.length >> 1]!;
  const share = stepped.length / columns.length;
  return {
    name: 'rounded values',
    text:
      `${share === 1 ? 'All columns hold' : `${percent(share)} of the columns hold`} multiples of a step (${short(step)} in the middle one). ` +
      `Rounding to it moves distances by ${short(moved)}, ${percent(moved / nearest)} of the distance to the nearest neighbour: ` +
      'the smallest distances measure the rounding. Use the values before rounding, or look at wider scales.',
    evidence: { step, columns: Math.round(share * d), moved, nearest },
  };
}

/** True if more than half of the values are equal. */
function isMostlyOne(values: Float64Array): boolean {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.some((value, i) => value === sorted[i + half]);
}

/** The step such that all values differ from the least value by multiples of it; 0 if there is none. */
function stepOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const least = sorted[0]!;
  let step = Number.POSITIVE_INFINITY;
  for (let i = 1; i < sorted.length; i++) {
    const gap = sorted[i]! - sorted[i - 1]!;
    // Equal decimals may differ by their binary rounding.
    if (gap > 1e-9 * Math.max(Math.abs(sorted[i]!), Math.abs(least)) && gap < step) step = gap;
  }
  if (step === Number.POSITIVE_INFINITY) return 0;
  for (const value of sorted) {
    const multiple = (value - least) / step;
    if (Math.abs(multiple - Math.round(multiple)) > EXACT * Math.max(1, multiple * 1e-4)) return 0;
  }
  return step;
}

function evenly(of: number, most: number): number[] {
  const count = Math.min(of, most);
  return Array.from({ length: count }, (_, i) => Math.floor((i * of) / count));
}
