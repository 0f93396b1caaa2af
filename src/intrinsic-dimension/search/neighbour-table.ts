/** Tables of nearest neighbours, and the lists that become one while points are found. */

/**
 * Neighbours of each point, nearest first, without the point itself. Where fewer than k were enough for
 * a point, the rest of its row is -1 and infinite.
 */
export interface NeighbourTable {
  readonly n: number;
  readonly k: number;
  /** [n * k] */
  readonly indices: Int32Array;
  /** [n * k] Euclidean distances in float64. */
  readonly distances: Float64Array;
  /** Points whose shortlist could not be proven complete, and that were searched among all others. */
  readonly searchedAgain: number;
  /** Points that are not among the n because an earlier one is exactly equal. @default none */
  readonly duplicates?: number;
}

/**
 * How many of a point's neighbours are needed, 1 .. k, given the nearest so far, or k when these are too few to decide.
 * Asked again whenever a nearer one is found, which must not make a farther one needed.
 */
export type Depth = (i: number, nearest: Int32Array) => number;

/** The k nearest of each point that were found so far. */
export class NeighbourLists {
  /** [n * k] Nearest first; -1 where fewer than k were found. */
  readonly #indices: Int32Array;
  /** [n * k] Their squared distances; infinite where fewer than k were found. */
  readonly #squared: Float64Array;
  /** [n] How many of them are needed as they are now. */
  readonly #needed: Int32Array;

  constructor(
    readonly n: number,
    readonly k: number,
    readonly depth: Depth,
  ) {
    this.#indices = new Int32Array(n * k).fill(-1);
    this.#squared = new Float64Array(n * k).fill(Number.POSITIVE_INFINITY);
    this.#needed = new Int32Array(n).fill(k);
  }

  /** The squared distance of the last neighbour of `i` that is needed. */
  farthest(i: number): number {
    return this.#squared[i * this.k + this.#needed[i]! - 1]!;
  }

  /** Whether `j` is in the list of `i`. */
  has(i: number, j: number): boolean {
    for (let p = i * this.k; p < (i + 1) * this.k; p++) if (this.#indices[p] === j) return true;
    return false;
  }

  /** Keeps `j` if it is among the neighbours of `i` so far that are needed, and is not kept already. */
  offer(i: number, j: number, squared: number): boolean {
    if (!(squared < this.farthest(i)) || this.has(i, j)) return false;
    const begin = i * this.k;
    let p = begin + this.k - 1;
    for (; p > begin && this.#squared[p - 1]! > squared; p--) {
      this.#squared[p] = this.#squared[p - 1]!;
      this.#indices[p] = this.#indices[p - 1]!;
    }
    this.#squared[p] = squared;
    this.#indices[p] = j;
    let end = p + 1;
    while (end < begin + this.k && this.#indices[end]! >= 0) end++;
    this.#needed[i] = this.depth(i, this.#indices.subarray(begin, end));
    return true;
  }

  /** The lists as a table; what lies beyond the needed neighbours was not searched to the end, and is left out. */
  table(searchedAgain: number): NeighbourTable {
    const { n, k } = this;
    for (let i = 0; i < n; i++) {
      const [end, next] = [i * k + this.#needed[i]!, (i + 1) * k];
      this.#indices.fill(-1, end, next);
      this.#squared.fill(Number.POSITIVE_INFINITY, end, next);
    }
    return { n, k, indices: this.#indices, distances: this.#squared.map(Math.sqrt), searchedAgain };
  }
}

/** The mean distance to the `order`-th neighbour. */
export function meanDistance({ n, k, distances }: NeighbourTable, order: number): number {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += distances[i * k + order - 1]! / n;
  return mean;
}

/** Share of the points whose neighbours the fast search proved by itself. */
export function certifiedShare({ n, searchedAgain }: NeighbourTable): number {
  return 1 - searchedAgain / n;
}
