/** The number of principal components that are more than noise, by one of many rules. */
import { mulberry32, shuffled } from '../../random';
import { reachOf } from '../intervals';
import { partOf, pauses } from '../pauses';
import { type FlatRows, flatRows, type Rows } from '../points/points';
import { coordinates } from '../points/space';
import type { SearchOptions } from '../search/neighbours';
import { type Eigen, eigen } from './eigen';
import { defineEstimator, type HowToEstimate, type PointsEstimate } from './estimator';
import {
  brokenStick,
  fan,
  fukunagaOlsen,
  kaiser,
  marchenkoPastur,
  maxGap,
  minka,
  parallelAnalysis,
  type Spectrum,
  shareOfVariance,
} from './linear/rules';
import { shuffledEigenvalues } from './linear/shuffled-columns';
import { choice, positiveNumber, share, type ValuesOf, wholeNumber } from './options';
import { centre, type Moments, secondMoments, timesMatrix } from './spectrum';

/** A rule maps eigenvalues to a number of components. */
type Rule = (spectrum: Spectrum) => number;

const RULES = [
  'variance',
  'fukunaga-olsen',
  'fan',
  'max-gap',
  'kaiser',
  'broken-stick',
  'minka',
  'marchenko-pastur',
  'parallel-analysis',
] as const;

const OPTIONS = {
  rule: choice(RULES, 'how the number of components follows from the eigenvalues'),
  variance: share('(0, 1]', 0.95, 'share of the variance that the components hold'),
  alphaFO: share(
    '[0, 1)',
    0.05,
    'smallest eigenvalue that counts, as a share of the largest (rule fukunaga-olsen)',
  ),
  alphaFan: positiveNumber(10, 'ratio of an eigenvalue to the next one that makes a gap (rule fan)'),
  betaFan: share('[0, 1)', 0.8, 'share of the variance without noise that is enough (rule fan)'),
  pFan: share('[0, 1)', 0.95, 'share of the variance that is not noise (rule fan)'),
  seed: wholeNumber(0, 0, 'seed of the random numbers'),
};

/** The rule that each option belongs to. */
const RULE_OF = {
  variance: 'variance',
  alphaFO: 'fukunaga-olsen',
  alphaFan: 'fan',
  betaFan: 'fan',
  pFan: 'fan',
} as const;

/** The estimator by principal components. */
export const PCA = defineEstimator({
  name: 'pca',
  summary: 'the number of principal components that hold a share of the variance, or pass another rule',
  source: 'Jolliffe 2002, section 6.1; Fan et al. 2010; Minka 2000; Gavish and Donoho 2014; Horn 1965',
  options: OPTIONS,
  with: (options) => {
    assertRead(options);
    return {
      measure: (points, how) => principalComponents(coordinates(points, 'pca'), options, how),
      async value(points, how) {
        const { value } = await counted(coordinates(points, 'pca'), options, how);
        return value;
      },
    };
  },
});

/** @throws RangeError for an option that the rule does not read */
function assertRead(options: ValuesOf<typeof OPTIONS>): void {
  for (const [name, rule] of Object.entries(RULE_OF) as [keyof typeof RULE_OF, string][]) {
    if (rule === options.rule || options[name] === OPTIONS[name].default) continue;
    throw new RangeError(
      `rule '${options.rule}' does not read ${name}: leave it out, or choose rule '${rule}'`,
    );
  }
}

/** The number of components, with an interval from random resampling of the points. */
async function principalComponents(
  rows: Rows,
  options: ValuesOf<typeof OPTIONS>,
  how: HowToEstimate,
): Promise<PointsEstimate> {
  const { level } = how;
  const { value, count, centred, components } = await counted(rows, options, partOf(how, 0, 0.9));
  const groups = await groupedEigenvalues(centred, components, options.seed, how);
  const counts = new Float64Array(DRAWS);
  const { onProgress, signal } = partOf(how, 0.9, 1);
  const rest = pauses(onProgress, signal);
  let draw = 0;
  for (const values of resampled(groups, components.values.length, options.seed)) {
    counts[draw++] = count(values);
    await rest(draw / DRAWS);
  }
  counts.sort();
  const at = (p: number): number => counts[Math.round(p * (counts.length - 1))]!;
  const interval = {
    lower: Math.min(value, at((1 - level) / 2)),
    upper: Math.max(value, at((1 + level) / 2)),
    level,
  };
  return {
    value,
    standardError: (interval.upper - interval.lower) / (2 * reachOf(level)),
    interval,
    scale: Math.sqrt(2 * components.values.reduce((sum, each) => sum + each, 0)) * centred.unit,
    certified: 1,
  };
}

