/** The minimum spanning tree of points: the edges of the smallest total length that join them all. */

/**
 * The lengths of its edges, by Prim's algorithm: each of the n^2 / 2 distances is asked for once and not kept. Any increasing
 * function of the distance, such as its square, gives the same tree.
 *
 * @returns [points] the length of the edge that joined each point to the tree; 0 for the first point
 */
export function spanningLengths(n: number, distance: (i: number, j: number) => number): Float64Array {
  const lengths = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  lengths[0] = 0;
  const outside = Int32Array.from({ length: n - 1 }, (_, i) => i + 1);
  let last = 0;
  for (let left = n - 1; left > 0; left--) {
    let nearest = 0;
    for (let p = 0; p < left; p++) {
      const i = outside[p]!;
      const apart = distance(last, i);
      if (apart < lengths[i]!) lengths[i] = apart;
      if (lengths[i]! < lengths[outside[nearest]!]!) nearest = p;
    }
    last = outside[nearest]!;
    outside[nearest] = outside[left - 1]!;
  }
  return lengths;
}
