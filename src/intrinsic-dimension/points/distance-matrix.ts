/** A matrix of distances between points that need no coordinates, without those at distance 0 from another. */
import { inWords } from '../../given';
import { counted } from '../../number-format';
import { NoEstimateError } from '../no-estimate';
import { assertFinite } from './distinct-points';
import {
  type DistanceMatrix,
  type FlatRows,
  flatRows,
  flattenArrays,
  flattenTensor,
  isTensor,
} from './points';

/**
 * Reads a matrix of distances, and removes the points at distance 0 from an earlier one.
 *
 * @throws RangeError when it is not square; NoEstimateError when it is not symmetric, for negative values and values that are not
 *   finite, and when fewer than 3 distinct points remain
 */
export async function readDistances({ distances }: DistanceMatrix): Promise<{
  readonly n: number;
  readonly duplicates: number;
  readonly kept: Int32Array;
  readonly copies: Int32Array;
  readonly distances: Float64Array;
}> {
  const { data, n, d } = await flattenMatrix(distances);
  if (n !== d) throw new RangeError(`distances must be a square matrix, got ${counted(n, 'row')} of ${d}`);
  assertFinite(flatRows(data, n, d));
  const kept: number[] = [];
  const copies: number[] = [];
  for (let i = 0; i < n; i++) {
    if (data[i * n + i] !== 0)
      throw new NoEstimateError(
        `the distance of point ${i} (counted from 0) to itself is ${data[i * n + i]}, and it must be 0`,
        'give distances, in which small means near',
      );
    for (let j = 0; j < i; j++) {
      const [there, back] = [data[i * n + j]!, data[j * n + i]!];
      if (there < 0)
        throw new NoEstimateError(
          `the distance of points ${i} and ${j} (counted from 0) is ${there}, and it must not be negative`,
          'give distances, in which small means near',
        );
      if (Math.abs(there - back) > 1e-6 * Math.max(there, back)) {
        throw new NoEstimateError(
          `distances must be symmetric, but row ${i}, column ${j} (counted from 0) is ${there}, and row ${j}, column ${i} is ${back}`,
          'give the mean of the matrix and its transpose',
        );
      }
    }
    const first = kept.findIndex((j) => data[i * n + j] === 0);
    if (first < 0) {
      kept.push(i);
      copies.push(1);
    } else copies[first]!++;
  }
  const m = kept.length;
  const duplicates = n - m;
  if (m < 3)
    throw new NoEstimateError(
      `need at least 3 distinct points, got ${m} (${counted(duplicates, 'duplicate')} removed)`,
      'give more points',
    );
  const distinct = new Float64Array(m * m);
  kept.forEach((i, a) => {
    kept.forEach((j, b) => {
      distinct[a * m + b] = (data[i * n + j]! + data[j * n + i]!) / 2;
    });
  });
  return {
    n: m,
    duplicates,
    kept: Int32Array.from(kept),
    copies: Int32Array.from(copies),
    distances: distinct,
  };
}

async function flattenMatrix(distances: DistanceMatrix['distances']): Promise<FlatRows> {
  if (typeof distances !== 'object' || distances === null)
    throw new TypeError(`distances must be a matrix, got ${inWords(distances)}`);
  if (isTensor(distances)) return flattenTensor(distances);
  if (Array.isArray(distances)) return flattenArrays(distances);
  if (distances instanceof Float32Array || distances instanceof Float64Array) return flatSquare(distances);
  throw new TypeError('distances must be a tensor, number[][], Float32Array or Float64Array');
}

function flatSquare(data: Float32Array | Float64Array): FlatRows {
  const n = Math.round(Math.sqrt(data.length));
  if (n * n !== data.length) {
    throw new RangeError(
      `distances must be a square matrix, got ${counted(data.length, 'number')}, which is not a square number`,
    );
  }
  return flatRows(data, n, n);
}
