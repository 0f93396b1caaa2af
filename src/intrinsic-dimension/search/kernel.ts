/** Chooses the kernel for the inner loops of a search: the native one, or WebAssembly if that does not load. */
import type { FlatData } from '../points/points';
import { hostVariable } from './host';
import { loadNativeKernel } from './native-kernel';
import { wasmKernel } from './wasm-kernel';

/** Coordinates, one point after the other. */
export type Coordinates = Float32Array | Float64Array;

/** Coordinates, the row of each point or null if they are in order, the number of points, and the number of coordinates of each. */
export type Source = readonly [data: Coordinates, kept: Int32Array | null, n: number, d: number];

/**
 * The inner loops of a search, compiled from C++ (`native/`) for each instruction set and for WebAssembly. They decide the
 * layout of packed points and how work is shared among threads; this interface tells callers what they need to know of it.
 * The constants that tune a search are in plan.ts.
 */
export interface Kernel extends MatrixLoops {
  /** The instruction set, or `wasm`. */
  readonly instructions: string;
  /** True if this processor multiplies bfloat16. */
  readonly bfloat16: boolean;
  /** Points in a panel, whose coordinates lie side by side; columns of a product begin with a panel. */
  readonly panel: number;
  /** Rows of a product begin at a multiple of it. */
  readonly group: number;
  multiply(
    left: Uint32Array,
    right: Uint32Array,
    words: number,
    run: number,
    halved: boolean,
    top: number,
    bottom: number,
    begin: number,
    end: number,
    out: Float32Array,
    stride: number,
    add: boolean,
    above: boolean,
    ...rest: readonly [halves: null, threads: number] | readonly [...halves: Halves, threads: number]
  ): void;
  offer(
    nearness: Float32Array,
    indices: Int32Array,
    last: Float32Array,
    size: number,
    values: Float32Array,
    stride: number,
    top: number,
    bottom: number,
    left: number,
    right: number,
    threads: number,
  ): void;
  /** Writes whether all coordinates of each point are finite, and a hash, from place `first` on. */
  look(
    ...given: readonly [...Source, finite: Uint8Array, hashes: Int32Array, first: number, threads: number]
  ): void;
  pack(
    ...given: readonly [
      ...Source,
      from: number,
      count: number,
      target: Uint32Array,
      words: number,
      halved: boolean,
      center: Float64Array,
      scale: number,
      ranges: Int32Array,
      squares: Float64Array,
      errors: Float64Array,
      to: number,
      threads: number,
    ]
  ): void;
  /** Writes the squared distance of each pair, or infinity where it exceeds its limit. */
  measure(
    ...given: readonly [
      ...Source,
      ranges: Int32Array,
      i: Int32Array,
      j: Int32Array,
      limits: Float64Array,
      out: Float64Array,
      threads: number,
    ]
  ): void;
  /** The same for two points of the same precision. */
  distance(x: Coordinates, y: Coordinates, ranges: Int32Array, limit: number, out: Float64Array): void;
  /** How many words of an array lie before the next that begins a line of the cache. */
  wordsToLine(words: Uint32Array): number;
}

/** Loops over matrices in float64: inner products, and those of a decomposition of a symmetric matrix [size, size] into eigenvectors. */
export interface MatrixLoops {
  /** Writes the inner products of the rows `first` .. `last` - 1 of [n, d] with themselves and all rows before them, into [n, n]. */
  innerProducts(
    rows: Float64Array,
    n: number,
    d: number,
    first: number,
    last: number,
    out: Float64Array,
    threads: number,
  ): void;
  /**
   * Subtracts v w' + w v' from a matrix, and writes the product of the difference and the vector `next` into `products`. All vectors
   * have [size]; what lies before row and column `from` is neither read nor written.
   */
  reduce(
    matrix: Float64Array,
    size: number,
    from: number,
    v: Float64Array,
    w: Float64Array,
    next: Float64Array,
    products: Float64Array,
    threads: number,
  ): void;
  /**
   * Writes the rows `first` .. `last` - 1 of a product of reflections I - scale v v' into [size, size], transposed. There is one for
   * each of the `scales`; v of reflection k begins in row k of `reflectors`, with column k + 1.
   */
  reflect(
    reflectors: Float64Array,
    scales: Float64Array,
    rows: Float64Array,
    size: number,
    first: number,
    last: number,
    threads: number,
  ): void;
  /**
   * Rotates `count` pairs of neighbouring rows of [size, size], one after the other: x and the row y below it become
   * cosine x - sine y and sine x + cosine y. `upper` has the number of row x for each pair.
   */
  rotate(
    rows: Float64Array,
    size: number,
    upper: Int32Array,
    cosines: Float64Array,
    sines: Float64Array,
    count: number,
    threads: number,
  ): void;
}

/** Half the squared lengths of both sides' points. */
type Halves = [left: Float32Array, right: Float32Array];

/** The reason why a native kernel does not load, and what to do about it. */
export interface NotLoaded {
  readonly reason: string;
  readonly cure: string;
}

/** The kernel in use, with its instruction set if it is native. */
export type KernelName = 'wasm' | `native ${string}`;

let chosen: Kernel | undefined;

/** The kernel of this process. If the native one does not load, a warning says so once; `ID_KERNEL=wasm` leaves it out. */
export function kernel(): Kernel {
  chosen ??= choose();
  return chosen;
}

/** The name of the kernel in use. */
export function kernelName(): KernelName {
  const { instructions } = kernel();
  return instructions === 'wasm' ? 'wasm' : `native ${instructions}`;
}

/** Points as the kernel's loops take them. */
export function sourceOf({ data, kept, n, d }: FlatData): Source {
  return [data, kept ?? null, n, d];
}

function choose(): Kernel {
  const wanted = hostVariable('ID_KERNEL');
  if (wanted === 'wasm') return wasmKernel();
  if (wanted)
    console.warn(
      `ID_KERNEL=${wanted} is ignored: the only choice is wasm, which leaves out the native kernel`,
    );
  const native = loadNativeKernel();
  if (native && 'reason' in native) {
    console.warn(
      `the native search kernel does not load (${native.reason}): WebAssembly, which is slower, is used instead; ${native.cure}`,
    );
    return wasmKernel();
  }
  if (!native) return wasmKernel();
  const instructions = hostVariable('ID_INSTRUCTIONS');
  if (instructions && instructions !== native.instructions)
    console.warn(
      `ID_INSTRUCTIONS=${instructions} is ignored: it must be sse2, avx2, avx512 or bfloat16, and this processor ` +
        `must have it; the kernels use ${native.instructions}`,
    );
  return native;
}
