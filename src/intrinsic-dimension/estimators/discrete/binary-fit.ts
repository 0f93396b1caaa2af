/** The fit of BID's model of Hamming distances: P(r) proportional to C(d0 + d1 r, r) / 2^(d0 + d1 r) (Acevedo et al. 2024). */

/** The parameters that were found. */
export interface BinaryFit {
  readonly d0: number;
  readonly d1: number;
}

/** The model and its divergence from a histogram, with derivatives by d0 and d1. */
interface Look {
  /** The Kullback-Leibler divergence, up to what does not depend on d0 and d1; infinite where d(r) <= r - 1 for a distance. */
  readonly divergence: number;
  /** [distances] d/dd0 of each log weight; that by d1 is r times it. */
  readonly slopes: Float64Array;
  /** The mean of `slopes` under the model, and of r times them. */
  readonly means: readonly [number, number];
  readonly gradient: readonly [number, number];
  /** d0 d0, d0 d1, d1 d1 */
  readonly hessian: readonly [number, number, number];
}

/** Newton's steps that are tried. */
const STEPS = 500;
/** How near to the minimum, relative to it, the divergence itself leads. */
const ROUGH = 1e-4;

/**
 * The parameters for which the divergence is smallest: Newton's method, with steps halved until they help, from the library's first guesses:
 * d(r) = R + r with the farthest distance R, and d0 = .05 .. .95 L with the slope that gives the mean distance.
 *
 * @param distances that occur, rising
 * @param shares of the pairs at each, with sum 1
 * @param bits L
 * @returns undefined where no minimum was found
 */
export function fitBinary(
  distances: readonly number[],
  shares: Float64Array,
  bits: number,
): BinaryFit | undefined {
  const mean = distances.reduce((sum, r, p) => sum + r * shares[p]!, 0);
  const guesses = Array.from({ length: 19 }, (_, g) => {
    const d0 = (bits * (g + 1)) / 20;
    return { d0, d1: 2 - d0 / mean };
  });
  const look = ({ d0, d1 }: BinaryFit): Look => lookAt(distances, shares, d0, d1);
  let best: BinaryFit = { d0: distances.at(-1)!, d1: 1 };
  for (const guess of guesses) if (look(guess).divergence < look(best).divergence) best = guess;
  const farthest = distances.at(-1)!;
  // How far a step moves d0, or d(r) at the farthest distance.
  const sizeOf = ([by0, by1]: readonly [number, number]): number => Math.abs(by0) + farthest * Math.abs(by1);
  let damping = 1e-3;
  for (let step = 0; step < STEPS; step++) {
    const now = look(best);
    const change = newtonStep(now, damping);
    const next = moved(best, change);
    if (look(next).divergence < now.divergence) {
      best = next;
      damping /= 10;
    } else if (sizeOf(change) <= ROUGH * Math.abs(best.d0)) break;
    else damping = Math.max(10 * damping, 1e-12);
  }
  // The divergence is flat to rounding within about 1e-8 of its minimum; its gradient goes on to tell where that is.
  let last = ROUGH * Math.abs(best.d0);
  for (let step = 0; step < STEPS; step++) {
    const change = newtonStep(look(best), 0);
    if (!(sizeOf(change) < last)) return step > 0 && best.d0 > 0 ? best : undefined;
    last = sizeOf(change);
    best = moved(best, change);
  }
  return undefined;
}

function moved({ d0, d1 }: BinaryFit, [by0, by1]: readonly [number, number]): BinaryFit {
  return { d0: d0 + by0, d1: d1 + by1 };
}

/**
 * [distances] How far a pair at each distance moves d0, times the number of pairs: the inverse of the divergence's second derivatives times the
 * pair's score.
 */
export function scoreOf(
  { d0, d1 }: BinaryFit,
  distances: readonly number[],
  shares: Float64Array,
): Float64Array {
  const { slopes, means, hessian } = lookAt(distances, shares, d0, d1);
  const [a, b, c] = hessian;
  return slopes.map((slope, p) => {
    const [by0, by1] = [slope - means[0], distances[p]! * slope - means[1]];
    return (c * by0 - b * by1) / (a * c - b * b);
  });
}

/** A step of Levenberg and Marquardt: Newton's, turned towards the gradient where the divergence is not convex. */
function newtonStep({ gradient: [g0, g1], hessian: [a, b, c] }: Look, damping: number): [number, number] {
  let [aa, cc] = [a + damping * Math.abs(a), c + damping * Math.abs(c)];
  if (aa <= 0 || aa * cc - b * b <= 0) {
    const lift = Math.abs(a) + Math.abs(b) + Math.abs(c);
    aa = Math.abs(a) + Math.abs(b) + 1e-6 * lift;
    cc = Math.abs(c) + Math.abs(b) + 1e-6 * lift;
  }
  const determinant = aa * cc - b * b;
  return [(b * g1 - cc * g0) / determinant, (b * g0 - aa * g1) / determinant];
}

/** log C(d, r) / 2^d = sum over j < r of log(d - j), less log r! and d log 2. */
function lookAt(distances: readonly number[], shares: Float64Array, d0: number, d1: number): Look {
  const size = distances.length;
  const logs = new Float64Array(size);
  const slopes = new Float64Array(size);
  const curves = new Float64Array(size);
  for (const [p, r] of distances.entries()) {
    const d = d0 + d1 * r;
    if (!(d > r - 1)) return NOWHERE;
    logs[p] = -d * Math.LN2;
    slopes[p] = -Math.LN2;
    for (let j = 0; j < r; j++) {
      logs[p]! += Math.log((d - j) / (j + 1));
      slopes[p]! += 1 / (d - j);
      curves[p]! -= 1 / (d - j) ** 2;
    }
  }
  const highest = logs.reduce((most, each) => Math.max(most, each));
  const weights = logs.map((each) => Math.exp(each - highest));
  const total = weights.reduce((sum, each) => sum + each, 0);
  let divergence = Math.log(total) + highest;
  const [gradient, means] = [
    [0, 0],
    [0, 0],
  ];
  const [moments, curvature] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (const [p, r] of distances.entries()) {
    const model = weights[p]! / total;
    const difference = model - shares[p]!;
    const slope = slopes[p]!;
    divergence -= shares[p]! * logs[p]!;
    means[0]! += model * slope;
    means[1]! += model * slope * r;
    gradient[0]! += difference * slope;
    gradient[1]! += difference * slope * r;
    for (let power = 0; power < 3; power++) {
      moments[power]! += model * slope ** 2 * r ** power;
      curvature[power]! += difference * curves[p]! * r ** power;
    }
  }
  const [m0, m1] = means as [number, number];
  return {
    divergence,
    slopes,
    means: [m0, m1],
    gradient: gradient as [number, number],
    hessian: [
      moments[0]! - m0 * m0 + curvature[0]!,
      moments[1]! - m0 * m1 + curvature[1]!,
      moments[2]! - m1 * m1 + curvature[2]!,
    ],
  };
}

const NOWHERE: Look = {
  divergence: Number.POSITIVE_INFINITY,
  slopes: new Float64Array(),
  means: [0, 0],
  gradient: [0, 0],
  hessian: [1, 0, 1],
};
