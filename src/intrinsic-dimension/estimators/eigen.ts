/**
 * Eigenvalues and eigenvectors of symmetric matrices: a reduction to three diagonals by reflections (Householder), and the implicit
 * QL method (Golub and Van Loan 2013, sections 8.3.1 and 8.3.3). The kernel has the loops over matrices: 2,000 rows take 5 s, where
 * a library in JavaScript took a minute. What is left here is proportional to the number of rows at each step.
 */
import { threads } from '../../threads';
import { pauses } from '../pauses';
import { kernel } from '../search/kernel';
import type { SearchOptions } from '../search/neighbours';
import { rowsAtOnce } from '../search/plan';

/** Eigenvalues in falling order, and their eigenvectors. */
export interface Eigen {
  /** [size] */
  readonly values: Float64Array;
  /** [size * size] An eigenvector in each row. */
  readonly vectors: Float64Array;
}

/** What a decomposition reports to, and what ends it. */
type Options = Pick<SearchOptions, 'onProgress' | 'signal'>;

/**
 * Decomposes a symmetric matrix [size, size], in whose memory the vectors are returned. Negative eigenvalues are rounding errors and
 * become 0.
 *
 * @throws RangeError if an entry is infinite or not a number
 */
export async function eigen(matrix: Float64Array, size: number, options: Options = {}): Promise<Eigen> {
  const rest = pauses(options.onProgress, options.signal);
  const unit = scaled(matrix);
  const tridiagonal = await reduced(matrix, size, (done) => rest(0.4 * done));
  const rows = await reflected(matrix, size, tridiagonal.scales, (done) => rest(0.4 + 0.2 * done));
  await diagonalise(tridiagonal, rows, (done) => rest(0.6 + 0.4 * done));
  const { diagonal } = tridiagonal;
  const order = Int32Array.from(diagonal, (_, i) => i).sort((a, b) => diagonal[b]! - diagonal[a]!);
  for (const [m, row] of order.entries()) matrix.set(rows.subarray(row * size, (row + 1) * size), m * size);
  return { values: Float64Array.from(order, (row) => Math.max(0, diagonal[row]!) * unit), vectors: matrix };
}

/**
 * The eigenvalues alone, in falling order, in a fraction of the time. The matrix is overwritten.
 *
 * @throws RangeError if an entry is infinite or not a number
 */
export async function eigenvalues(
  matrix: Float64Array,
  size: number,
  options: Options = {},
): Promise<Float64Array> {
  const rest = pauses(options.onProgress, options.signal);
  const unit = scaled(matrix);
  const tridiagonal = await reduced(matrix, size, rest);
  // This takes time in proportion to the square of the size, the reduction to its third power.
  await diagonalise(tridiagonal, undefined, () => rest(1));
  return tridiagonal.diagonal
    .map((value) => Math.max(0, value) * unit)
    .sort()
    .reverse();
}

/**
 * In a matrix whose largest entry is 1, smaller numbers than this count as 0, far below the rounding errors. All others have
 * squares of full precision, and so have lengths: 1e-280 is far above 2e-308, below which numbers lose digits.
 */
const NOTHING = 1e-140;

/**
 * Divides a matrix by its largest entry, so that no square overflows, and returns this entry.
 *
 * @throws RangeError if an entry is infinite or not a number, with which the QL method would not end
 */
function scaled(matrix: Float64Array): number {
  let largest = 0;
  for (let p = 0; p < matrix.length; p++) largest = Math.max(largest, Math.abs(matrix[p]!));
  if (!Number.isFinite(largest)) throw new RangeError(`a matrix has an entry that is ${largest}`);
  if (largest > 0) for (let p = 0; p < matrix.length; p++) matrix[p]! /= largest;
  return largest;
}

/** A symmetric matrix of three diagonals, and the reflections that lead to it. */
interface Tridiagonal {
  /** [size] */
  readonly diagonal: Float64Array;
  /** [size] Entry i is beside diagonal entries i and i + 1; the last one is 0. */
  readonly beside: Float64Array;
  /** [size] Reflection k is I - scale v v', with v in row k of the matrix, from column k + 1 on. */
  readonly scales: Float64Array;
}

/** Reduces a matrix to three diagonals, and leaves the reflections in its upper half. */
async function reduced(
  matrix: Float64Array,
  size: number,
  rest: (done: number) => Promise<void>,
): Promise<Tridiagonal> {
  const [diagonal, beside, scales] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  // The difference v w' + w v' of the last reflection is still to be subtracted from the rows that are left.
  let [v, next] = [new Float64Array(size), new Float64Array(size)];
  const [w, products] = [new Float64Array(size), new Float64Array(size)];
  for (let k = 0; k < size; k++) {
    const row = matrix.subarray(k * size, (k + 1) * size);
    for (let c = k; c < size; c++) row[c]! -= v[k]! * w[c]! + w[k]! * v[c]!;
    diagonal[k] = row[k]!;
    if (k === size - 1) break;
    const scale = reflectionOf(row, k + 1, beside, next);
    scales[k] = scale;
    kernel().reduce(matrix, size, k + 1, v, w, next, products, threads());
    let product = 0;
    for (let c = k + 1; c < size; c++) product += products[c]! * next[c]!;
    for (let c = k + 1; c < size; c++) w[c] = scale * (products[c]! - ((scale * product) / 2) * next[c]!);
    row.set(next.subarray(k + 1), k + 1);
    [v, next] = [next, v];
    await rest(1 - (1 - k / size) ** 3);
  }
  return { diagonal, beside, scales };
}

