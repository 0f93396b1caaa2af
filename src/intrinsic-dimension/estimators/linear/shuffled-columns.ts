/** The eigenvalues of independent columns: those of the points with each column shuffled. */
import { shuffled, streamSeed } from '../../../random';
import { partOf, pauses } from '../../pauses';
import { type FlatRows, flatRows } from '../../points/points';
import type { SearchOptions } from '../../search/neighbours';
import { eigenvalues } from '../eigen';
import { secondMoments } from '../spectrum';

/** The number of shuffled sets; the second largest of 20 eigenvalues is the 95th percentile. */
const SHUFFLES = 20;

/** For each component, the 95th percentile of its eigenvalue over shuffled points (Buja and Eyuboglu 1992). */
export async function shuffledEigenvalues(
  points: FlatRows,
  seed: number,
  options: SearchOptions,
): Promise<Float64Array> {
  const found: Float64Array[] = [];
  for (let s = 0; s < SHUFFLES; s++) {
    const part = partOf(options, s / SHUFFLES, (s + 1) / SHUFFLES);
    const mixed = await withShuffledColumns(points, streamSeed(seed, s), partOf(part, 0, 0.2));
    const { matrix, size } = await secondMoments(mixed, partOf(part, 0.2, 0.6));
    found.push(await eigenvalues(matrix, size, partOf(part, 0.6, 1)));
  }
  return found[0]!.map((_, m) => Float64Array.from(found, (values) => values[m]!).sort()[SHUFFLES - 2]!);
}

async function withShuffledColumns(
  { data, n, d }: FlatRows,
  seed: number,
  { onProgress, signal }: SearchOptions,
): Promise<FlatRows> {
  const rest = pauses(onProgress, signal);
  const mixed = new Float64Array(n * d);
  for (let c = 0; c < d; c++) {
    const order = shuffled(n, seed, c);
    for (let i = 0; i < n; i++) mixed[i * d + c] = data[order[i]! * d + c]!;
    await rest(c / d);
  }
  return flatRows(mixed, n, d);
}
