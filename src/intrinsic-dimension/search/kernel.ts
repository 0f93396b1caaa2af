/** Chooses the kernel for the inner loops of a search: the native one, or WebAssembly if that does not load. */
import { hostVariable } from './host';
import { loadNativeKernel } from './native-kernel';
import { wasmKernel } from './wasm-kernel';

/** The inner loops, with the arguments that `native/addon.cc` expects. */
export interface Kernel {
  /** The instruction set, or `wasm`. */
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

/** The reason why a native kernel does not load, and what to do about it. */
export interface NotLoaded {
  readonly reason: string;
  readonly cure: string;
}

let chosen: Kernel | undefined;

/** The kernel of this process. If the native one does not load, a warning says so once; `ID_KERNEL=wasm` leaves it out. */
export function kernel(): Kernel {
  chosen ??= choose();
  return chosen;
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
