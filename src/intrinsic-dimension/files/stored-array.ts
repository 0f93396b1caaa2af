/** An array of any rank in a file, of which any box can be read without the rest. */
import { counted } from '../../number-format';
import type { ByteSource } from './byte-source';
import { bytesOfType, decodeNumbers, isAsInMemory } from './numbers';

/** The place and the type of the numbers of an array. */
export interface StoredArray {
  /** Its name within the file; empty if the file holds one array without a name. */
  readonly name: string;
  /** NumPy's kind and size: f4, i8, ..., or bf2 for bfloat16. */
  readonly type: string;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  /** How many numbers apart two neighbouring elements are, for each axis. */
  readonly strides: readonly number[];
  /** The number of numbers before the first element. */
  readonly offset: number;
  readonly source: ByteSource;
}

/** The arrays of one file. */
export interface StoredArrays {
  readonly arrays: readonly StoredArray[];
  /** True if the arrays are in the order in which they were saved. */
  readonly ordered: boolean;
  /** Notes on the contents of the file other than arrays. */
  readonly notes: readonly string[];
  close(): void;
}

/** A part of an array: `count` elements from `from` on along each axis. */
export interface Box {
  readonly from: readonly number[];
  readonly count: readonly number[];
}

/** The strides of an array in C order. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let a = shape.length - 2; a >= 0; a--) strides[a] = strides[a + 1]! * shape[a + 1]!;
  return strides;
}

/** The number of elements of an array of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/**
 * Rejects arrays whose numbers are not all in the file, and types that are not read, before anything is read.
 *
 * @throws Error that says what is wrong
 */
export function checkArray(array: StoredArray): StoredArray {
  const { shape, strides, offset, source, type, name } = array;
  const called = name === '' ? 'its array' : `its array '${name}'`;
  const bytes = bytesOfType(type);
  const last = shape.reduce((at, count, a) => at + (count - 1) * strides[a]!, offset);
  if (![...shape, ...strides, offset, last + 1].every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new Error(`the shape [${shape}] of ${called} is damaged`);
  if (sizeOf(shape) > 0 && (last + 1) * bytes > source.size) {
    throw new Error(
      `the shape [${shape}] of ${called} needs ${(last + 1) * bytes} bytes of numbers, but it has ${source.size}: it is cut off or damaged`,
    );
  }
  return array;
}

/** Elements that are at most this many numbers apart are read at once. */
const NEAR = 2 ** 14;
/** The most numbers that are read at once, and after which progress is told. */
const MOST = 2 ** 24;

/**
 * Reads a box.
 *
 * @param order the axes of the result, slowest first; the box has one element along all other axes
 * @param onProgress is called from time to time with the share that has been read, 0 .. 1
 * @returns the numbers in C order of `order`, as float64 if float32 would lose digits
 */
export function readBox(
  array: StoredArray,
  { from, count }: Box,
  order: readonly number[],
  onProgress: (done: number) => void = () => {},
): Float32Array | Float64Array {
  const { type, bigEndian, strides, source } = array;
  const bytes = bytesOfType(type);
  const into = stridesOf(order.map((axis) => count[axis]!));
  const axes = joined(
    order
      .map((axis, i) => ({ count: count[axis]!, stride: strides[axis]!, target: into[i]! }))
      .filter((axis) => axis.count !== 1)
      .sort((a, b) => b.stride - a.stride),
  );
  const total = axes.reduce((size, axis) => size * axis.count, 1);
  const result = allocate(type, total);
  const start = from.reduce((at, index, axis) => at + index * strides[axis]!, array.offset);
  let [done, told] = [0, 0];
  const read = (numbers: Float32Array | Float64Array, inner: readonly Axis[], target: number): void => {
    // Numbers that were read into their place are not copied.
    if (numbers.buffer !== result.buffer) scatter(numbers, inner, 0, 0, result, target);
    done += inner.reduce((size, axis) => size * axis.count, 1);
    if (done - told < MOST) return;
    told = done;
    onProgress(done / total);
  };
  const descend = (depth: number, at: number, target: number): void => {
    const inner = axes.slice(depth);
    const span = inner.reduce((length, axis) => length + (axis.count - 1) * axis.stride, 1);
    const wanted = inner.reduce((size, axis) => size * axis.count, 1);
    if (inner.length === 0 || (span <= MOST && (span <= 2 * wanted || span <= NEAR))) {
      const numbers = decodeNumbers(source.read(at * bytes, span * bytes), span, type, bigEndian);
      read(numbers, inner, target);
      return;
    }
    const [{ count: steps, stride, target: step }] = inner as [Axis];
    // A long innermost axis is read in pieces.
    if (inner.length === 1 && stride === 1) {
      for (let i = 0; i < steps; i += MOST) {
        const size = Math.min(MOST, steps - i);
        const into =
          step === 1 && isAsInMemory(type, bigEndian)
            ? Buffer.from(result.buffer, (target + i) * bytes, size * bytes)
            : undefined;
        const part = source.read((at + i) * bytes, size * bytes, into);
        const numbers = decodeNumbers(part, size, type, bigEndian);
        read(numbers, [{ count: size, stride, target: step }], target + i * step);
      }
      return;
    }
    for (let i = 0; i < steps; i++) descend(depth + 1, at + i * stride, target + i * step);
  };
  if (total > 0) descend(0, start, 0);
  if (told < total || total === 0) onProgress(1);
  return result;
}

interface Axis {
  readonly count: number;
  readonly stride: number;
  readonly target: number;
}

/** Joins axes whose elements follow each other both in the file and in the result. */
function joined(axes: readonly Axis[]): Axis[] {
  const found: Axis[] = [];
  for (const axis of axes) {
    const outer = found.at(-1);
    const follows =
      outer && outer.stride === axis.count * axis.stride && outer.target === axis.count * axis.target;
    if (follows) found[found.length - 1] = { ...axis, count: outer.count * axis.count };
    else found.push(axis);
  }
  return found;
}

function allocate(type: string, length: number): Float32Array | Float64Array {
  const isSingle = decodeNumbers(Buffer.alloc(0), 0, type, false) instanceof Float32Array;
  try {
    return isSingle ? new Float32Array(length) : new Float64Array(length);
  } catch {
    throw new Error(
      `there is not enough memory for its ${counted(length.toLocaleString('en'), 'number')}: give fewer points`,
    );
  }
}

function scatter(
  numbers: Float32Array | Float64Array,
  axes: readonly Axis[],
  depth: number,
  at: number,
  result: Float32Array | Float64Array,
  target: number,
): void {
  const axis = axes[depth];
  if (!axis) {
    result[target] = numbers[at]!;
    return;
  }
  const { count, stride, target: step } = axis;
  if (depth === axes.length - 1) {
    if (stride === 1 && step === 1) result.set(numbers.subarray(at, at + count), target);
    else for (let i = 0; i < count; i++) result[target + i * step] = numbers[at + i * stride]!;
    return;
  }
  for (let i = 0; i < count; i++)
    scatter(numbers, axes, depth + 1, at + i * stride, result, target + i * step);
}
