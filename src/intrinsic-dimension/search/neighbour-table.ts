/** Tables of nearest neighbours, and the lists from which they are built during a search. */

/**
 * The neighbours of each point, nearest first, without the point itself. If fewer than k were enough for a point, the rest
 * of its row is -1 and infinite.
 */
export interface NeighbourTable {
  readonly n: number;
  readonly k: number;
  /** [n * k] */
  readonly indices: Int32Array;
  /** [n * k] Euclidean distances in float64. */
  readonly distances: Float64Array;
  /** The number of points whose shortlist could not be proven complete, and that were compared with all others. */
  readonly searchedAgain: number;
  /** The number of points that were left out because they are exactly equal to an earlier one. @default none */
  readonly duplicates?: number;
}

/**
 * The number of a point's neighbours that are needed, 1 .. k, given the nearest so far, or k if these are too few to decide.
 * It is asked for again whenever a nearer one is found, which must never increase the number.
 */
export type Depth = (i: number, nearest: Int32Array) => number;

/** The k nearest neighbours of each point that were found so far. */
export class NeighbourLists {
  /** [n * k] The neighbours, nearest first; -1 if fewer than k were found. */
  readonly #indices: Int32Array;
  /** [n * k] Their squared distances; infinite if fewer than k were found. */
  readonly #squared: Float64Array;
  /** [n] The number of neighbours found. */
  readonly #found: Int32Array;
  /** [n] The number of them that are needed at present. */
  readonly #needed: Int32Array;
  /** [n] For each point, the number of the last call of `mark` that met it. */
  readonly #marks: Int32Array;
  #calls = 0;

  /** @param depth without it, all k neighbours are needed */
  constructor(
    readonly n: number,
    readonly k: number,
    readonly depth?: Depth,
  ) {
    this.#indices = new Int32Array(n * k).fill(-1);
    this.#squared = new Float64Array(n * k).fill(Number.POSITIVE_INFINITY);
    this.#found = new Int32Array(n);
    this.#needed = new Int32Array(n).fill(k);
    this.#marks = new Int32Array(n);
  }

  /** The squared distance to the last neighbour of `i` that is needed. */
  farthest(i: number): number {
    return this.#squared[i * this.k + this.#needed[i]! - 1]!;
  }

  /** Marks the points that are in the list of `i`, and no others. */
  mark(i: number): void {
    this.#calls++;
    for (let p = i * this.k, end = p + this.#found[i]!; p < end; p++)
      this.#marks[this.#indices[p]!] = this.#calls;
  }

  /** True if the last call of `mark` marked the point. */
  isMarked(j: number): boolean {
    return this.#marks[j] === this.#calls;
  }

  /**
   * Keeps `j` if it is among the needed neighbours of `i` so far, and is not in the list yet. Of neighbours at the same distance,
   * the one with the smaller number comes first.
   */
  offer(i: number, j: number, squared: number): boolean {
    const begin = i * this.k;
    const last = begin + this.#needed[i]! - 1;
    if (!(squared < this.#squared[last]!)) {
      // Where fewer neighbours may be enough, one that is as far as the last must not replace it: it could decide less.
      if (this.depth || squared > this.#squared[last]! || !(j < this.#indices[last]!)) return false;
    }
    const end = begin + this.#found[i]!;
    let place = end;
    while (place > begin && this.#squared[place - 1]! > squared) place--;
    // A pair has the same distance from both sides, so `j` can only stand among those that are as far.
    for (; place > begin && this.#squared[place - 1] === squared && this.#indices[place - 1]! >= j; place--)
      if (this.#indices[place - 1] === j) return false;
    if (end < begin + this.k) this.#found[i]!++;
    for (let p = Math.min(end, begin + this.k - 1); p > place; p--) {
      this.#squared[p] = this.#squared[p - 1]!;
      this.#indices[p] = this.#indices[p - 1]!;
    }
    this.#squared[place] = squared;
    this.#indices[place] = j;
    if (this.depth) this.#needed[i] = this.depth(i, this.#indices.subarray(begin, begin + this.#found[i]!));
    return true;
  }

  /** The lists as a table, without entries beyond the needed neighbours, whose search was not completed. */
  table(searchedAgain: number): NeighbourTable {
    const { n, k } = this;
    for (let i = 0; i < n; i++) {
      const [end, next] = [i * k + this.#needed[i]!, (i + 1) * k];
      this.#indices.fill(-1, end, next);
      this.#squared.fill(Number.POSITIVE_INFINITY, end, next);
    }
    const distances = new Float64Array(n * k);
    for (let p = 0; p < distances.length; p++) distances[p] = Math.sqrt(this.#squared[p]!);
    return { n, k, indices: this.#indices, distances, searchedAgain };
  }
}

/** The mean distance to the `order`-th neighbour. */
export function meanDistance({ n, k, distances }: NeighbourTable, order: number): number {
  let mean = 0;
  for (let i = 0; i < n; i++) mean += distances[i * k + order - 1]! / n;
  return mean;
}

/** The share of points whose neighbours the fast search proved by itself. */
export function certifiedShare({ n, searchedAgain }: NeighbourTable): number {
  return 1 - searchedAgain / n;
}
