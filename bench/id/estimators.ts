/** Estimators of this project beside those of the library that each comes from: the same points, by turns. */
import { availableParallelism } from 'node:os';
import type { EstimatorOptions } from '../../src/intrinsic-dimension/estimators/registry';
import { alternate, type Bar, median, type Result, type Times } from '../result';
import type { Side } from '../side';

interface Pair {
  /** An estimator of a library, as the Python side knows it. */
  readonly library: string;
  /** The options that give the same estimator here. */
  readonly options: EstimatorOptions;
  /** The most rounds, for estimators of libraries that take minutes. */
  readonly rounds?: number;
  /** Whether most of the time depends on the number of coordinates, so that wide points are also of interest. */
  readonly linear?: boolean;
}

const PAIRS: readonly Pair[] = [
  { library: 'skdim CorrInt', options: { estimator: 'correlation' } },
  { library: 'skdim FisherS', options: { estimator: 'fisher-separability' }, linear: true },
  { library: 'skdim KNN', options: { estimator: 'knn-graph' } },
  { library: 'skdim lPCA', options: { estimator: 'pca' }, linear: true },
  { library: 'skdim MADA', options: { estimator: 'mada' } },
  { library: 'skdim MLE', options: { estimator: 'levina-bickel', combine: 'harmonic' } },
  { library: 'skdim MOM', options: { estimator: 'mom' } },
  { library: 'skdim MiND_ML', options: { estimator: 'mind-ml' } },
  { library: 'skdim TLE', options: { estimator: 'tle' } },
  { library: 'skdim TwoNN', options: { estimator: 'two-nn' } },
  { library: 'DADApy 2NN with prior', options: { estimator: 'two-nn-bayes' } },
  { library: 'DADApy binomial', options: { estimator: 'binomial' } },
  { library: 'DADApy ABIDE', options: { estimator: 'abide' } },
  { library: 'skdim ESS', options: { estimator: 'ess' }, rounds: 1 },
  { library: 'skdim DANCo', options: { estimator: 'danco' }, rounds: 1 },
];

/**
 * Times each pair, or each with a linear estimator, in `rounds` rounds; both sides have the points. No estimator may be slower than
 * that of its library.
 */
export async function besideLibraries(
  sides: readonly [ours: Side, theirs: Side],
  points: string,
  rounds: number,
  which: 'all' | 'linear',
): Promise<Result> {
  const times: Times[] = [];
  const bars: Bar[] = [];
  const notes = [];
  for (const side of sides) notes.push(`${side.name}: ${(await side.ask('instructions'))['instructions']}`);
  const pairs = which === 'all' ? PAIRS : PAIRS.filter(({ linear }) => linear);
  for (const { library, options, rounds: most = rounds } of pairs) {
    const values: number[] = [];
    const turns = Math.min(rounds, most);
    const request = { library, options, threads: availableParallelism() };
    // The first call, which compiles and loads code, does not count, except where it takes minutes.
    if (turns > 1) for (const side of sides) await side.ask('estimator', request);
    const [own, other] = (await alternate(sides, turns, async (side, round) => {
      const answer = await side.ask('estimator', request);
      const ms = answer['ms'] as number[];
      values[sides.indexOf(side)] = Number(answer['value']);
      console.error(
        `  (g) round ${round + 1} of ${turns}, ${library}, ${side.name}: ${ms.map(Math.round)} ms`,
      );
      return ms;
    })) as [Times, Times];
    times.push({ side: options.estimator!, ms: own.ms }, { side: library, ms: other.ms });
    bars.push({
      what: `times as fast as ${library}`,
      value: median(other.ms) / median(own.ms),
      bar: 1,
      good: 'at least',
      unit: 'x',
    });
    notes.push(`${options.estimator} ${values[0]!.toFixed(4)}, ${library} ${values[1]!.toFixed(4)}`);
  }
  return { letter: 'g', title: `Estimators of ${points}, beside those of their library`, times, bars, notes };
}