/**
 * Finds the reflection I - scale v v' that turns the row from column `from` on into its length times a unit vector, and writes this
 * length, with its sign, into `beside`.
 *
 * @returns the scale, which is 0 if the row has this form already
 */
function reflectionOf(row: Float64Array, from: number, beside: Float64Array, v: Float64Array): number {
  const first = row[from]!;
  let others = 0;
  for (let c = from + 1; c < row.length; c++) others += row[c]! ** 2;
  v.set(row.subarray(from), from);
  if (others <= NOTHING ** 2) {
    beside[from - 1] = first;
    return 0;
  }
  const length = Math.sqrt(first ** 2 + others);
  beside[from - 1] = first > 0 ? -length : length;
  v[from] = first - beside[from - 1]!;
  return 1 / (length * (length + Math.abs(first)));
}

/** The product of all reflections, whose rows are rotated into the eigenvectors. */
async function reflected(
  reflectors: Float64Array,
  size: number,
  scales: Float64Array,
  rest: (done: number) => Promise<void>,
): Promise<Float64Array> {
  const rows = new Float64Array(size * size);
  const step = rowsAtOnce(size ** 2);
  for (let first = 0; first < size; first += step) {
    await rest(first / size);
    kernel().reflect(reflectors, scales, rows, size, first, Math.min(size, first + step), threads());
  }
  return rows;
}

/**
 * The number of rotations that are collected before the rows are rotated, which copies them. With 2,048 rows, all rotations take 2.0 s;
 * they take 3.1 s with an eighth of this number, and 2.2 s with twice as many.
 */
const ROTATIONS = 2 ** 17;

/** Turns the diagonal into eigenvalues, in no order, and rotates rows into eigenvectors, if there are any. */
async function diagonalise(
  { diagonal, beside }: Tridiagonal,
  rows: Float64Array | undefined,
  rest: (done: number) => Promise<void>,
): Promise<void> {
  const size = diagonal.length;
  const room = rows ? Math.max(size, Math.min(ROTATIONS, size ** 2)) : size;
  const upper = new Int32Array(room);
  const [cosines, sines] = [new Float64Array(room), new Float64Array(room)];
  let count = 0;
  const rotate = (): void => {
    if (rows) kernel().rotate(rows, size, upper, cosines, sines, count, threads());
    count = 0;
  };
  for (let first = 0; first < size; first++) {
    for (;;) {
      let last = first;
      while (last < size - 1 && !isNegligible(last)) last++;
      if (last === first) break;
      if (count + last - first > room) rotate();
      sweep(first, last);
      await rest(first / size);
    }
  }
  rotate();

  function isNegligible(i: number): boolean {
    const rounding = Number.EPSILON * (Math.abs(diagonal[i]!) + Math.abs(diagonal[i + 1]!));
    return Math.abs(beside[i]!) <= Math.max(NOTHING, rounding);
  }

  /** One step of the QL method with Wilkinson's shift on the block `first` .. `last`. */
  function sweep(first: number, last: number): void {
    const ratio = (diagonal[first + 1]! - diagonal[first]!) / (2 * beside[first]!);
    const root = Math.sqrt(ratio * ratio + 1);
    const shift = diagonal[first]! - beside[first]! / (ratio + (ratio < 0 ? -root : root));
    let [cosine, sine, moved, bulge] = [1, 1, 0, diagonal[last]! - shift];
    for (let i = last - 1; i >= first; i--) {
      const off = sine * beside[i]!;
      const kept = cosine * beside[i]!;
      const length = Math.sqrt(off * off + bulge * bulge);
      if (length < NOTHING) {
        // The block falls apart here.
        diagonal[i + 1]! -= moved;
        beside[i + 1] = 0;
        beside[last] = 0;
        return;
      }
      beside[i + 1] = length;
      sine = off / length;
      cosine = bulge / length;
      const base = diagonal[i + 1]! - moved;
      const step = (diagonal[i]! - base) * sine + 2 * cosine * kept;
      moved = sine * step;
      diagonal[i + 1] = base + moved;
      bulge = cosine * step - kept;
      upper[count] = i;
      cosines[count] = cosine;
      sines[count++] = sine;
    }
    diagonal[first]! -= moved;
    beside[first] = bulge;
    beside[last] = 0;
  }
}
