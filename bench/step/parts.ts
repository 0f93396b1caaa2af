/** The comparisons of training steps, by letter. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBackend } from '../../src/runtime/backend';
import { python } from '../python';
import { alternate, type Bar, mean, median, type Parts, type Point, type Result, speedup } from '../result';
import { type Message, Side } from '../side';
import { alikeBar, course, sameBar } from './losses';
import { ADAM } from './transformer';

const OURS = 'this project';
const EAGER = 'PyTorch eager';
const COMPILED = 'torch.compile';
const PAPER_STEP = { batch: 512, width: 128, depth: 2 } as const;
/** Seeds of the masks under which the losses are compared. */
const SEEDS = [1, 2, 3, 4, 5];

/** The comparison of each letter. */
export const STEP_PARTS: Parts = {
  a: {
    about: "the paper's transformer, beside PyTorch eager and torch.compile",
    run: async (rounds) => [await transformer(rounds)],
  },
  b: {
    about: 'ResNet-18 of two sizes, beside PyTorch in both layouts',
    run: async (rounds) => [
      await resnet(rounds, { width: 64, batch: 32 }),
      await resnet(rounds, { width: 16, batch: 128 }),
    ],
  },
  c: {
    about: 'models of tf.layers beside their own model.fit, and the transformer beside stock tfjs-node',
    run: async (rounds) => {
      const results: Result[] = [];
      for (const kind of ['mlp', 'cnn'] as const)
        for (const batchNormalization of [false, true])
          results.push(await layers(rounds, { kind, batchNormalization }));
      return [...results, await stock(rounds)];
    },
  },
  d: { about: 'the time of compiling a program', run: async (rounds) => [await compiling(rounds)] },
  e: {
    about: 'how the step of the transformer grows with batch, width and depth',
    run: async (rounds) => [await growth(rounds)],
  },
  f: {
    about: 'the share of a step that preparing a batch takes',
    run: async (rounds) => [await feeding(rounds)],
  },
};

async function transformer(rounds: number): Promise<Result> {
  return withFile(async (file) => {
    const request = { network: 'transformer', ...PAPER_STEP, file };
    const learners = [tfjs(OURS), torch(EAGER)];
    const sides = [tfjs(OURS), torch(EAGER), torch(COMPILED)];
    /** The losses over 200 steps of both sides, which use the same batches and the same initial weights. */
    const learn = async (more: Message): Promise<[number[], number[]]> => {
      await setUp(learners, { ...request, ...more });
      const losses: number[][] = [];
      for (const side of learners) losses.push(numbers(await side.ask('run', { steps: 200 }), 'losses'));
      return losses as [number[], number[]];
    };
    try {
      await exportWeights(learners[0]!, { ...PAPER_STEP, file });
      const exact = await learn({ dropout: 0 });
      const masked: [number[], number[]][] = [];
      for (const seed of SEEDS) masked.push(await learn({ seed }));
      for (const side of learners) side.end();
      const [ours, theirs] = [masked.map(([losses]) => losses), masked.map(([, losses]) => losses)];

      const versions = await setUp(sides, request);
      const { running, failures } = await warmUp(sides, 20);
      const times = await alternate(running, rounds, (side) => timed(side, 20));
      const compiles = running.some(({ name }) => name === COMPILED);
      return {
        letter: 'a',
        title: `transformer step, batch ${PAPER_STEP.batch}, dropout .1, Adam with L2`,
        times,
        bars: [
          faster(times, EAGER, 2),
          ...(compiles ? [faster(times, COMPILED, 1.5)] : []),
          sameBar(...exact, EAGER),
          alikeBar(ours, theirs, EAGER),
        ],
        notes: [
          versions,
          ...failures,
          `${OURS}: mean loss of ${SEEDS.length} seeds ${course(ours)}`,
          `${EAGER}: mean loss of ${SEEDS.length} seeds ${course(theirs)}`,
        ],
      };
    } finally {
      for (const side of [...learners, ...sides]) side.end();
    }
  });
}

