/** A subspace that holds most of the energy of wide points: distances in it are lower bounds of the true ones. */
import * as tf from '@tensorflow/tfjs';
import type { Columns } from './columns';
import type { Rows } from './points';
import {
  type Frame,
  fillChunk,
  frameOf,
  imageSet,
  inputPrecision,
  productRounding,
  type Range,
  type SearchSet,
  UNIT,
} from './search-set';

/** Share of the variance that the projected columns hold; the others are left out. */
const ENERGY = 0.99;
/** Runs of columns in one product: the rounding of a projection grows with their number. */
const RUNS = 2;
/** Columns in one product where the basis is checked: its rounding must not hide that of the basis. */
const CHECKED = 128;
/** Points in one product: their sums stay in the cache. */
const BLOCK = 256;
/** A point is no new direction when less than this share of its square lies outside of those before it. */
const NEW = 1e-3;

/** Directions of the projection of points with `d` coordinates, at most. */
export function projectionDirections(d: number): number {
  return Math.min(768, Math.max(16, Math.floor(d / 16)));
}

/**
 * Projects points on an orthonormal basis Q of the space that a sample of them spans, within the columns that vary most.
 * |Q'(x - y)| is at most |Q|_2 |x - y|, and |Q|_2 is bounded by the computed Q'Q and its rounding, so that no distance
 * in the image is longer than the true one by more than the set's `stretch` and `inputRounding`: a search in it
 * overlooks no neighbour.
 *
 * @returns undefined where the processor rounds the inputs of products, which leaves nothing of the bound
 */
