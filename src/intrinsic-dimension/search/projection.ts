/** A subspace that holds most of the variance of wide points, in which distances are lower bounds of the true ones. */
import type { Rows } from '../points/points';
import type { Columns } from './columns';
import {
  type Frame,
  multiply,
  noLengths,
  type PackedPoints,
  pack,
  packedPoints,
  productRoom,
  type Tile,
  transposed,
} from './packed-points';
import { type ProjectionPlan, RUN } from './plan';
import { frameOf, imageSet, packRows, type SearchSet, sumRounding, UNIT } from './search-set';

/**
 * Projects points on an orthonormal basis Q of the space that a sample of them spans, within the columns that vary most.
 * |Q'(x - y)| is at most |Q|_2 |x - y|, and |Q|_2 is bounded by the computed Q'Q and its rounding. So no distance in the image
 * exceeds the true one by more than the set's `stretch` and `inputRounding`, and a search in it misses no neighbour.
 *
 * @returns undefined if the sample does not represent the other points
 */
export async function projectedSet(
  rows: Rows,
  columns: Columns,
  plan: ProjectionPlan,
  rest: (done: number) => Promise<void>,
): Promise<SearchSet | undefined> {
  const { n, d } = rows;
  const { block: most } = plan;
  const size = Math.min(plan.directions, n);
  const frame = frameOf(rows, Math.ceil(n / size));
  const chunks = energeticChunks(columns, plan);
  await rest(0.1);
  const basis = await orthonormalBasis(rows, frame, chunks, { ...plan, directions: size }, rest);
  if (!basis) return undefined;
  const { m, parts } = basis;
  const squares = new Float64Array(n);
  const image = new Float32Array(n * m);
  const { values, stride } = productRoom(most, m);
  const room = packedPoints(most, parts[0]!.width, 'float32');
  for (let from = 0; from < n; from += most) {
    const count = Math.min(most, n - from);
    const lengths = noLengths(count);
    const tile = { values, stride, top: 0, bottom: count, left: 0, right: m };
    for (const [c, part] of parts.entries()) {
      const block = part.width === room.width ? room : packedPoints(count, part.width, 'float32');
      packRows(rows, { from, count }, block, frame, chunks[c]!, lengths);
      multiply(block, part, tile, c > 0);
    }
    squares.set(lengths.squares, from);
    for (let r = 0; r < count; r++) image.set(values.subarray(r * stride, r * stride + m), (from + r) * m);
    await rest(0.3 + (0.7 * from) / n);
  }
  // Points far away from the sample may overflow in float32.
  if (!image.every(Number.isFinite) || !squares.every((square) => square < 1e30)) return undefined;
  // |fl(Q'x) - Q'x| <= gamma | |Q|' |x| | <= gamma sqrt(m) |Q|_2 |x|, and x itself was rounded to float32.
  const runs = parts.reduce((sum, { width }) => sum + Math.ceil(width / RUN), 0);
  const rounding = sumRounding(RUN + runs + 1) * Math.sqrt(m);
  return imageSet(image, m, {
    n,
    d,
    scale: frame.scale,
    norms: squares.map(Math.sqrt),
    stretch: basis.norm + 1e-9,
    inputRounding: (rounding + UNIT) * basis.norm,
  });
}

/** The columns that hold most of the variance, as groups of ranges, one group for each product. */
function energeticChunks({ ranges, share }: Columns, { energy, runs }: ProjectionPlan): Int32Array[] {
  const enough = share.findIndex((held) => held >= energy);
  const chosen = Array.from(share, (_, run) => ranges.subarray(2 * run, 2 * run + 2))
    .slice(0, enough < 0 ? undefined : enough + 1)
    .sort(([a], [b]) => a! - b!);
  return Array.from({ length: Math.ceil(chosen.length / runs) }, (_, c) =>
    Int32Array.from(chosen.slice(c * runs, (c + 1) * runs).flatMap((range) => [...range])),
  );
}

function columnsIn(ranges: Int32Array): number {
  return ranges.reduce((sum, column, p) => sum + (p % 2 === 0 ? -column : column), 0);
}

interface Basis {
  /** The directions, as points of the columns of each chunk. */
  readonly parts: PackedPoints[];
  readonly m: number;
  /** An upper bound of |Q|_2. */
  readonly norm: number;
}

