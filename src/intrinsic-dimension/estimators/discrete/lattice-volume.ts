/** How many points of a lattice lie in a ball, for any dimension (Macocco et al. 2023, equation 7). */

/** The share of a ball's lattice points that lie in a smaller ball, and its derivative by the dimension. */
export interface VolumeShare {
  readonly share: number;
  /** Below 0. */
  readonly slope: number;
}

/** Above this the sums are divided by it, so that none overflows. */
const LARGE = 2 ** 500;

/**
 * V(inner, d) / V(outer, d), where V(r, d) is the number of points of a d-dimensional lattice within the Manhattan distance r of one of them,
 *
 *   V(r, d) = C(d + r, d) 2F1(-d, -r; -d - r; -1),
 *
 * the coefficients of (1 + x)^d / (1 - x)^(d + 1). Hence r V(r) = (2d + 1) V(r - 1) + (r - 1) V(r - 2), all terms of which are positive.
 *
 * @param inner radius, a whole number of at least 0
 * @param outer radius, a whole number above `inner`
 * @param d dimension, at least 0
 */
export function volumeShare(inner: number, outer: number, d: number): VolumeShare {
  let [before, beforeSlope] = [0, 0];
  let [volume, slope] = [1, 0];
  let [small, smallSlope] = [1, 0];
  for (let r = 1; r <= outer; r++) {
    const next = ((2 * d + 1) * volume + (r - 1) * before) / r;
    const nextSlope = ((2 * d + 1) * slope + 2 * volume + (r - 1) * beforeSlope) / r;
    [before, beforeSlope, volume, slope] = [volume, slope, next, nextSlope];
    if (r === inner) [small, smallSlope] = [volume, slope];
    if (volume < LARGE) continue;
    before /= LARGE;
    beforeSlope /= LARGE;
    volume /= LARGE;
    slope /= LARGE;
    small /= LARGE;
    smallSlope /= LARGE;
  }
  const share = small / volume;
  return { share, slope: smallSlope / volume - share * (slope / volume) };
}

/** The dimension in which the share is `share`, which falls from 1 in dimension 0 towards 0. */
export function dimensionOfShare(inner: number, outer: number, share: number): number {
  let [low, high] = [0, 1];
  while (volumeShare(inner, outer, high).share > share) [low, high] = [high, 2 * high];
  // The logarithm of the share is nearly a line in d, so that Newton's steps are few; where one leaves the bracket, it is halved.
  let d = (low + high) / 2;
  for (let step = 0; step < 200; step++) {
    const found = volumeShare(inner, outer, d);
    if (found.share > share) low = d;
    else high = d;
    let next = d - (Math.log(found.share / share) * found.share) / found.slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (Math.abs(next - d) <= 1e-15 * d) return next;
    d = next;
  }
  return d;
}
