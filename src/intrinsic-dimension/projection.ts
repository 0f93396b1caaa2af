/** A few columns that hold most of the energy of wide points: distances in them are lower bounds of the true ones. */
import * as tf from '@tensorflow/tfjs';
import { CholeskyDecomposition, EigenvalueDecomposition, inverse, Matrix } from 'ml-matrix';
import type { Rows } from './points';
import {
  type Frame,
  fillChunk,
  frameOf,
  imageSet,
  inputPrecision,
  productRounding,
  type SearchSet,
  UNIT,
} from './search-set';

/** Points whose principal components are the basis. */
const SAMPLE = 512;
/** Columns in one product: the rounding of a projection grows with their number. */
const CHUNK = 512;
/** Columns in one product where the basis is checked: its rounding must not hide that of the basis. */
const CHECKED = 128;
/** Points in one product. */
const BLOCK = 4096;

/** Columns of the projection of points with `d` coordinates. */
export function projectionColumns(d: number): number {
  return d >= 16384 ? 256 : 128;
}

/**
 * Projects points on the leading principal components Q of a sample of them. |Q'(x - y)| is at most |Q|_2 |x - y|, and
 * |Q|_2 is bounded by the computed Q'Q and its rounding, so that no distance in the image is longer than the true one
 * by more than the set's `stretch` and `inputRounding`: a search in it overlooks no neighbour.
 *
 * @returns undefined where the processor rounds the inputs of products, which leaves nothing of the bound
 */
export async function projectedSet(
  rows: Rows,
  rest: (done: number) => Promise<void>,
): Promise<SearchSet | undefined> {
  if (inputPrecision() > UNIT) return undefined;
  const { n, d } = rows;
  const m = projectionColumns(d);
  const frame = frameOf(rows, Math.ceil(n / SAMPLE));
  await rest(0.1);
  const basis = await principalBasis(rows, frame, m, rest);
  if (!basis) return undefined;
  try {
    const squares = new Float64Array(n);
    const image = new Float32Array(n * m);
    const block = Math.min(BLOCK, n);
    for (let from = 0; from < n; from += block) {
      const count = Math.min(block, n - from);
      let sum = tf.zeros([count, m]) as tf.Tensor2D;
      for (const [c, part] of basis.parts.entries()) {
        const columns = part.shape[0];
        const values = new Float32Array(count * columns);
        fillChunk(rows, frame, { from, count }, c * CHUNK, columns, { values, width: columns, squares });
        const before = sum;
        sum = tf.tidy(() => tf.add(before, tf.matMul(tf.tensor2d(values, [count, columns]), part)));
        before.dispose();
        await rest(0.3 + (0.7 * (from + (count * (c + 1)) / basis.parts.length)) / n);
      }
      image.set(sum.dataSync(), from * m);
      sum.dispose();
    }
    // Points far outside of the sample may overflow in float32.
    if (!image.every(Number.isFinite) || !squares.every((square) => square < 1e30)) return undefined;
    // |fl(Q'x) - Q'x| <= gamma | |Q|' |x| | <= gamma sqrt(m) |Q|_2 |x|, and x itself was rounded to float32.
    const rounding = productRounding(CHUNK + basis.parts.length + 1) * Math.sqrt(m);
    return imageSet(image, m, {
      n,
      scale: frame.scale,
      norms: squares.map(Math.sqrt),
      stretch: basis.norm + 1e-9,
      inputRounding: (rounding + UNIT) * basis.norm,
    });
  } finally {
    tf.dispose(basis.parts);
  }
}

interface Basis {
  /** [columns, m] each, together [d, m] */
  readonly parts: tf.Tensor2D[];
  /** Upper bound of |Q|_2. */
  readonly norm: number;
}

