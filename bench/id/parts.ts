/** The comparisons of intrinsic-dimension estimates, by letter. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mnist } from '../../src/data/mnist';
import { python } from '../python';
import { alternate, type Bar, median, type Parts, type Point, type Result, speedup } from '../result';
import { type Message, Side } from '../side';
import { besideLibraries } from './estimators';

const OURS = 'this project, 20 subsamples';
const ESTIMATES = 'this project';
const LIBRARIES = 'the libraries';
const PROFILE = 'this project, with intervals';
/** The kernels of a search, with the variables of the environment that choose them. */
const KERNELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'native, one thread': { TF_NUM_INTRAOP_THREADS: '1' },
  'WebAssembly, one thread': { ID_KERNEL: 'wasm', TF_NUM_INTRAOP_THREADS: '1' },
  'WebAssembly, two threads': { ID_KERNEL: 'wasm', TF_NUM_INTRAOP_THREADS: '2' },
};
/** The method of the Python side for each name. */
const METHODS: Readonly<Record<string, string>> = {
  'DADApy, one estimate': 'dadapy',
  'scikit-dimension, one estimate': 'skdim',
  "FAISS's exact search, one estimate": 'faiss',
  "the paper's procedure, 20 subsamples": 'paper',
  'full product, one estimate': 'full',
};
const [DADAPY, SKDIM, FAISS, PAPER, FULL] = Object.keys(METHODS) as [string, string, string, string, string];

/** The most rounds for sides that take minutes, whose median is over these rounds. */
const ROUNDS: Readonly<Record<string, number>> = { [SKDIM]: 2, [PAPER]: 1, [FULL]: 2 };

/** The comparison of each letter. */
export const ID_PARTS: Parts = {
  a: {
    about: "TwoNN at 10,000 x 512, beside DADApy, scikit-dimension, FAISS and the paper's procedure",
    run: async (rounds) => [
      await compare('a', rounds, { n: 10_000, d: 512 }, [DADAPY, SKDIM, FAISS, PAPER], (times) => [
        faster(times, DADAPY, 3),
        faster(times, FAISS, 3),
        faster(times, PAPER, 50),
      ]),
    ],
  },
  b: {
    about: 'TwoNN at 10,000 x 8,192, beside DADApy and FAISS',
    run: async (rounds) => [
      await compare('b', rounds, { n: 10_000, d: 8192 }, [DADAPY, FAISS], (times) => [
        faster(times, DADAPY, 2),
        faster(times, FAISS, 8),
      ]),
    ],
  },
  c: {
    about: 'TwoNN of a layer of 65,536 columns, beside a search that computes all products',
    run: async (rounds) => [
      await compare('c', rounds, { n: 10_000, d: 65_536, pictures: true }, [FULL], (times) => [
        faster(times, FULL, 5),
      ]),
    ],
  },
  d: {
    about: 'how the time grows with the numbers of points and of columns',
    run: async (rounds) => [await growth(rounds)],
  },
  e: { about: 'all layers of a network', run: async (rounds) => [await profile(rounds)] },
  f: {
    about: '13 layers of 10,000 x 768 saved on disk, beside DADApy',
    run: async (rounds) => [await savedLayers(rounds, { layers: 13, n: 10_000, d: 768 })],
  },
  g: {
    about: 'each estimator beside that of its library, scikit-dimension or DADApy',
    run: async (rounds) => [
      await estimators(rounds, { n: 2000, d: 20 }),
      await estimators(rounds, { n: 2000, d: 500 }, 'linear'),
    ],
  },
  h: {
    about: 'the search in WebAssembly with one thread and with two, beside the native kernel with one',
    run: async (rounds) => [await kernels(rounds, { n: 10_000, d: 512 })],
  },
};

interface Size {
  readonly n: number;
  readonly d: number;
  /** True for activations of a convolution on digits, instead of a manifold. */
  readonly pictures?: boolean;
}

async function compare(
  letter: string,
  rounds: number,
  size: Size,
  others: readonly string[],
  bars: (times: Result['times']) => Bar[],
): Promise<Result> {
  return withPoints(size, async (file) => {
    const sides = [OURS, ...others].map(start);
    const values = new Map<string, number>();
    const last = new Map<string, Message>();
    try {
      for (const side of sides) {
        await side.ask('setup', { file, threads: availableParallelism(), ...methodOf(side) });
      }
      const used: string[] = [];
      for (const side of sides)
        used.push(`${side.name}: ${(await side.ask('instructions'))['instructions']}`);
      // The first estimate warms TensorFlow up. Only its memory counts, since later estimates find the memory reserved.
      const first = await estimate(sides[0]!);
      const times = await alternate(sides, rounds, async (side, round) => {
        // A slow side takes part in the first rounds only.
        if (round >= (ROUNDS[side.name] ?? rounds)) return [];
        const answer = await estimate(side);
        console.error(
          `  (${letter}) round ${round + 1} of ${rounds}, ${size.n} x ${size.d}, ${side.name}: ${(answer['ms'] as number[]).map(Math.round)} ms`,
        );
        values.set(side.name, Number(answer['value']));
        last.set(side.name, answer);
        return answer['ms'] as number[];
      });
      const extra = Number(first['extraMegabytes']);
      const memory: Bar = {
        what: 'peak extra memory',
        value: extra,
        bar: 400,
        good: 'at most',
        unit: ' MB',
      };
      return {
        letter,
        title: `TwoNN of ${size.n} points in ${size.d} dimensions${size.pictures ? ', activations of conv1' : ''}`,
        times,
        bars: [...bars(times), ...(size.d === 512 ? [memory] : [])],
        notes: [
          `instructions: ${used.join('; ')}`,
          `estimates: ${[...values].map(([name, value]) => `${name} ${value.toFixed(3)}`).join(', ')}`,
          `certified by the fast search: ${(100 * Number(last.get(OURS)!['certified'])).toFixed(1)} % of the points, the others searched again; extra memory ${extra.toFixed(0)} MB`,
        ],
      };
    } finally {
      for (const side of sides) side.end();
    }
  });
}

