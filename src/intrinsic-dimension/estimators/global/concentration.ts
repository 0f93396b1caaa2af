/** How distances and angles to neighbours concentrate, and the divergence of two such distributions. */

/** The distribution of the distances, by its dimension, and the von Mises distribution of the angles: mean and concentration. */
export interface Concentration {
  readonly dimension: number;
  /** Mean angle in radians. */
  readonly nu: number;
  readonly tau: number;
}

/** The largest concentration: all angles are nearly equal, as at the end of a line. */
const MOST = 1000;

/** The maximum-likelihood von Mises distribution of angles in 0 .. pi (Ceruti et al. 2014). */
export function vonMises(cosines: Float64Array): Pick<Concentration, 'nu' | 'tau'> {
  let cos = 0;
  let sin = 0;
  for (const each of cosines) {
    cos += each / cosines.length;
    sin += Math.sqrt(1 - each * each) / cosines.length;
  }
  return { nu: Math.atan2(sin, cos), tau: Math.min(MOST, inverseRatio(Math.hypot(cos, sin))) };
}

/** The number x with I1(x) / I0(x) = eta, to a few percent (Fisher 1993). */
function inverseRatio(eta: number): number {
  if (eta < 0.53) return 2 * eta + eta ** 3 + (5 * eta ** 5) / 6;
  if (eta < 0.85) return -0.4 + 1.39 * eta + 0.43 / (1 - eta);
  return 1 / Math.max(1 / MOST, eta ** 3 - 4 * eta ** 2 + 3 * eta);
}

/**
 * The Kullback-Leibler divergence of the observed distributions of distances and angles from those of a ball, less terms that
 * are the same for all balls (Ceruti et al. 2014).
 *
 * @param k number of neighbours that the distributions describe
 */
export function divergence(seen: Concentration, ball: Concentration, k: number): number {
  const quotient = ball.dimension / seen.dimension;
  let harmonic = 0;
  let alternating = 1; // (-1)^i times the binomial coefficient of k and i
  let digammas = 0;
  for (let i = 0; i <= k; i++) {
    if (i > 0) {
      harmonic += 1 / i;
      alternating *= -(k - i + 1) / i;
    }
    digammas += alternating * digamma(1 + i / quotient);
  }
  const ofDistances = harmonic * quotient - Math.log(quotient) - (k - 1) * digammas;
  const ofAngles =
    logBessel(ball.tau) -
    logBessel(seen.tau) +
    besselRatio(seen.tau) * (seen.tau - ball.tau * Math.cos(seen.nu - ball.nu));
  return ofDistances + ofAngles;
}

/** log I0(x): I0 is the mean of e^(x cos t) over a period, on which equal steps are exact to rounding. */
function logBessel(x: number): number {
  return x + Math.log(periodMean((t) => Math.exp(x * (Math.cos(t) - 1))));
}

/** I1(x) / I0(x). */
function besselRatio(x: number): number {
  const weight = (t: number): number => Math.exp(x * (Math.cos(t) - 1));
  return periodMean((t) => weight(t) * Math.cos(t)) / periodMean(weight);
}

/** Steps of a half period: their error is I_400(x) / I0(x), below 1e-30 up to x = 1000. */
const STEPS = 200;

function periodMean(f: (t: number) => number): number {
  let sum = (f(0) + f(Math.PI)) / 2;
  for (let s = 1; s < STEPS; s++) sum += f((s * Math.PI) / STEPS);
  return sum / STEPS;
}

/** The derivative of log Gamma, x > 0: the asymptotic series from 10 on, and below it by psi(x) = psi(x + 1) - 1 / x. */
function digamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift -= 1 / z;
  const f = 1 / (z * z);
  const series =
    f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f * (1 / 240 - f * (1 / 132 - (f * 691) / 32760)))));
  return shift + Math.log(z) - 1 / (2 * z) - series;
}
