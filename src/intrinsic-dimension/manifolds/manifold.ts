/** Random points on a manifold that is chosen by its name: those of scikit-dimension, on which estimators are compared. */
import { assertGiven, inWords, type Kinds, NUMBER, nearest, oneOf, SEED } from '../../given';
import { logGammas, mulberry32, normals, streamSeed } from '../../random';
import { BENCHMARK } from './benchmark';
import type { Manifold, Random } from './definition';
import { GENERATORS } from './generators';
import type { PointSet } from './manifolds';

const REGISTRY = [...BENCHMARK, ...GENERATORS] as const;

/** The name of a manifold. */
export type ManifoldName = (typeof REGISTRY)[number]['name'];

/** A row of the table of manifolds. */
export interface ManifoldInfo {
  readonly name: ManifoldName;
  /** The intrinsic dimension, unless another is asked for; the largest one where it differs from point to point. */
  readonly dimension: number;
  /** The number of coordinates, unless another is asked for. */
  readonly coordinates: number;
  /** True if it exists in every dimension. */
  readonly anyDimension: boolean;
  readonly summary: string;
  readonly source: string;
}

/** All manifolds that have a name: the 24 benchmark manifolds first. */
export const MANIFOLDS: readonly ManifoldInfo[] = REGISTRY.map((manifold: Manifold<ManifoldName>) => {
  const { name, dimension, anyDimension = false, summary, source } = manifold;
  return { name, dimension, coordinates: coordinatesOf(manifold, dimension), anyDimension, summary, source };
});

/** The names of the 24 benchmark manifolds. */
export const BENCHMARK_MANIFOLDS: readonly ManifoldName[] = BENCHMARK.map(({ name }) => name);

const NOISE_TYPES = ['normal', 'uniform'] as const;

export interface NamedManifoldOptions {
  /** The number of points. */
  readonly points: number;
  /** @default 0 */
  readonly seed?: number;
  /** Intrinsic dimension. @default that of the table, {@link MANIFOLDS} */
  readonly dimension?: number;
  /**
   * Number of coordinates. What the manifold does not need is filled with zeros, or with copies of its coordinates where the table's
   * manifold has copies (M4, M6, M8, Mbeta, Mn).
   * @default that of the table
   */
  readonly coordinates?: number;
  /** Noise that is added to every coordinate: the standard deviation if it is normal, and the width if it is uniform. @default 0 */
  readonly noise?: number;
  /** The distribution of the noise; scikit-dimension's default is uniform. @default 'normal' */
  readonly noiseType?: (typeof NOISE_TYPES)[number];
}

/** Points on a manifold that has a name. */
export interface NamedPointSet extends PointSet {
  /** [points] The dimension at each point, where it is not the same everywhere (lineDiskBall, swissRoll3Sph). */
  readonly dimensions?: Float64Array;
}

const KINDS: Kinds<NamedManifoldOptions> = {
  points: NUMBER,
  seed: SEED,
  dimension: NUMBER,
  coordinates: NUMBER,
  noise: NUMBER,
  noiseType: oneOf(NOISE_TYPES),
};

/**
 * Random points on a manifold of the table {@link MANIFOLDS}. The points of a seed do not depend on the noise.
 *
 * @example manifold('M7_Roll', { points: 2000, noise: 0.01 })
 * @throws RangeError for an unknown name, with the nearest one; for an option that is unknown, out of range or without effect
 */
export function manifold(name: ManifoldName, options: NamedManifoldOptions): NamedPointSet {
  const chosen: Manifold | undefined = REGISTRY.find((each) => each.name === name);
  const names = REGISTRY.map((each) => each.name);
  if (!chosen)
    throw new RangeError(
      `no manifold ${inWords(name)}: did you mean '${nearest(String(name), names)}'? Choose one of ${names.join(', ')}`,
    );
  assertGiven('manifold', options, KINDS);
  const { points, seed = 0 } = options;
  assertWhole('points', points);
  const dimension = dimensionOf(chosen, options);
  const width = widthOf(chosen, dimension, options);
  const own = chosen.own(dimension);
  const data = new Float64Array(points * width);
  const dimensions = new Float64Array(points).fill(dimension);
  const draw = chosen.drawer({ dimension, points, random: randomOf(seed) });
  for (let p = 0; p < points; p++) {
    const row = data.subarray(p * width, (p + 1) * width);
    dimensions[p] = draw(row.subarray(0, own)) ?? dimension;
    if (chosen.further === 'copies') for (let i = own; i < width; i++) row[i] = row[i - own]!;
  }
  addNoise(data, options);
  return {
    name,
    dimension,
    data,
    shape: [points, width],
    ...(dimensions.every((each) => each === dimension) ? {} : { dimensions }),
  };
}

function randomOf(seed: number): Random {
  const uniform = mulberry32(seed);
  const logGamma = logGammas(uniform);
  return {
    uniform,
    normal: normals(uniform),
    // A / (A + B) for gamma-distributed A and B.
    beta: (alpha, beta) => 1 / (1 + Math.exp(-logGamma(alpha) + logGamma(beta))),
  };
}

/** @throws RangeError for another dimension than the only one of a manifold */
function dimensionOf({ name, dimension, anyDimension }: Manifold, options: NamedManifoldOptions): number {
  const wanted = options.dimension ?? dimension;
  if (anyDimension) assertWhole('dimension', wanted);
  else if (wanted !== dimension)
    throw new RangeError(`${name} has dimension ${dimension}, got ${wanted}: leave dimension out`);
  return wanted;
}

/** @throws RangeError for a number of coordinates that the manifold cannot have */
function widthOf(chosen: Manifold, dimension: number, options: NamedManifoldOptions): number {
  const own = chosen.own(dimension);
  const wanted = options.coordinates ?? coordinatesOf(chosen, dimension);
  assertWhole('coordinates', wanted);
  const here = `${chosen.name} of dimension ${dimension}`;
  if (wanted < own)
    throw new RangeError(`coordinates is ${wanted}, but ${here} needs ${own}: give ${own} or more`);
  if (chosen.further === 'copies' && wanted % own !== 0)
    throw new RangeError(
      `coordinates is ${wanted}, but ${here} repeats ${own} coordinates: give a multiple of ${own}`,
    );
  return wanted;
}

function coordinatesOf(chosen: Manifold, dimension: number): number {
  return chosen.coordinates?.(dimension) ?? chosen.own(dimension);
}

/** @throws RangeError for noise that is not a size, and a type without noise */
function addNoise(data: Float64Array, { noise = 0, noiseType, seed = 0 }: NamedManifoldOptions): void {
  if (!(noise >= 0 && noise < Number.POSITIVE_INFINITY))
    throw new RangeError(`noise must be a finite number of at least 0, got ${noise}`);
  if (noise === 0) {
    if (noiseType !== undefined)
      throw new RangeError(`noiseType '${noiseType}' has no effect without noise: give noise, too`);
    return;
  }
  const uniform = mulberry32(streamSeed(seed, 1));
  const draw = (noiseType ?? 'normal') === 'uniform' ? () => uniform() - 0.5 : normals(uniform);
  for (let i = 0; i < data.length; i++) data[i]! += noise * draw();
}

function assertWhole(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`manifold: ${what} must be a whole number of at least 1, got ${value}`);
}
