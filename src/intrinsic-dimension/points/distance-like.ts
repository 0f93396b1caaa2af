/** Detects a matrix of distances that was given in place of coordinates. */

/**
 * True for a square, symmetric matrix of non-negative numbers with zeros on its diagonal. Such data are distances, and
 * coordinates only by mistake.
 *
 * @param data [n * d] in C order
 */
export function looksLikeDistances(
  data: Float32Array | Float64Array,
  [n, d]: readonly [number, number],
): boolean {
  if (n !== d || n < 3) return false;
  for (let i = 0; i < n; i++) {
    if (data[i * n + i] !== 0) return false;
    for (let j = 0; j < i; j++) {
      const [there, back] = [data[i * n + j]!, data[j * n + i]!];
      if (!(there >= 0 && Math.abs(there - back) <= 1e-6 * there)) return false;
    }
  }
  return true;
}