/** An orthonormal basis of the space that a sample S of points spans: Q = S'W, where W follows from the products SS'. */
async function orthonormalBasis(
  rows: Rows,
  frame: Frame,
  chunks: readonly Int32Array[],
  plan: ProjectionPlan,
  rest: (done: number) => Promise<void>,
): Promise<Basis | undefined> {
  const { directions: size } = plan;
  const chosen = { from: 0, count: size, step: Math.floor(rows.n / size) };
  const products = new Products(size);
  const sample: PackedPoints[] = [];
  for (const ranges of chunks) {
    const part = packedPoints(size, columnsIn(ranges), 'float32');
    packRows(rows, chosen, part, frame, ranges, noLengths(size));
    sample.push(part);
    products.add([part]);
    await rest(0.1 + (0.1 * sample.length) / chunks.length);
  }
  const { weights, m } = orthogonalised(products.sums, size, plan.isNew);
  if (m === 0) return undefined;
  const packed = (data: Float32Array, d: number, width: number): PackedPoints => {
    const points = packedPoints(m, width, 'float32');
    const asTheyAre = { center: new Float64Array(d), scale: 1 };
    const all = { from: 0, count: m, to: 0 };
    pack({ data, n: m, d }, all, points, asTheyAre, Int32Array.of(0, width), noLengths(m));
    return points;
  };
  const combinations = packed(weights, size, size);
  const parts: PackedPoints[] = [];
  for (const part of sample) {
    const { values, stride } = productRoom(m, part.width);
    const tile = { values, stride, top: 0, bottom: m, left: 0, right: part.width };
    multiply(combinations, transposed(part, size), tile, false);
    parts.push(packed(values, stride, part.width));
    await rest(0.2 + (0.05 * parts.length) / sample.length);
  }
  return { parts, m, norm: normBound(parts, m, plan) };
}

/** Products of `n` points with each other, added up in float64 over groups of columns. */
class Products {
  /** [n, n] */
  readonly sums: Float64Array;
  readonly #room: Pick<Tile, 'values' | 'stride'>;

  constructor(readonly n: number) {
    this.sums = new Float64Array(n * n);
    this.#room = productRoom(n, n);
  }

  /** @param run columns whose products are added up at a time */
  add(group: readonly PackedPoints[], run?: number): void {
    const { n, sums } = this;
    const { values, stride } = this.#room;
    const tile = { values, stride, top: 0, bottom: n, left: 0, right: n };
    for (const [p, part] of group.entries()) multiply(part, part, tile, p > 0, undefined, run);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sums[i * n + j]! += values[i * stride + j]!;
  }
}

/**
 * The Gram-Schmidt process on products of points: row c of the weights [m, size] combines the points into the c-th direction.
 * Points that add no new direction are skipped.
 *
 * @param isNew the share of a point's square outside the previous directions from which on it adds a new one
 */
function orthogonalised(
  products: Float64Array,
  size: number,
  isNew: number,
): { weights: Float32Array; m: number } {
  // r[c][j] is the component of point j in the c-th direction; inverse[c] combines the accepted points into the c-th direction.
  const r: Float64Array[] = [];
  const inverse: Float64Array[] = [];
  const accepted: number[] = [];
  const left = Float64Array.from({ length: size }, (_, j) => products[j * size + j]!);
  for (let i = 0; i < size; i++) {
    if (!(left[i]! > isNew * products[i * size + i]!)) continue;
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
  for (let c = 0; c < m; c++) weights.set(inverse[c]!, c * size);
  return { weights, m };
}

/** |Q'Q - I|_2 <= |computed - I|_F + the rounding of the products, at most gamma |Q|_F^2. */
function normBound(
  parts: readonly PackedPoints[],
  m: number,
  { checkedColumns, checkedRun }: ProjectionPlan,
): number {
  const gram = new Products(m);
  const together = Math.max(1, Math.floor(checkedColumns / parts[0]!.width));
  for (let first = 0; first < parts.length; first += together)
    gram.add(parts.slice(first, first + together), checkedRun);
  let trace = 0;
  let deviation = 0;
  for (let i = 0; i < m; i++) {
    trace += gram.sums[i * m + i]!;
    for (let j = 0; j < m; j++) deviation += (gram.sums[i * m + j]! - (i === j ? 1 : 0)) ** 2;
  }
  const runs = Math.ceil((together * parts[0]!.width) / checkedRun) + together;
  return Math.sqrt(1 + Math.sqrt(deviation) + sumRounding(checkedRun + runs + 1) * 1.01 * trace);
}
