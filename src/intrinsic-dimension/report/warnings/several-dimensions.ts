/** Warns of points whose dimension differs from place to place, so that a single value holds in none. */
import type { LocalHistogram } from '../local-histogram';
import { short, type Warning } from './warning';

/** Fewer points have too uncertain quantiles. */
const LEAST = 200;
/** How many times wider than with a single dimension the logarithms of the local dimensions are; most known surfaces stay below 1.4. */
const WIDER = 1.5;

/** @param points the number of points */
export function severalDimensionsWarning(local: LocalHistogram, points: number): Warning | undefined {
  const { median, quartiles, expected, tails, expectedTails } = local;
  if (points < LEAST) return undefined;
  const [found] = [
    { share: 'half of the points', seen: quartiles, alike: expected },
    { share: '90 % of the points', seen: tails, alike: expectedTails },
  ]
    .map((each) => ({ ...each, wider: width(each.seen) / width(each.alike) }))
    .sort((a, b) => b.wider - a.wider);
  const { share, seen, alike, wider } = found!;
  if (!(wider > WIDER && Number.isFinite(wider))) return undefined;
  const range = ([low, high]: readonly [number, number]): string =>
    `between ${short(low)} and ${short(high)}`;
  return {
    name: 'several dimensions',
    text:
      `The dimension at ${share} is ${range(seen)}, where it would be ${range(alike)} if all had the dimension ${short(median)}: ` +
      'the points lie on surfaces of several dimensions, in noise of several strengths, or where density or curvature change within a few neighbours, ' +
      'and one value for all of them may hold nowhere. ' +
      'Find the parts with localId or hidalgo, and estimate each alone.',
    evidence: { median, lower: seen[0], upper: seen[1], expectedLower: alike[0], expectedUpper: alike[1] },
  };
}

const width = ([low, high]: readonly [number, number]): number => Math.log(high / low);