export async function projectedSet(
  rows: Rows,
  columns: Columns,
  rest: (done: number) => Promise<void>,
): Promise<SearchSet | undefined> {
  if (inputPrecision() > UNIT) return undefined;
  const { n, d } = rows;
  const size = Math.min(projectionDirections(d), n);
  const frame = frameOf(rows, Math.ceil(n / size));
  const chunks = energeticChunks(columns);
  await rest(0.1);
  const basis = await orthonormalBasis(rows, frame, chunks, size, rest);
  if (!basis) return undefined;
  const { m } = basis;
  try {
    const squares = new Float64Array(n);
    const image = new Float32Array(n * m);
    for (let from = 0; from < n; from += BLOCK) {
      const count = Math.min(BLOCK, n - from);
      let sum = tf.zeros([count, m]) as tf.Tensor2D;
      for (const [c, part] of basis.parts.entries()) {
        const width = part.shape[0];
        const values = new Float32Array(count * width);
        fillChunk(rows, frame, { from, count }, chunks[c]!, { values, width, squares });
        const before = sum;
        sum = tf.tidy(() => tf.add(before, tf.matMul(tf.tensor2d(values, [count, width]), part)));
        before.dispose();
      }
      image.set(sum.dataSync(), from * m);
      sum.dispose();
      await rest(0.3 + (0.7 * from) / n);
    }
    // Points far outside of the sample may overflow in float32.
    if (!image.every(Number.isFinite) || !squares.every((square) => square < 1e30)) return undefined;
    // |fl(Q'x) - Q'x| <= gamma | |Q|' |x| | <= gamma sqrt(m) |Q|_2 |x|, and x itself was rounded to float32.
    const rounding = productRounding(widthOf(chunks[0]!) + basis.parts.length + 1) * Math.sqrt(m);
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

/** The columns that hold most of the variance, in groups for one product each. */
function energeticChunks({ first, end, share }: Columns): (readonly Range[])[] {
  const enough = share.findIndex((held) => held >= ENERGY);
  const chosen = Array.from(first, (from, run) => ({ first: from, end: end[run]! }))
    .slice(0, enough < 0 ? undefined : enough + 1)
    .sort((a, b) => a.first - b.first);
  return Array.from({ length: Math.ceil(chosen.length / RUNS) }, (_, c) =>
    chosen.slice(c * RUNS, (c + 1) * RUNS),
  );
}

function widthOf(chunk: readonly Range[]): number {
  return chunk.reduce((sum, { first, end }) => sum + end - first, 0);
}

interface Basis {
  /** [columns, m], one for each chunk */
  readonly parts: tf.Tensor2D[];
  readonly m: number;
  /** Upper bound of |Q|_2. */
  readonly norm: number;
}

/** An orthonormal basis of the space of evenly spread points: Q = S'W, with W from the products SS'. */
async function orthonormalBasis(
  rows: Rows,
  frame: Frame,
  chunks: readonly (readonly Range[])[],
  size: number,
  rest: (done: number) => Promise<void>,
): Promise<Basis | undefined> {
  const chosen = { from: 0, count: size, step: Math.floor(rows.n / size) };
  const sample: tf.Tensor2D[] = [];
  try {
    const products = new Float64Array(size * size);
    for (const chunk of chunks) {
      const width = widthOf(chunk);
      const values = new Float32Array(size * width);
      fillChunk(rows, frame, chosen, chunk, { values, width });
      const part = tf.tensor2d(values, [size, width]);
      sample.push(part);
      addTo(products, () => tf.matMul(part, part, false, true));
      await rest(0.1 + (0.1 * sample.length) / chunks.length);
    }
    const { weights, m } = orthogonalised(products, size);
    if (m === 0) return undefined;
    const right = tf.tensor2d(weights, [size, m]);
    const parts = sample.map((part) => tf.matMul(part, right, true, false) as tf.Tensor2D);
    right.dispose();
    await rest(0.25);
    return { parts, m, norm: normBound(parts, m) };
  } finally {
    tf.dispose(sample);
  }
}

/**
 * Gram and Schmidt's process on products of points: column c of the weights [size, m] makes the c-th direction of the
 * points. Points that hold no new direction are passed over.
 */
function orthogonalised(products: Float64Array, size: number): { weights: Float32Array; m: number } {
  // r[c][j]: the c-th direction's part of point j; inverse[c]: how the accepted points make the c-th direction.
  const r: Float64Array[] = [];
  const inverse: Float64Array[] = [];
  const accepted: number[] = [];
  const left = Float64Array.from({ length: size }, (_, j) => products[j * size + j]!);
  for (let i = 0; i < size; i++) {
    if (!(left[i]! > NEW * products[i * size + i]!)) continue;
    const length = Math.sqrt(left[i]!);
    const direction = products.slice(i * size, (i + 1) * size);
    const combination = new Float64Array(size);
    combination[i] = 1;
    for (let c = 0; c < r.length; c++) {
      const [rc, wc, part] = [r[c]!, inverse[c]!, r[c]![i]!];
      for (let j = i; j < size; j++) direction[j]! -= part * rc[j]!;
      for (let a = 0; a <= c; a++) combination[accepted[a]!]! -= part * wc[accepted[a]!]!;
    }
    for (let j = i; j < size; j++) {
      direction[j]! /= length;
      left[j]! -= direction[j]! ** 2;
    }
    r.push(direction);
    accepted.push(i);
    inverse.push(combination.map((weight) => weight / length));
  }
  const m = r.length;
  const weights = new Float32Array(size * m);
  for (let c = 0; c < m; c++) for (let i = 0; i < size; i++) weights[i * m + c] = inverse[c]![i]!;
  return { weights, m };
}

/** |Q'Q - I|_2 <= |computed - I|_F + the rounding of the products, at most gamma |Q|_F^2. */
function normBound(parts: readonly tf.Tensor2D[], m: number): number {
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
  let trace = 0;
  let deviation = 0;
  for (let i = 0; i < m; i++) {
    trace += gram[i * m + i]!;
    for (let j = 0; j < m; j++) deviation += (gram[i * m + j]! - (i === j ? 1 : 0)) ** 2;
  }
  return Math.sqrt(1 + Math.sqrt(deviation) + productRounding(CHECKED + 1) * 1.01 * trace);
}

function addTo(sum: Float64Array, compute: () => tf.Tensor): void {
  // Not read inside of tidy, which would look for tensors among the numbers, one by one.
  const product = tf.tidy(compute);
  const values = product.dataSync();
  product.dispose();
  for (let p = 0; p < sum.length; p++) sum[p]! += values[p]!;
}
