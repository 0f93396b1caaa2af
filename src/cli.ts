/** The command line: `npm run experiment -- grokking trainFraction=.3 weightDecay=1e-2 steps=4000 seed=0`. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { describeSettings, grokkingConfig, parseOverrides } from './experiments/config';
import { runExperiment } from './experiments/run';
import type { Measurement } from './records/run-record';

const HELP = `npm run experiment -- grokking [key=value ...] [--resume] [--out folder] [--name name]

  --resume   go on from the last checkpoint of this run
  --out      where records go                          [out/runs]
  --name     of the record                             [from the settings]
  --help     this

Ctrl-C ends a run after the current step, with a checkpoint; a second Ctrl-C ends it at once.

Settings with their defaults:
${describeSettings()}`;

/** Runs the command; returns its exit code: 0 done, 130 interrupted, 1 an error. */
async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      resume: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      out: { type: 'string', default: join('out', 'runs') },
      name: { type: 'string' },
    },
  });
  const [experiment, ...overrides] = positionals;
  if (values.help || experiment === undefined) {
    console.log(HELP);
    return values.help ? 0 : 1;
  }
  if (experiment !== 'grokking')
    throw new RangeError(`no experiment '${experiment}': there is grokking (--help tells more)`);
  const settings = parseOverrides(overrides);
  const config = grokkingConfig(settings);
  const name =
    values.name ??
    (['grokking', ...overrides.filter((word) => !word.startsWith('steps='))].join('-') || 'grokking');
  const path = join(values.out, `${name.replaceAll('=', '')}.jsonl`);

  const controller = new AbortController();
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    console.error('\nending after this step, with a checkpoint (Ctrl-C again ends at once)');
  });
  const progress = process.stderr.isTTY ? barProgress(config.steps) : lineProgress(config.steps);
  let interrupted = false;
  try {
    for await (const event of runExperiment(settings, {
      path,
      resume: values.resume,
      signal: controller.signal,
    })) {
      if (event.type === 'step') progress.step(event.step, event.loss);
      if (event.type === 'measurement') progress.measured(event);
      if (event.type === 'done') interrupted = event.interrupted;
    }
  } finally {
    progress.stop();
  }
  if (interrupted) {
    console.log(
      `stopped; go on with: npm run experiment -- ${words.filter((word) => word !== '--resume').join(' ')} --resume`,
    );
    return 130;
  }
  console.log(`record: ${path}`);
  return 0;
}

interface Progress {
  step(step: number, loss: number): void;
  measured(measurement: Measurement): void;
  stop(): void;
}

function barProgress(steps: number): Progress {
  const bar = new SingleBar(
    {
      format:
        '{bar} {value}/{total} steps | loss {loss} | accuracy {train} train, {validation} validation | LLID {id} | {eta_formatted} left',
      etaBuffer: 200,
      fps: 4,
    },
    Presets.rect,
  );
  bar.start(steps, 0, { loss: '-', train: '-', validation: '-', id: '-' });
  return {
    step: (step, loss) => bar.update(step, { loss: loss.toFixed(3) }),
    measured: (measurement) => bar.update(measurement.step, described(measurement)),
    stop: () => bar.stop(),
  };
}

/** For logs: a line a measurement, and one every ten seconds between. */
function lineProgress(steps: number): Progress {
  const started = performance.now();
  let first: number | undefined;
  let told = started;
  const left = (step: number): string => {
    const pace = (performance.now() - started) / Math.max(1, step - (first ?? step));
    return `${Math.round(((steps - step) * pace) / 1000)} s left`;
  };
  return {
    step: (step, loss) => {
      first ??= step - 1;
      if (performance.now() - told < 10_000) return;
      told = performance.now();
      console.error(`step ${step}/${steps}: loss ${loss.toFixed(3)}, ${left(step)}`);
    },
    measured: (measurement) => {
      told = performance.now();
      const { train, validation, id } = described(measurement);
      console.error(
        `step ${measurement.step}/${steps}: accuracy ${train} train, ${validation} validation, LLID ${id}`,
      );
    },
    stop: () => {},
  };
}

function described({ train, validation }: Measurement): { train: string; validation: string; id: string } {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const last = Object.values(validation.id).at(-1);
  return {
    train: percent(train.accuracy),
    validation: percent(validation.accuracy),
    id: last ? last.value.toFixed(1) : '-',
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(process.env['DEBUG'] ? error : `error: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  },
);
