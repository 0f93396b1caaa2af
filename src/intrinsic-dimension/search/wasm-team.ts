/**
 * A WebAssembly module and the threads that help with its loops, on memory that all of them share. Rows are handed out a few
 * at a time, each to one thread, so that every number is computed as it is on one thread.
 */
import { startHelper } from './wasm-helper';

/** Rows, or columns, that a thread takes at a time; a multiple of those that the kernel computes together. */
const STEP = 32;
/** Bytes of a helper's stack. */
const STACK = 2 ** 16;
/** Each thread takes some megabytes; the rest of a search, which one thread does, lets more gain little. */
const MOST_THREADS = 8;
/** Bytes of a page of memory. */
const PAGE = 2 ** 16;
/** Pages that the module asks for, and the most that it may have. */
const PAGES = { initial: 17, maximum: 2 ** 16 - 1 };
/** In front of the import's limits, whose first byte is 1, or 3 where the memory is shared. */
const IMPORT = [6, ...'memory']
  .map((part) => (typeof part === 'string' ? part.charCodeAt(0) : part))
  .concat(2);

/** Places in what the threads tell each other, and the most arguments of a loop. */
const [JOB, OPEN, ACTIVE, FAILED, NEXT, END, LOOP, COUNT, GIVEN] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const MOST_GIVEN = 16;

/** Loops over rows or columns `first` .. `last` - 1, which come before their other arguments. */
const SHARED = ['multiply', 'offerToRows', 'offerToColumns'] as const;

/** What the module exports. */
export interface Exports {
  readonly __heap_base: WebAssembly.Global<'i32'>;
  readonly __stack_pointer: WebAssembly.Global<'i32'>;
  panel(): number;
  group(): number;
  multiply(...given: number[]): void;
  offerToRows(...given: number[]): void;
  offerToColumns(...given: number[]): void;
  look(...given: number[]): void;
  pack(...given: number[]): void;
  distance(...given: number[]): number;
}

export interface Team {
  readonly loops: Exports;
  readonly memory: WebAssembly.Memory;
  /** The first byte of memory that nobody uses. */
  readonly base: number;
  /** Runs a loop from `first` to `last` - 1, on this thread and on those that are free. Returns how many rows those took. */
  share(loop: (typeof SHARED)[number], first: number, last: number, given: readonly number[]): number;
}

/** What a helper runs: it waits for a job, and takes rows of it as long as there are any. */
const HELPER = `
  const help = ({ module, memory, control, stack, loops }) => {
    const found = new WebAssembly.Instance(module, { env: { memory } }).exports;
    found.__stack_pointer.value = stack;
    for (let seen = 0; ; ) {
      Atomics.wait(control, ${JOB}, seen);
      seen = Atomics.load(control, ${JOB});
      Atomics.add(control, ${ACTIVE}, 1);
      try {
        if (Atomics.load(control, ${OPEN})) {
          const run = found[loops[control[${LOOP}]]];
          const given = control.slice(${GIVEN}, ${GIVEN} + control[${COUNT}]);
          const end = control[${END}];
          for (let row; (row = Atomics.add(control, ${NEXT}, ${STEP})) < end; )
            run(row, Math.min(end, row + ${STEP}), ...given);
        }
      } catch {
        Atomics.store(control, ${FAILED}, 1);
      }
      if (Atomics.sub(control, ${ACTIVE}, 1) === 1) Atomics.notify(control, ${ACTIVE});
    }
  };
`;

/**
 * Loads a module.
 *
 * @param threads the most that work at a time; this one alone where the host shares no memory
 * @throws Error if the host has no WebAssembly with SIMD
 */
export function wasmTeam(bytes: Uint8Array<ArrayBuffer>, threads: number): Team {
  const shared = threads > 1 ? sharedMemory() : undefined;
  if (!shared) return alone(bytes);
  bytes[placeOf(IMPORT, bytes) + IMPORT.length] = 3;
  const module = new WebAssembly.Module(bytes);
  const { loops, base } = instance(module, shared);
  const helpers = Math.min(threads, MOST_THREADS) - 1;
  const end = base + helpers * STACK;
  shared.grow(Math.max(0, Math.ceil((end - shared.buffer.byteLength) / PAGE)));
  const control = new Int32Array(new SharedArrayBuffer(4 * (GIVEN + MOST_GIVEN)));
  const take = (): number => Atomics.add(control, NEXT, STEP);
  const active = (): number => Atomics.load(control, ACTIVE);
  let started = 0;
  return {
    loops,
    memory: shared,
    base: end,
    share: (loop, first, last, given) => {
      const run = loops[loop];
      const work = (from: number, to: number): number => {
        run(from, to, ...given);
        return to - from;
      };
      let left = last - first;
      if (left <= STEP) return left - work(first, last);
      for (; started < helpers; started++)
        startHelper(HELPER, {
          module,
          memory: shared,
          control,
          stack: base + (started + 1) * STACK,
          loops: SHARED,
        });
      control.set([first, last, SHARED.indexOf(loop), given.length, ...given], NEXT);
      Atomics.store(control, OPEN, 1);
      Atomics.add(control, JOB, 1);
      Atomics.notify(control, JOB);
      try {
        for (let row = take(); row < last; row = take()) left -= work(row, Math.min(last, row + STEP));
      } finally {
        // A helper that comes later finds nothing open; one that is at work is waited for.
        Atomics.store(control, OPEN, 0);
        for (let count = active(); count > 0; count = active()) Atomics.wait(control, ACTIVE, count);
      }
      if (Atomics.load(control, FAILED)) throw new Error(`a thread failed in the search kernel's ${loop}`);
      return left;
    },
  };
}

function alone(bytes: Uint8Array<ArrayBuffer>): Team {
  const memory = new WebAssembly.Memory(PAGES);
  const { loops, base } = instance(new WebAssembly.Module(bytes), memory);
  return {
    loops,
    memory,
    base,
    share: (loop, first, last, given) => {
      loops[loop](first, last, ...given);
      return 0;
    },
  };
}

/** Undefined where the host has none, or too little room for the most that it may become. */
function sharedMemory(): WebAssembly.Memory | undefined {
  if (typeof SharedArrayBuffer === 'undefined') return undefined;
  try {
    return new WebAssembly.Memory({ ...PAGES, shared: true });
  } catch {
    return undefined;
  }
}

function instance(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): { readonly loops: Exports; readonly base: number } {
  const loops = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  return { loops, base: Math.ceil(loops.__heap_base.value / 16) * 16 };
}

function placeOf(part: readonly number[], bytes: Uint8Array): number {
  return bytes.findIndex((_, at) => part.every((byte, i) => bytes[at + i] === byte));
}
