/** Random points on shapes of known dimension, for checking estimators by eye and by test. */
import { assertGiven, inWords, type Kinds, NUMBER, SEED } from '../../given';
import { counted } from '../../number-format';
import { mulberry32, normals } from '../../random';
import { onSphere } from './on-sphere';

export interface PointSet {
  readonly name: string;
  /** The true intrinsic dimension, before any noise. */
  readonly dimension: number;
  /** Rows of coordinates, one point after the other. */
  readonly data: Float64Array;
  /** [points, coordinates] */
  readonly shape: readonly [number, number];
}

export interface ManifoldOptions {
  readonly points: number;
  /** Intrinsic dimension. */
  readonly dimension: number;
  /** @default 0 */
  readonly seed?: number;
}

export interface EmbeddingOptions {
  /** Number of coordinates of the embedding space, at least that of the points. */
  readonly coordinates: number;
  /** Standard deviation of the normal noise added to every coordinate. @default 0 */
  readonly noise?: number;
  /** @default 0 */
  readonly seed?: number;
}

const MANIFOLD_KINDS: Kinds<ManifoldOptions> = { points: NUMBER, dimension: NUMBER, seed: SEED };
const EMBEDDING_KINDS: Kinds<EmbeddingOptions> = { coordinates: NUMBER, noise: NUMBER, seed: SEED };

/** Points with a uniform distribution in the unit cube [0, 1]^dimension. */
export function cube(options: ManifoldOptions): PointSet {
  const uniform = mulberry32(options.seed ?? 0);
  return fill('cube', options, options.dimension, (row) => {
    for (let i = 0; i < row.length; i++) row[i] = uniform();
  });
}

/** Points with a standard normal distribution in every coordinate. */
export function gaussian(options: ManifoldOptions): PointSet {
  const normal = normals(mulberry32(options.seed ?? 0));
  return fill('gaussian', options, options.dimension, (row) => {
    for (let i = 0; i < row.length; i++) row[i] = normal();
  });
}

/** Points with a uniform distribution on the unit sphere in dimension + 1 coordinates. */
export function sphere(options: ManifoldOptions): PointSet {
  const normal = normals(mulberry32(options.seed ?? 0));
  return fill('sphere', options, options.dimension + 1, (row) => onSphere(row, normal));
}

/** Points with a uniform distribution on a product of unit circles, which is flat and has no boundary, in 2 x dimension coordinates. */
export function flatTorus(options: ManifoldOptions): PointSet {
  const uniform = mulberry32(options.seed ?? 0);
  return fill('flatTorus', options, 2 * options.dimension, (row) => {
    for (let i = 0; i < row.length; i += 2) {
      const angle = 2 * Math.PI * uniform();
      row[i] = Math.cos(angle);
      row[i + 1] = Math.sin(angle);
    }
  });
}

/** Points on a rolled-up sheet of dimension 2 in three coordinates, with one and a half turns, width 21, and uniform angles. */
export function swissRoll(options: Omit<ManifoldOptions, 'dimension'>): PointSet {
  const { dimension = 2 } = options as { readonly dimension?: unknown };
  if (dimension !== 2)
    throw new RangeError(`a swiss roll has dimension 2, got ${inWords(dimension)}: leave dimension out`);
  const uniform = mulberry32(options.seed ?? 0);
  return fill('swissRoll', { ...options, dimension: 2 }, 3, (row) => {
    const angle = 1.5 * Math.PI * (1 + 2 * uniform());
    row[0] = angle * Math.cos(angle);
    row[1] = 21 * uniform();
    row[2] = angle * Math.sin(angle);
  });
}

/** Puts points into a larger space by a random orthonormal map, which keeps all distances, and adds noise. */
export function embed(points: PointSet, options: EmbeddingOptions): PointSet {
  assertGiven('embed', options, EMBEDDING_KINDS);
  const { coordinates, noise = 0, seed = 0 } = options;
  const [count, width] = points.shape;
  if (!Number.isInteger(coordinates) || coordinates < width) {
    throw new RangeError(
      `coordinates is ${coordinates}, but the points have ${counted(width, 'coordinate')}: give ${width} or more`,
    );
  }
  const normal = normals(mulberry32(seed));
  const axes = orthonormal(width, coordinates, normal);
  const data = new Float64Array(count * coordinates);
  for (let p = 0; p < count; p++) {
    for (let j = 0; j < coordinates; j++) {
      let sum = noise === 0 ? 0 : noise * normal();
      for (let i = 0; i < width; i++) sum += points.data[p * width + i]! * axes[i]![j]!;
      data[p * coordinates + j] = sum;
    }
  }
  return { ...points, data, shape: [count, coordinates] };
}

function fill(
  name: string,
  options: ManifoldOptions,
  width: number,
  draw: (row: Float64Array) => void,
): PointSet {
  assertGiven(name, options, MANIFOLD_KINDS);
  const { points, dimension } = options;
  for (const [key, value] of Object.entries({ points, dimension })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: ${key} must be a whole number of at least 1, got ${value}`);
    }
  }
  const data = new Float64Array(points * width);
  for (let p = 0; p < points; p++) draw(data.subarray(p * width, (p + 1) * width));
  return { name, dimension, data, shape: [points, width] };
}

/** Makes `count` orthonormal vectors from normal ones by the Gram-Schmidt process, which is applied twice because of rounding. */
function orthonormal(count: number, width: number, normal: () => number): Float64Array[] {
  const axes: Float64Array[] = [];
  while (axes.length < count) {
    const axis = Float64Array.from({ length: width }, normal);
    for (const other of [...axes, ...axes]) {
      const overlap = axis.reduce((sum, x, i) => sum + x * other[i]!, 0);
      for (let i = 0; i < width; i++) axis[i]! -= overlap * other[i]!;
    }
    const length = Math.hypot(...axis);
    axes.push(axis.map((x) => x / length));
  }
  return axes;
}