async function resnet(rounds: number, size: { width: number; batch: number }): Promise<Result> {
  const sides = [tfjs(OURS), torch('PyTorch eager, channels first'), torch('PyTorch eager, channels last')];
  try {
    const versions = await setUp(sides, { network: 'resnet', ...size });
    for (const side of sides) await side.ask('run', { steps: 2 });
    const times = await alternate(sides, rounds, (side) => timed(side, 3));
    const [first, last] = [median(times[1]!.ms), median(times[2]!.ms)];
    return {
      letter: 'b',
      title: `ResNet-18 step, width ${size.width}, batch ${size.batch}, 32 x 32, SGD with momentum`,
      times,
      bars: [faster(times, times[first < last ? 1 : 2]!.side, 1)],
      notes: [versions],
    };
  } finally {
    for (const side of sides) side.end();
  }
}

/** The time to make a batch, as a share of the step, for the network with the least time for each picture. */
async function feeding(rounds: number): Promise<Result> {
  const size = { width: 16, batch: 128 };
  const sides = [tfjs('feeding'), tfjs('step')];
  try {
    await sides[0]!.ask('setup', { network: 'feeding', ...size });
    await sides[1]!.ask('setup', { network: 'resnet', ...size });
    for (const side of sides) await side.ask('run', { steps: 5 });
    const times = await alternate(sides, rounds, (side) => timed(side, side.name === 'step' ? 5 : 40));
    const share = (100 * median(times[0]!.ms)) / median(times[1]!.ms);
    return {
      letter: 'f',
      title: `making an augmented batch of ${size.batch} pictures, beside the step of ResNet-18, width ${size.width}`,
      times,
      bars: [{ what: 'share of a step', value: share, bar: 5, good: 'at most', unit: ' %' }],
      notes: [],
    };
  } finally {
    for (const side of sides) side.end();
  }
}

async function layers(
  rounds: number,
  model: { kind: 'mlp' | 'cnn'; batchNormalization: boolean },
): Promise<Result> {
  const sides = [tfjs('compiled'), tfjs('model.fit')];
  try {
    await sides[0]!.ask('setup', { network: 'layers', ...model });
    await sides[1]!.ask('setup', { network: 'fit', ...model });
    for (const side of sides) await side.ask('run', { steps: 20 });
    // One call of model.fit covers four steps, so the time is the mean of four.
    const times = await alternate(sides, rounds, async (side) => meansOf(4, await timed(side, 8)));
    const name = model.kind === 'cnn' ? 'CNN of four convolutions' : 'multilayer perceptron';
    const bar = model.kind === 'cnn' ? 2 : 1;
    return {
      letter: 'c',
      title: `tf.layers ${name}${model.batchNormalization ? ' with batch normalisation' : ''}, batch 64`,
      times,
      bars: [{ ...faster(times, 'model.fit', bar, 'compiled') }],
      notes: [],
    };
  } finally {
    for (const side of sides) side.end();
  }
}

async function stock(rounds: number): Promise<Result> {
  return withFile(async (file) => {
    const sides = [tfjs(OURS), tfjs('stock tfjs-node')];
    try {
      await exportWeights(sides[0]!, { ...PAPER_STEP, file });
      await sides[0]!.ask('setup', { network: 'transformer', ...PAPER_STEP, file });
      await sides[1]!.ask('setup', { network: 'stock', ...PAPER_STEP, file });
      const losses: number[][] = [];
      for (const side of sides) losses.push(numbers(await side.ask('run', { steps: 40 }), 'losses'));
      const times = await alternate(sides, rounds, (side) => timed(side, 8));
      return {
        letter: 'c',
        title: 'transformer step beside stock operations called one by one',
        times,
        bars: [faster(times, 'stock tfjs-node', 4)],
        notes: sides.map(
          ({ name }, i) =>
            `${name}: loss ${mean(losses[i]!.slice(0, 20)).toFixed(3)} ${mean(losses[i]!.slice(20)).toFixed(3)}`,
        ),
      };
    } finally {
      for (const side of sides) side.end();
    }
  });
}