/** The number of components, and the spectrum and rule that gave it. */
async function counted(
  rows: Rows,
  options: ValuesOf<typeof OPTIONS>,
  how: SearchOptions,
): Promise<{
  readonly value: number;
  readonly count: (eigenvalues: Float64Array) => number;
  readonly centred: ReturnType<typeof centre>;
  readonly components: Components;
}> {
  const centred = centre(rows);
  // Most of the time goes to the shuffled sets of a parallel analysis, if there is one.
  const first = options.rule === 'parallel-analysis' ? 0.1 : 1;
  const { matrix, size, side } = await secondMoments(centred, partOf(how, 0, first / 2));
  const components = { ...(await eigen(matrix, size, partOf(how, first / 2, first))), side };
  const rule = await ruleOf(centred, options, partOf(how, first, 1));
  const count = (values: Float64Array): number => rule({ values, points: rows.n, coordinates: rows.d });
  return { value: count(components.values), count, centred, components };
}

async function ruleOf(
  points: FlatRows,
  options: ValuesOf<typeof OPTIONS>,
  how: SearchOptions,
): Promise<Rule> {
  switch (options.rule) {
    case 'variance':
      return (spectrum) => shareOfVariance(spectrum, options.variance);
    case 'fukunaga-olsen':
      return (spectrum) => fukunagaOlsen(spectrum, options.alphaFO);
    case 'fan':
      return (spectrum) => fan(spectrum, options.alphaFan, options.betaFan, options.pFan);
    case 'max-gap':
      return maxGap;
    case 'kaiser':
      return kaiser;
    case 'broken-stick':
      return brokenStick;
    case 'minka':
      return minka;
    case 'marchenko-pastur':
      return marchenkoPastur;
    case 'parallel-analysis': {
      const thresholds = await shuffledEigenvalues(points, options.seed, how);
      return (spectrum) => parallelAnalysis(spectrum, thresholds);
    }
  }
}

/** The groups of points that are resampled as wholes, and the number of resamplings, for the interval. */
const GROUPS = 50;
const DRAWS = 200;

/**
 * The mean squared projections of each random group of points on the components, divided by the number of groups, [group, component].
 * To first order, the eigenvalues of a sample are the sums over its groups.
 */
async function groupedEigenvalues(
  points: FlatRows,
  components: Components,
  seed: number,
  options: SearchOptions,
): Promise<Float64Array> {
  const size = components.values.length;
  const count = Math.min(GROUPS, points.n);
  const groups = new Float64Array(count * size);
  const order = shuffled(points.n, seed);
  const shares = Float64Array.from(
    { length: count },
    (_, g) => 1 / count / Math.ceil((points.n - g) / count),
  );
  await projections(points, components, options, (i, projected) => {
    const g = order[i]! % count;
    for (let m = 0, p = g * size; m < size; m++, p++) groups[p]! += projected[m]! ** 2 * shares[g]!;
  });
  return groups;
}

/** `size` eigenvalues of each of some random samples of groups, with replacement. */
function* resampled(groups: Float64Array, size: number, seed: number): Generator<Float64Array> {
  const uniform = mulberry32(seed);
  const count = groups.length / size;
  for (let draw = 0; draw < DRAWS; draw++) {
    const values = new Float64Array(size);
    for (let drawn = 0; drawn < count; drawn++) {
      const g = Math.floor(uniform() * count);
      for (let m = 0, p = g * size; m < size; m++, p++) values[m]! += groups[p]!;
    }
    yield values.sort().reverse();
  }
}

/** Principal components, as combinations of the coordinates or of the points. */
interface Components extends Eigen {
  readonly side: Moments['side'];
}

/** Calls `use` for every point with its projections on the components. */
async function projections(
  points: FlatRows,
  { vectors, values, side }: Components,
  options: SearchOptions,
  use: (i: number, projected: ArrayLike<number>) => void,
): Promise<void> {
  const size = values.length;
  if (side === 'coordinates') {
    await timesMatrix(points, flatRows(vectors, size, points.d), options, use);
    return;
  }
  const rest = pauses(undefined, options.signal);
  const lengths = values.map((value) => Math.sqrt(points.n * value));
  for (let i = 0; i < points.n; i++) {
    use(
      i,
      lengths.map((length, m) => length * vectors[m * size + i]!),
    );
    await rest(i / points.n);
  }
}
