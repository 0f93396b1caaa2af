/** One Markov chain of Hidalgo's mixture: labels, weights and dimensions, drawn alternately (Gibbs sampling). */
import { logGammas, mulberry32 } from '../../random';
import type { NeighbourTable } from '../search/neighbour-table';

/** The mixture and its priors. */
export interface Mixture {
  /** The number of components, few of which contain points if `weightPrior` is small. */
  readonly components: number;
  /** The number of neighbours of each point that tend to belong to its component. */
  readonly q: number;
  /** The weight of a neighbour in the same component; a neighbour in another component has the weight 1 - xi. */
  readonly xi: number;
  /** Parameter of the symmetric Dirichlet prior for the weights. */
  readonly weightPrior: number;
  /** Shape and rate of the gamma prior for the dimensions. */
  readonly priorShape: number;
  readonly priorRate: number;
}

/** The state of a chain. */
export interface ChainState {
  /** [points] */
  readonly labels: Int32Array;
  /** [components] */
  readonly dimensions: Float64Array;
  /** Logarithm of the density of the data and the labels, given weights and dimensions. */
  readonly logDensity: number;
}

/** The data that the chains share. */
export interface MixtureData {
  /** [points] log(r2 / r1) */
  readonly x: Float64Array;
  /** [points] The points among the q neighbours of each point, and those that have it among theirs, listed once for each. */
  readonly linked: readonly Int32Array[];
  /** [points + 1] Logarithm of the sum over all possible neighbours of a point, by the size of its component. */
  readonly logZ: Float64Array;
}

/** Collects the data that does not change from draw to draw. */
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

/** A chain that starts with random labels; each call returns its next state, whose arrays are reused. */
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
      // Every point of a component has the factor 1 / Z of the component's size, which grows by this point.
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
      // Each pair of linked points occurs twice, once from each end.
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