/** Each estimator beside that of the library that it comes from. */
function estimators(rounds: number, size: Size, which: 'all' | 'linear' = 'all'): Promise<Result> {
  return withPoints(size, async (file) => {
    const sides = [start(ESTIMATES), start(LIBRARIES)] as const;
    try {
      for (const side of sides) await side.ask('setup', { file, threads: availableParallelism() });
      return await besideLibraries(sides, `${size.n} points in ${size.d} dimensions`, rounds, which);
    } finally {
      for (const side of sides) side.end();
    }
  });
}

/** One estimate by each kernel; the native one has the instruction set of the benchmark. */
function kernels(rounds: number, size: Size): Promise<Result> {
  return withPoints(size, async (file) => {
    const sides = Object.entries(KERNELS).map(([name, environment]) => ours(name, environment));
    try {
      const found = new Map<string, Message>();
      const ask = async (side: Side): Promise<readonly number[]> => {
        const answer = await side.ask('estimator', { options: { estimator: 'two-nn' } });
        found.set(side.name, answer);
        return answer['ms'] as number[];
      };
      for (const side of sides) {
        await side.ask('setup', { file });
        await ask(side); // starts the threads
      }
      const times = await alternate(sides, rounds, ask);
      const [native, one, two] = times.map(({ ms }) => median(ms)) as [number, number, number];
      const told = [...found].map(([name, { kernel, value }]) => `${name} (${kernel}) ${value}`);
      return {
        letter: 'h',
        title: `TwoNN of ${size.n} points in ${size.d} dimensions by each kernel`,
        times,
        bars: [
          {
            what: 'times as long in WebAssembly, one thread',
            value: one / native,
            bar: 4,
            good: 'at most',
            unit: 'x',
          },
        ],
        notes: [
          `WebAssembly with two threads is ${(one / two).toFixed(2)} times as fast as with one`,
          `estimates: ${told.join(', ')}`,
        ],
      };
    } finally {
      for (const side of sides) side.end();
    }
  });
}

/** How the time grows with the numbers of points and of dimensions. */
async function growth(rounds: number): Promise<Result> {
  const axes: Record<string, Size[]> = {
    'points in 64 dimensions': [1000, 3000, 10_000, 30_000, 100_000].map((n) => ({ n, d: 64 })),
    'dimensions of 5,000 points': [16, 64, 256, 1024, 4096, 16_384].map((d) => ({ n: 5000, d })),
  };
  const curves: { x: string; side: string; points: Point[] }[] = [];
  for (const [x, sizes] of Object.entries(axes)) {
    const lines = [OURS, DADAPY].map((side) => ({ x, side, points: [] as Point[] }));
    for (const size of sizes) {
      // A curve needs fewer rounds than a ratio, and the largest sets take a minute each.
      const turns = size.n > 10_000 || size.d > 1024 ? 1 : Math.min(rounds, 3);
      const { times } = await compare('d', turns, size, size.n > 30_000 ? [] : [DADAPY], () => []);
      times.forEach(({ ms }, i) => {
        lines[i]!.points.push({ x: x.startsWith('points') ? size.n : size.d, ms: median(ms) });
      });
    }
    curves.push(...lines);
  }
  return { letter: 'd', title: 'how the estimate grows', times: [], bars: [], notes: [], curves };
}

