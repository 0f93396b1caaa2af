/** Which kernel runs the inner loops of a search: the native one, or WebAssembly where that does not load. */
import { hostVariable } from './host';
import { loadNativeKernel } from './native-kernel';
import { wasmKernel } from './wasm-kernel';

/** The inner loops, with their arguments as `native/addon.cc` takes them. */
export interface Kernel {
  /** The set of instructions, or `wasm`. */
  readonly instructions: string;
  readonly bfloat16: boolean;
  multiply(...given: unknown[]): void;
  offer(...given: unknown[]): void;
  look(...given: unknown[]): void;
  pack(...given: unknown[]): void;
  measure(...given: unknown[]): void;
  distance(...given: unknown[]): void;
  wordsToLine(words: Uint32Array): number;
}

/** Why a native kernel does not load, and what to do about it. */
export interface NotLoaded {
  readonly reason: string;
  readonly cure: string;
}

let chosen: Kernel | undefined;

/** The kernel of this process. A native one that does not load is said once; `ID_KERNEL=wasm` leaves it out. */
export function kernel(): Kernel {
  chosen ??= choose();
  return chosen;
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