/** The m leading principal components of evenly spread points, made orthonormal once more. */
async function principalBasis(
  rows: Rows,
  frame: Frame,
  m: number,
  rest: (done: number) => Promise<void>,
): Promise<Basis | undefined> {
  const { n, d } = rows;
  const size = Math.min(SAMPLE, n);
  const chosen = { from: 0, count: size, step: Math.floor(n / size) };
  const sample = (first: number): tf.Tensor2D => {
    const columns = Math.min(CHUNK, d - first);
    const values = new Float32Array(size * columns);
    fillChunk(rows, frame, chosen, first, columns, { values, width: columns });
    return tf.tensor2d(values, [size, columns]);
  };
  const products = new Float64Array(size * size);
  for (let first = 0; first < d; first += CHUNK) {
    addTo(products, () => {
      const part = sample(first);
      return tf.matMul(part, part, false, true);
    });
    await rest(0.1 + (0.05 * first) / d);
  }
  const { values, vectors } = leading(products, size, m);
  if (!(values.at(-1)! > 0)) return undefined; // fewer than m directions: the points are no wide cloud
  const weights = tf.tensor2d(Float32Array.from(vectors), [size, m]);
  const raw: tf.Tensor2D[] = [];
  for (let first = 0; first < d; first += CHUNK) {
    raw.push(tf.tidy(() => tf.matMul(sample(first), weights, true, false)));
    await rest(0.2 + (0.05 * first) / d);
  }
  weights.dispose();
  try {
    return orthonormalised(raw, m);
  } finally {
    tf.dispose(raw);
  }
}

/** Columns u_c / sqrt(lambda_c) for the m largest eigenvalues, which turn the points into principal directions. */
function leading(
  products: Float64Array,
  size: number,
  m: number,
): { readonly values: number[]; readonly vectors: Float64Array } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(size, size, Array.from(products)),
    { assumeSymmetric: true },
  );
  const order = Array.from(realEigenvalues.keys()).reverse().slice(0, m);
  const largest = realEigenvalues.at(-1)!;
  const values = order.map((c) => (realEigenvalues[c]! > 1e-6 * largest ? realEigenvalues[c]! : 0));
  const vectors = new Float64Array(size * m);
  for (let i = 0; i < size; i++)
    for (let c = 0; c < m; c++)
      vectors[i * m + c] = eigenvectorMatrix.get(i, order[c]!) / Math.sqrt(values[c]!);
  return { values, vectors };
}

/** Q = V L^-T with V'V = L L': what rounding took from the orthogonality of V comes back. */
function orthonormalised(raw: readonly tf.Tensor2D[], m: number): Basis | undefined {
  const cholesky = new CholeskyDecomposition(Matrix.from1DArray(m, m, Array.from(gramOf(raw, m))));
  if (!cholesky.isPositiveDefinite()) return undefined;
  const lower = inverse(cholesky.lowerTriangularMatrix);
  const right = tf.tensor2d(Float32Array.from(lower.to1DArray()), [m, m]);
  const parts = raw.map((part) => tf.matMul(part, right, false, true) as tf.Tensor2D);
  right.dispose();
  const gram = gramOf(parts, m);
  let trace = 0;
  let deviation = 0;
  for (let i = 0; i < m; i++) {
    trace += gram[i * m + i]!;
    for (let j = 0; j < m; j++) deviation += (gram[i * m + j]! - (i === j ? 1 : 0)) ** 2;
  }
  // |Q'Q - I|_2 <= |computed - I|_F + the rounding of the products, at most gamma |Q|_F^2.
  const rounding = productRounding(CHECKED + 1) * 1.01 * trace;
  return { parts, norm: Math.sqrt(1 + Math.sqrt(deviation) + rounding) };
}

/** Q'Q by short products, added in float64. */
function gramOf(parts: readonly tf.Tensor2D[], m: number): Float64Array {
  const gram = new Float64Array(m * m);
  for (const part of parts) {
    const columns = part.shape[0];
    for (let first = 0; first < columns; first += CHECKED) {
      addTo(gram, () => {
        const few = tf.slice(part, [first, 0], [Math.min(CHECKED, columns - first), m]);
        return tf.matMul(few, few, true, false);
      });
    }
  }
  return gram;
}

function addTo(sum: Float64Array, compute: () => tf.Tensor): void {
  // Not read inside of tidy, which would look for tensors among the numbers, one by one.
  const product = tf.tidy(compute);
  const values = product.dataSync();
  product.dispose();
  for (let p = 0; p < sum.length; p++) sum[p]! += values[p]!;
}