/** All sites of the paper's network at once, in time and memory. */
async function profile(rounds: number): Promise<Result> {
  const turns = Math.min(rounds, 2);
  const ms: number[] = [];
  let answer: Message = {};
  for (let round = 0; round < turns; round++) {
    const side = start(OURS); // A fresh process each time, since memory that TensorFlow keeps reserved would hide the peak.
    try {
      answer = await side.ask('profile', { width: 64 });
    } finally {
      side.end();
    }
    ms.push(...(answer['ms'] as number[]));
    console.error(`  (e) round ${round + 1} of ${turns}, all sites: ${Math.round(ms.at(-1)!)} ms`);
  }
  const sites = answer['sites'] as readonly { site: string; value: number; n: number; d: number }[];
  const subsample = new Map<number, number>();
  for (const { n, d } of sites) {
    if (subsample.has(d)) continue;
    subsample.set(d, await oneSubsample({ n, d }));
    console.error(`  (e) one of the paper's subsamples, ${n} x ${d}: ${Math.round(subsample.get(d)!)} ms`);
  }
  const paper = sites.reduce((sum, { d }) => sum + 20 * subsample.get(d)!, 0);
  return {
    letter: 'e',
    title: 'TwoNN at all sites of ResNet-18, width 64, 10,000 pictures, the network included',
    times: [
      { side: OURS, ms },
      { side: `${PAPER}, without the network: one at each width, times 20`, ms: [paper] },
    ],
    bars: [
      {
        what: 'peak extra memory',
        value: Number(answer['extraMegabytes']),
        bar: 2000,
        good: 'at most',
        unit: ' MB',
      },
    ],
    notes: sites.map(({ site, value, d }) => `${site}: ${d} wide, ${value.toFixed(2)}`),
  };
}

/**
 * A profile from hidden states on disk: layers x examples x features in float16, from the file to values with intervals. A fresh
 * process each time, for its memory.
 */
async function savedLayers(
  rounds: number,
  size: { readonly layers: number; readonly n: number; readonly d: number },
): Promise<Result> {
  const turns = Math.min(rounds, 2);
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'hidden.npy');
  const found = new Map<string, Message>();
  try {
    await asked(start(DADAPY), 'write_layers', { file, ...size });
    const times = [PROFILE, DADAPY].map((side) => ({ side, ms: [] as number[] }));
    for (let round = 0; round < turns; round++)
      for (const { side, ms } of times) {
        const answer = await asked(start(side), 'layers', { file, threads: availableParallelism() });
        found.set(side, answer);
        ms.push(...(answer['ms'] as number[]));
        console.error(`  (f) round ${round + 1} of ${turns}, ${side}: ${Math.round(ms.at(-1)!)} ms`);
      }
    const memory = (side: string): number => Number(found.get(side)!['extraMegabytes']);
    const values = (side: string): string =>
      (found.get(side)!['values'] as number[]).map((value) => value.toFixed(2)).join(', ');
    const seconds = median(times[0]!.ms) / 1000;
    return {
      letter: 'f',
      title: `TwoNN of ${size.layers} layers of ${size.n} x ${size.d} numbers in float16 on disk`,
      times,
      bars: [
        { what: 'time', value: seconds, bar: 60, good: 'at most', unit: ' s' },
        { what: 'peak extra memory', value: memory(PROFILE), bar: 1000, good: 'at most', unit: ' MB' },
      ],
      notes: [
        ...[PROFILE, DADAPY].map((side) => `estimates of ${side}: ${values(side)}`),
        `extra memory of DADApy: ${memory(DADAPY).toFixed(0)} MB`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The answer of a process to one question. */
function asked(side: Side, what: string, message: Message): Promise<Message> {
  return side.ask(what, message).finally(() => side.end());
}

/** Milliseconds that the paper's distances, sort and fit take for one subsample of this size. */
function oneSubsample(size: Size): Promise<number> {
  return withPoints(size, async (file) => {
    const side = start(PAPER);
    try {
      await side.ask('setup', { file, threads: availableParallelism() });
      const answer = await side.ask('run', { method: 'paper', subsamples: 1 });
      return (answer['ms'] as number[])[0]!;
    } finally {
      side.end();
    }
  });
}

/** A process of this project. */
function ours(name: string, environment: Readonly<Record<string, string>> = {}): Side {
  return new Side(name, process.execPath, ['--import=tsx', join(__dirname, 'side.ts')], environment);
}

function start(name: string): Side {
  return name === OURS || name === PROFILE || name === ESTIMATES
    ? ours(name)
    : new Side(name, python(), [join(__dirname, 'python_side.py')]);
}

function estimate(side: Side): Promise<Message> {
  return side.ask('run', methodOf(side));
}

function methodOf({ name }: Side): Message {
  const method = METHODS[name];
  return method ? { method } : {};
}

function faster(times: Result['times'], theirs: string, bar: number): Bar {
  const value = speedup(times, OURS, theirs);
  return { what: `times as fast as ${theirs}`, value, bar, good: 'at least', unit: 'x' };
}

/** Keeps the points in a file while the comparison runs. */
async function withPoints<T>({ n, d, pictures }: Size, body: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'points');
  try {
    const digits = join(folder, 'digits');
    if (pictures) writeFileSync(digits, digitsOf(n));
    const writer = start(DADAPY);
    await writer.ask('write', { n, d, file, ...(pictures ? { pictures: digits } : {}) });
    writer.end();
    return await body(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Handwritten digits as 32 x 32 numbers from 0 to 1. */
function digitsOf(n: number): Float32Array {
  const { train, validation } = mnist();
  const pixels = [...train.inputs, ...validation.inputs];
  return Float32Array.from(pixels.slice(0, n * 32 * 32), (byte) => byte / 255);
}
