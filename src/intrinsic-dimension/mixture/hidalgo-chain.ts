/** One Markov chain of Hidalgo's mixture: labels, weights and dimensions, drawn in turns (Gibbs sampling). */
import { logGammas, mulberry32 } from '../../random';
import type { NeighbourTable } from '../search/neighbour-table';

/** The mixture and its priors. */
export interface Mixture {
  /** Components, of which few are filled where `weightPrior` is small. */
  readonly components: number;
  /** Neighbours of each point that tend to be of its component. */
  readonly q: number;
  /** How much more a neighbour is of the same component: odds of xi to 1 - xi. */
  readonly xi: number;
  /** Parameter of the symmetric Dirichlet prior of the weights. */
  readonly weightPrior: number;
  /** Shape and rate of the gamma prior of the dimensions. */
  readonly priorShape: number;
  readonly priorRate: number;
}

/** Where a chain is. */
export interface ChainState {
  /** [points] */
  readonly labels: Int32Array;
  /** [components] */
  readonly dimensions: Float64Array;
  /** Logarithm of the density of the data and the labels, given weights and dimensions. */
  readonly logDensity: number;
}

/** What chains have in common. */
export interface MixtureData {
  /** [points] log(r2 / r1) */
  readonly x: Float64Array;
  /** [points] The points that each has among its q neighbours, and those that have it, once for each. */
  readonly linked: readonly Int32Array[];
  /** [points + 1] Logarithm of the sum over all possible neighbours of a point in a component of so many. */
  readonly logZ: Float64Array;
}

/** Collects what does not change from draw to draw. */
export function mixtureData(
  x: Float64Array,
  { n, k, indices }: NeighbourTable,
  { q, xi }: Mixture,
): MixtureData {
  const linked = Array.from({ length: n }, (): number[] => []);
  for (let i = 0; i < n; i++) {
    for (let p = i * k; p < i * k + q; p++) {
      linked[i]!.push(indices[p]!);
      linked[indices[p]!]!.push(i);
    }
  }
  const logZ = Float64Array.from({ length: n + 1 }, (_, size) => logNeighbourSum(size, n, q, xi));
  return { x, linked: linked.map((each) => Int32Array.from(each)), logZ };
}

/**
 * log Z = log of the sum over b of C(N_k - 1, b) C(N - N_k, q - b) xi^b (1 - xi)^(q - b), over all ways to choose q neighbours, b of
 * them in the component (Allegra et al. 2020).
 */
function logNeighbourSum(size: number, n: number, q: number, xi: number): number {
  let sum = 0;
  for (let b = 0; b <= q; b++)
    sum += choose(size - 1, b) * choose(n - size, q - b) * xi ** b * (1 - xi) ** (q - b);
  return Math.log(sum);
}

function choose(n: number, k: number): number {
  if (n < k) return 0;
  let product = 1;
  for (let i = 1; i <= k; i++) product *= (n - k + i) / i;
  return product;
}

/** A chain from random labels; each call gives its next state, whose arrays are used again. */
export function hidalgoChain(data: MixtureData, mixture: Mixture, seed: number): () => ChainState {
  const { x } = data;
  const { components: K, weightPrior, priorShape, priorRate, xi } = mixture;
  const n = x.length;
  const uniform = mulberry32(seed);
  const logGamma = logGammas(uniform);
  const labels = Int32Array.from({ length: n }, () => Math.floor(uniform() * K));
  const sizes = new Int32Array(K);
  for (const label of labels) sizes[label]!++;
  const dimensions = new Float64Array(K);
  const logWeights = new Float64Array(K);
  const sums = new Float64Array(K);
  const logs = new Float64Array(K);
  const counts = new Int32Array(K);
  const bond = Math.log(xi / (1 - xi));

  const drawComponents = (): void => {
    sums.fill(0);
    for (let i = 0; i < n; i++) sums[labels[i]!]! += x[i]!;
    let total = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < K; k++) {
      dimensions[k] = Math.exp(logGamma(priorShape + sizes[k]!)) / (priorRate + sums[k]!);
      logWeights[k] = logGamma(weightPrior + sizes[k]!);
      total = Math.max(total, logWeights[k]!);
    }
    const sum = logWeights.reduce((all, each) => all + Math.exp(each - total), 0);
    for (let k = 0; k < K; k++) logWeights[k]! -= total + Math.log(sum);
  };

  const drawLabel = (i: number): void => {
    sizes[labels[i]!]!--;
    counts.fill(0);
    for (const j of data.linked[i]!) counts[labels[j]!]!++;
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < K; k++) {
      const others = sizes[k]!;
      // Every point of a component has 1 / Z of its size, which grows by this point.
      const normalised =
        others > 0
          ? others * (data.logZ[others]! - data.logZ[others + 1]!) - data.logZ[others + 1]!
          : -data.logZ[1]!;
      logs[k] =
        logWeights[k]! + Math.log(dimensions[k]!) - dimensions[k]! * x[i]! + counts[k]! * bond + normalised;
      most = Math.max(most, logs[k]!);
    }
    let left = 0;
    for (let k = 0; k < K; k++) {
      logs[k] = Math.exp(logs[k]! - most);
      left += logs[k]!;
    }
    left *= uniform();
    let chosen = 0;
    while (chosen < K - 1 && left >= logs[chosen]!) left -= logs[chosen++]!;
    labels[i] = chosen;
    sizes[chosen]!++;
  };

  const logDensity = (): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const k = labels[i]!;
      sum += logWeights[k]! + Math.log(dimensions[k]!) - dimensions[k]! * x[i]! - data.logZ[sizes[k]!]!;
      // Each pair of linked points is met from both of its ends.
      for (const j of data.linked[i]!) if (labels[j] === k) sum += bond / 2;
    }
    return sum;
  };

  return () => {
    drawComponents();
    for (let i = 0; i < n; i++) drawLabel(i);
    return { labels, dimensions, logDensity: logDensity() };
  };
}