async function compiling(rounds: number): Promise<Result> {
  const ms: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const side = tfjs(OURS); // a new process, without caches from the round before
    ms.push(Number((await side.ask('compile'))['ms']));
    side.end();
  }
  return {
    letter: 'd',
    title: "compiling the transformer's program, all entries and shapes, first runs included",
    times: [{ side: OURS, ms }],
    bars: [{ what: 'time to compile', value: median(ms) / 1e3, bar: 3, good: 'at most', unit: 's' }],
    notes: [],
  };
}

/** How the time of a step grows with one quantity, while the others are those of the paper. */
async function growth(rounds: number): Promise<Result> {
  const axes = { batch: [64, 128, 256, 512, 1024, 2048], width: [64, 128, 256, 512], depth: [1, 2, 4, 8] };
  const curves: { x: string; side: string; points: Point[] }[] = [];
  for (const [x, values] of Object.entries(axes)) {
    const lines = [OURS, EAGER].map((side) => ({ x, side, points: [] as Point[] }));
    for (const value of values) {
      const size = { ...PAPER_STEP, [x]: value };
      const medians = await withFile(async (file) => {
        const sides = [tfjs(OURS), torch(EAGER)];
        try {
          await exportWeights(sides[0]!, { ...size, file });
          await setUp(sides, { network: 'transformer', ...size, file });
          for (const side of sides) await side.ask('run', { steps: 6 });
          const times = await alternate(sides, rounds, (side) => timed(side, 4));
          return times.map(({ ms }) => median(ms));
        } finally {
          for (const side of sides) side.end();
        }
      });
      lines.forEach((line, i) => {
        line.points.push({ x: value, ms: medians[i]! });
      });
    }
    curves.push(...lines);
  }
  return {
    letter: 'e',
    title: "how the transformer's step grows",
    times: [],
    bars: [],
    notes: [],
    curves,
  };
}

function tfjs(name: string): Side {
  return new Side(name, process.execPath, ['--import=tsx', join(__dirname, 'side.ts')]);
}

function torch(name: string): Side {
  return new Side(name, python(), [join(__dirname, 'torch_side.py')]);
}

/** Prepares all sides for the case; returns the versions of the libraries. */
async function setUp(sides: readonly Side[], request: Message): Promise<string> {
  const { device } = await loadBackend();
  const versions = [];
  for (const side of sides) {
    const { version } = await side.ask('setup', {
      ...request,
      adam: ADAM,
      device,
      threads: availableParallelism(),
      compile: side.name === COMPILED,
      channelsLast: side.name.endsWith('channels last'),
    });
    versions.push(`${side.name} ${version}`);
  }
  return versions.join(', ').replace(`${OURS} `, `${OURS}, TensorFlow `);
}

/**
 * Lets each side take some steps. torch.compile may fail on a processor for which its code was not made: it is then left out, with
 * its reason.
 *
 * @throws Error if another side fails
 */
async function warmUp(
  sides: readonly Side[],
  steps: number,
): Promise<{ readonly running: readonly Side[]; readonly failures: readonly string[] }> {
  const running: Side[] = [];
  const failures: string[] = [];
  for (const side of sides) {
    try {
      await side.ask('run', { steps });
      running.push(side);
    } catch (error) {
      if (side.name !== COMPILED) throw error;
      failures.push(`left out: ${(error as Error).message}`);
    }
  }
  return { running, failures };
}

async function exportWeights(side: Side, request: Message): Promise<void> {
  await side.ask('export', request);
}

async function timed(side: Side, steps: number): Promise<readonly number[]> {
  return numbers(await side.ask('run', { steps }), 'ms');
}

function numbers(answer: Message, key: string): number[] {
  return answer[key] as number[];
}

function meansOf(size: number, values: readonly number[]): number[] {
  return Array.from(
    { length: values.length / size },
    (_, i) => values.slice(size * i, size * (i + 1)).reduce((a, b) => a + b) / size,
  );
}

function faster(times: Result['times'], theirs: string, bar: number, ours = OURS): Bar {
  const value = speedup(times, ours, theirs);
  return { what: `times as fast as ${theirs}`, value, bar, good: 'at least', unit: 'x' };
}

async function withFile<T>(body: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    return await body(join(folder, 'case.safetensors'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
