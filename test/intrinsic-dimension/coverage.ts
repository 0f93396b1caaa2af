/**
 * How often the default 95 % interval holds the truth on flat tori: the table of docs/intrinsic-dimension.md.
 *
 *     node --import tsx test/intrinsic-dimension/coverage.ts [repetitions] [points]
 */

import {
  type EstimatorOptions,
  estimatorOf,
  isFromNeighbours,
} from '../../src/intrinsic-dimension/estimators/registry';
import {
  independentStandardError,
  normalInterval,
  sandwichStandardError,
} from '../../src/intrinsic-dimension/intervals';
import { space } from '../../src/intrinsic-dimension/points/space';
import type { NeighbourTable } from '../../src/intrinsic-dimension/search/neighbour-table';
import { mulberry32 } from '../../src/random';

const CASES: readonly EstimatorOptions[] = [
  { estimator: 'two-nn' },
  { estimator: 'two-nn-mle' },
  { estimator: 'two-nn-mle', discardFraction: 0.1 },
  { estimator: 'mackay-ghahramani', k: 5 },
  { estimator: 'mackay-ghahramani', k: 10 },
  { estimator: 'levina-bickel', k: 10, unbiased: true },
  { estimator: 'gride', n1: 2, n2: 4 },
  { estimator: 'gride', n1: 4, n2: 8 },
];

/** Distances on the flat torus [0, 1)^d itself: no border, no curvature, so that the truth is the dimension. */
export function torusDistances(points: number, dimension: number, seed: number): Float64Array {
  const uniform = mulberry32(seed);
  const at = Float64Array.from({ length: points * dimension }, uniform);
  const distances = new Float64Array(points * points);
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let c = 0; c < dimension; c++) {
        const apart = Math.abs(at[i * dimension + c]! - at[j * dimension + c]!);
        sum += Math.min(apart, 1 - apart) ** 2;
      }
      distances[i * points + j] = Math.sqrt(sum);
      distances[j * points + i] = distances[i * points + j]!;
    }
  }
  return distances;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function row(options: EstimatorOptions, dimension: number, tables: readonly NeighbourTable[]): string {
  const estimator = estimatorOf(options);
  if (!isFromNeighbours(estimator)) throw new Error(`${options.estimator} needs more than neighbours`);
  const estimates = tables.map((table) => {
    const { value, influences: influencesOf, neighbours } = estimator.estimate(table);
    const influences = influencesOf();
    const sandwich = sandwichStandardError(influences, table, neighbours);
    return { value, sandwich, iid: independentStandardError(influences) };
  });
  const average = mean(estimates.map(({ value }) => value));
  const spread = Math.sqrt(
    estimates.reduce((sum, { value }) => sum + (value - average) ** 2, 0) / (estimates.length - 1),
  );
  const held = (kind: 'sandwich' | 'iid'): number =>
    mean(
      estimates.map((estimate) => {
        const { lower, upper } = normalInterval(estimate.value, estimate[kind], 0.95);
        return lower < dimension && dimension < upper ? 100 : 0;
      }),
    );
  const cells = [
    Object.values(options).join(' '),
    dimension,
    ...[average, spread, mean(estimates.map((e) => e.sandwich)), mean(estimates.map((e) => e.iid))].map((x) =>
      x.toFixed(3),
    ),
    ...[held('sandwich'), held('iid')].map((share) => `${share.toFixed(1)} %`),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(repetitions = 200, points = 1000): Promise<void> {
  const columns = [
    'estimator',
    'truth',
    'mean',
    'spread',
    'claimed',
    'claimed by iid',
    'coverage',
    'coverage of iid',
  ];
  console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
  for (const dimension of [2, 5]) {
    const tables: NeighbourTable[] = [];
    for (let seed = 1; seed <= repetitions; seed++) {
      const set = await space({ distances: torusDistances(points, dimension, seed) });
      tables.push(await set.neighbours(10, {}));
    }
    for (const options of CASES) console.log(row(options, dimension, tables));
  }
}

if (require.main === module) void main(...process.argv.slice(2).map(Number));
