/** Which kernel runs the inner loops of a search: the native one, or WebAssembly where that does not load. */
import type { FlatData } from '../points/points';
import { hostVariable } from './host';
import { loadNativeKernel } from './native-kernel';
import { wasmKernel } from './wasm-kernel';

/** Coordinates, one point after the other. */
export type Coordinates = Float32Array | Float64Array;

/** Coordinates, the row of each point among them or null for all in their order, the points, and the coordinates of each. */
export type Source = readonly [data: Coordinates, kept: Int32Array | null, n: number, d: number];

/**
 * The inner loops of a search, compiled from C++ (`native/`) for each instruction set and for WebAssembly. How they lay out
 * packed points, and how they share work, is theirs: what a caller must know of it is here. What tunes a search is in plan.ts.
 */
export interface Kernel {
  /** The set of instructions, or `wasm`. */
  readonly instructions: string;
  /** Whether this processor multiplies bfloat16. */
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

/** Half the squared lengths of both sides' points. */
type Halves = [left: Float32Array, right: Float32Array];

/** Why a native kernel does not load, and what to do about it. */
export interface NotLoaded {
  readonly reason: string;
  readonly cure: string;
}

/** The kernel that searches here, with its set of instructions where it is native. */
export type KernelName = 'wasm' | `native ${string}`;

let chosen: Kernel | undefined;

/** The kernel of this process. A native one that does not load is said once; `ID_KERNEL=wasm` leaves it out. */
export function kernel(): Kernel {
  chosen ??= choose();
  return chosen;
}

/** The kernel that searches here. */
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
      `ID_KERNEL=${wanted} is not used: the only choice is wasm, which leaves out the native kernel`,
    );
  const native = loadNativeKernel();
  if (native && 'reason' in native) {
    console.warn(
      `the native search kernel does not load (${native.reason}): WebAssembly, which is slower, takes its place; ${native.cure}`,
    );
    return wasmKernel();
  }
  if (!native) return wasmKernel();
  const instructions = hostVariable('ID_INSTRUCTIONS');
  if (instructions && instructions !== native.instructions)
    console.warn(
      `ID_INSTRUCTIONS=${instructions} is not used: it must be sse2, avx2, avx512 or bfloat16, and one that this ` +
        `processor has; the kernels use ${native.instructions}`,
    );
  return native;
}
