/** Points that are much nearer to each other than their neighbourhoods suggest: copies that were rounded or moved a little. */
import type { NeighbourTable } from '../../search/neighbour-table';

/** A gap is looked for after each of the first neighbours; larger groups of copies count as clusters. */
const FIRST = 8;
/** The local dimension comes from the neighbours between these. */
const [FROM, TO] = [10, 24];
/** The least logarithm of the ratio of distances at a gap; on a lattice, ratios of sqrt(2) occur. */
const APART = Math.log(3);
/** The probabilities of a gap that are tried as limits, from the largest to the smallest. */
const CHANCES = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-8];
/** Two gaps with probabilities below this are enough. */
const HARDLY = 1e-3;

/** Near duplicates that were found. */
export interface NearDuplicates {
  /** The number of points with a copy nearby. */
  readonly points: number;
  /** The number that would be so near by chance. */
  readonly expected: number;
  /** Their median distance to the copy. */
  readonly distance: number;
  /** The median distance of all points to the nearest one that is no copy of them. */
  readonly usual: number;
  /** The points without the copies: the first of each group is kept. */
  readonly kept: Int32Array;
}

/**
 * Finds near duplicates by the gap after them. If the density is even, j d log(r_(j+1) / r_j) is exponential for each j
 * (Denti et al. 2022, theorem 2.1). With the dimension d from neighbours 10 to 24, which is based on m = 14 such gaps, the
 * probability of a gap t is (1 + t / m)^-m, whatever d is. If there are more unlikely gaps than chance allows, they belong to
 * near duplicates.
 */
export function nearDuplicates(table: NeighbourTable): NearDuplicates | undefined {
  const { n, k, distances } = table;
  const far = Math.min(TO, k);
  const gaps = far - FROM;
  if (gaps < 5) return undefined;
  const gap = (i: number, j: number): number =>
    j * Math.log(distances[i * k + j]! / distances[i * k + j - 1]!);
  // chances[j - 1][i] is the probability of the gap after neighbour j of point i.
  const chances = Array.from({ length: FIRST }, () => new Float64Array(n).fill(1));
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = FROM; j < far; j++) sum += gap(i, j);
    if (!(sum > 0)) continue;
    for (let j = 1; j <= FIRST; j++)
      if (gap(i, j) > j * APART) chances[j - 1]![i] = (1 + gap(i, j) / sum) ** -gaps;
  }
  const groups = new Groups(n);
  const found = new Set<number>();
  const beyond = Float64Array.from({ length: n }, (_, i) => distances[i * k]!);
  let expected = 0;
  for (const [c, chance] of chances.entries()) {
    const limit = limitOf(chance, n);
    if (limit === undefined) continue;
    expected += limit * n;
    for (let i = 0; i < n; i++) {
      if (chance[i]! >= limit) continue;
      found.add(i);
      beyond[i] = distances[i * k + c + 1]!;
      for (let p = i * k; p <= i * k + c; p++) groups.join(i, table.indices[p]!);
    }
  }
  if (found.size === 0) return undefined;
  return {
    points: found.size,
    expected,
    distance: median(Float64Array.from(found, (i) => distances[i * k]!)),
    usual: median(beyond),
    kept: Int32Array.from([...Array(n).keys()].filter((i) => groups.first(i) === i)),
  };
}

/**
 * The limit of the probability below which there are far more points than chance allows. It is the smallest limit that still
 * finds all of them, so that hardly any other point is found.
 */
function limitOf(chances: Float64Array, n: number): number | undefined {
  const below = (chance: number): number => chances.reduce((sum, each) => sum + (each < chance ? 1 : 0), 0);
  const largest = CHANCES.find((chance) => {
    const expected = chance * n;
    return below(chance) >= (expected <= HARDLY ? 2 : 5 * expected + 6 * Math.sqrt(expected) + 3);
  });
  if (largest === undefined) return undefined;
  const [all, allowed] = [below(largest), largest * n];
  return CHANCES.filter((chance) => below(chance) >= all - allowed - 2 * Math.sqrt(allowed)).at(-1);
}

/** Groups of points that belong together; each is named by its first point. */
class Groups {
  readonly #parent: Int32Array;

  constructor(n: number) {
    this.#parent = Int32Array.from({ length: n }, (_, i) => i);
  }

  first(i: number): number {
    let at = i;
    while (this.#parent[at] !== at) at = this.#parent[at]!;
    return at;
  }

  join(i: number, j: number): void {
    const [a, b] = [this.first(i), this.first(j)];
    this.#parent[Math.max(a, b)] = Math.min(a, b);
  }
}

function median(values: Float64Array): number {
  const sorted = values.sort();
  return sorted.length === 0 ? 0 : (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
