/** Warnings about the value: curvature and boundaries bias it, it changes with scale, or its interval is wide. */
import type { DecimationPoint } from '../../decimation';
import type { ScalePoint } from '../../scale';
import type { Corrected } from '../calibration';
import { percent, short, type Warning } from './warning';

/** Changes below this share of the value do not matter, and differences below a number of standard errors may be chance. */
const MATTERS = 0.1;
const CHANCE = 3;
/** The width, relative to the value, at which an interval is too wide; `high` applies if the dimension is high for the number of points. */
const WIDE = { any: 1.5, high: 0.6 };

/** A value with its standard error. */
export interface Value {
  readonly value: number;
  readonly standardError: number;
}

/** True if two values differ by more than chance, and so much that it matters. */
export const differ = (a: Value, b: Value): boolean =>
  Math.abs(a.value - b.value) > CHANCE * Math.hypot(a.standardError, b.standardError) &&
  Math.abs(a.value - b.value) > MATTERS * Math.max(a.value, b.value);

/** Warns if known surfaces, or fewer points, show that the value is biased with this number of points. */
export function biasWarning(
  estimate: Value & { readonly estimator: string },
  corrected: Corrected,
  decimation: readonly DecimationPoint[],
  points: number,
): Warning | undefined {
  const [whole, , quarters] = decimation;
  const moves = whole && quarters && quarters.size >= 100 && differ(whole, quarters);
  const off = differ(estimate, { ...corrected, standardError: 0 });
  if (!moves && !off) return undefined;
  const { estimator, value } = estimate;
  const ofPoints = `${points.toLocaleString('en')} points`;
  const found = [
    ...(off
      ? [
          `On surfaces of known dimension with ${ofPoints}, ${estimator} gives ${short(value)} where the dimension is ${corrected.value.toFixed(1)}.`,
        ]
      : []),
    ...(moves
      ? [
          `It gives ${whole.value.toFixed(2)} with all points and ${quarters.value.toFixed(2)} with quarters of them, and would change with more points.`,
        ]
      : []),
  ];
  return {
    name: 'bias',
    text: `Borders or curvature bias the value at this number of points. ${found.join(' ')} Report the corrected value with its interval, or use more points.`,
    evidence: {
      value,
      corrected: corrected.value,
      ...(moves ? { whole: whole.value, quarters: quarters.value } : {}),
    },
  };
}

/**
 * Warns if the interval of the corrected value is too wide to be useful.
 *
 * @param columns the number of coordinates; an interval that ends there is judged by what the known surfaces say without them
 */
export function fewPointsWarning(
  { value, interval, readings }: Corrected,
  points: number,
  columns = Number.POSITIVE_INFINITY,
): Warning | undefined {
  const isCut = interval.upper >= columns;
  const alike = readings.filter(({ agrees }) => agrees).map(({ upper }) => upper);
  const reach = isCut ? Math.max(interval.upper, ...alike) : interval.upper;
  const width = (reach - interval.lower) / value;
  // Eckmann and Ruelle 1992, equation 1, for distances within a tenth of the diameter.
  const limit = 2 * Math.log10(points);
  if (width <= (value > limit ? WIDE.high : WIDE.any)) return undefined;
  const beyond =
    value > limit
      ? ` A rule of thumb for dimensions from distances allows up to 2 log10(N) = ${limit.toFixed(1)} (Eckmann and Ruelle 1992).`
      : '';
  return {
    name: 'too few points',
    text:
      `With ${points.toLocaleString('en')} points the dimension is only known to ` +
      (isCut
        ? `be at least ${interval.lower.toFixed(1)}: the points have ${columns.toLocaleString('en')} columns, but surfaces of dimension ${reach.toFixed(1)} would look like them.`
        : `lie between ${interval.lower.toFixed(1)} and ${interval.upper.toFixed(1)}, a range of ${percent(width)} of its value.`) +
      `${beyond} Use more points, or compare sets with one number of points without calling the value a dimension.`,
    evidence: { points, lower: interval.lower, upper: interval.upper, limit },
  };
}

/** Warns if the value depends on scale in a way that no known surface explains. */
export function scaleWarning(
  curve: readonly ScalePoint[],
  { explained, readings }: Corrected,
): Warning | undefined {
  const [near, far] = [curve[0], curve.at(-1)];
  if (!near || !far || explained) return undefined;
  const falls = near.value > far.value;
  if (!differ(near, far)) return undefined;
  const closest = [...readings].sort((a, b) => a.distance - b.distance)[0]!;
  return {
    name: 'depends on scale',
    text:
      `GRIDE gives ${near.value.toFixed(2)} at distance ${short(near.scale)} and ${far.value.toFixed(2)} at distance ${short(far.scale)}, ` +
      `which none of ${readings.length} kinds of known surfaces does (the nearest is ${closest.distance.toFixed(1)} standard errors away). ` +
      (falls
        ? 'Noise shows at small distances, and clusters end at large ones: say at which distance the dimension holds.'
        : 'Strong curvature, or paths that the points lie on, make the value rise: say at which distance the dimension holds.'),
    evidence: { near: near.value, far: far.value, nearDistance: near.scale, farDistance: far.scale },
  };
}
