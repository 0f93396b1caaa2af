/** The command line of sweeps: `npm run sweep -- grokking trainFraction=.25,.3 weightDecay=0,1e-2`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { experimentNamed } from '../experiments/registry';
import { slurmScript } from '../experiments/slurm';
import { type SweepCell, sweep, sweepCells } from '../experiments/sweep';
import { duration } from '../figures/duration';

const HELP = `Usage: npm run sweep -- <experiment> [key=value,value ...] [options]

Runs every combination of the settings; npm run experiment -- --help lists the keys. What is recorded is skipped,
what was stopped goes on from its checkpoint, and a run that fails does not stop the others.

  --out <folder>           of the records (default: out/runs)
  --workers <n>            runs at a time (default: the processors, with 3 GiB each; they share the threads)
  --dry-run                list the runs and what is left of each
  --slurm                  write an array job for Slurm, and submit it with sbatch
  --time <hh:mm:ss>        with --slurm: wall-clock time of a task (default: 04:00:00)
  --help                   this text

Ctrl-C writes a checkpoint of every run and ends.`;

const LINE_EVERY_MS = 20_000;

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      workers: { type: 'string' },
      time: { type: 'string' },
      'dry-run': { type: 'boolean' },
      slurm: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [experiment, ...settings] = positionals;
  if (values.help || experiment === undefined) {
    console.log(HELP);
    return values.help ? 0 : 1;
  }
  const grid = experimentNamed(experiment).parseGrid(settings);
  const folder = values.out ?? join('out', 'runs');
  if (values['dry-run']) {
    list(sweepCells(grid, folder));
    return 0;
  }
  if (values.slurm) return submit(sweepCells(grid, folder), folder, values.time);
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) console.error('\nstopping: every run writes a checkpoint');
      controller.abort();
    });
  }
  const progress = process.stderr.isTTY ? bars() : lines();
  const cells = await sweep(grid, {
    folder,
    signal: controller.signal,
    onChange: progress.update,
    ...(values.workers === undefined ? {} : { workers: Number(values.workers) }),
  });
  progress.stop();
  const failed = cells.filter(({ state }) => state === 'failed');
  for (const { name, message } of failed) console.error(`failed: ${name}: ${message}`);
  const done = cells.filter(({ state }) => state === 'done').length;
  console.log(`${done} of ${cells.length} runs recorded in ${folder}`);
  if (controller.signal.aborted) return 130;
  return failed.length > 0 ? 1 : 0;
}

function list(cells: readonly SweepCell[]): void {
  for (const { name, state, step, config } of cells) {
    const what =
      state === 'done' ? 'recorded' : step > 0 ? `measured to step ${step} of ${config.steps}` : 'to run';
    console.log(`${name.padEnd(56)} ${what}`);
  }
  const left = cells.filter(({ state }) => state !== 'done').length;
  console.log(`${cells.length} runs, ${left} to do`);
}

function submit(cells: readonly SweepCell[], folder: string, time: string | undefined): number {
  const left = cells.filter(({ state }) => state !== 'done');
  if (left.length === 0) {
    console.log(`all ${cells.length} runs are recorded in ${folder}`);
    return 0;
  }
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'sweep.sbatch');
  const root = join(__dirname, '..', '..');
  const script = slurmScript(left, {
    folder: resolve(folder),
    root,
    ...(time === undefined ? {} : { time }),
  });
  writeFileSync(path, script);
  console.log(`${path}: an array of ${left.length} tasks`);
  try {
    console.log(execFileSync('sbatch', [path], { encoding: 'utf8' }).trim());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new Error(`there is no sbatch on this machine: submit ${path} where Slurm is`);
    throw new Error(
      `sbatch refused ${path}: ${String((error as { stderr?: string }).stderr ?? error).trim()}`,
    );
  }
  return 0;
}

interface View {
  update(cells: readonly SweepCell[]): void;
  stop(): void;
}

/** Time left for the whole, from the pace of the runs that are going. */
function timeLeft(cells: readonly SweepCell[]): string {
  const running = cells.filter(
    ({ state, started, step }) => state === 'running' && step > (started?.step ?? 0),
  );
  const pace = running.reduce((sum, { started, step }) => {
    return sum + (step - started!.step) / (Date.now() - started!.at);
  }, 0);
  const open = cells.filter(({ state }) => state === 'running' || state === 'waiting');
  const steps = open.reduce((sum, { config, step }) => sum + config.steps - step, 0);
  return pace > 0 ? `${duration(steps / pace)} left` : '';
}

/** A run's progress, and the time that it has left. */
function lastWords(cell: SweepCell): string {
  return [cell.message, cell.state === 'running' ? timeLeft([cell]) : ''].filter(Boolean).join(' | ');
}

/** A bar for each run that is going, and one for the whole. */
function bars(): View {
  const multi = new MultiBar(
    {
      format: '{bar} {value}/{total} | {name} | {message}',
      barsize: 16,
      hideCursor: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  const shown = new Map<string, SingleBar>();
  let whole: SingleBar | undefined;
  return {
    update: (cells) => {
      whole ??= multi.create(cells.length, 0, { name: 'all runs', message: '' });
      whole.update(cells.filter(({ state }) => state === 'done').length, { message: timeLeft(cells) });
      for (const cell of cells) {
        const { name, state, step, config } = cell;
        if (!shown.has(name) && state !== 'running') continue;
        const message = lastWords(cell);
        const bar = shown.get(name) ?? multi.create(config.steps, step, { name, message });
        shown.set(name, bar);
        bar.update(step, { message });
      }
    },
    stop: () => multi.stop(),
  };
}

function lines(): View {
  let last = 0;
  const states = new Map<string, string>();
  const tell = (cells: readonly SweepCell[]): void => {
    for (const cell of cells) {
      const { name, state, step, config } = cell;
      if (state === 'running') console.error(`${name} | step ${step}/${config.steps} | ${lastWords(cell)}`);
    }
    const done = cells.filter(({ state }) => state === 'done').length;
    console.error(`${done} of ${cells.length} runs recorded | ${timeLeft(cells)}`);
  };
  return {
    update: (cells) => {
      const moved = cells.some(({ name, state }) => (states.get(name) ?? 'waiting') !== state);
      for (const { name, state } of cells) states.set(name, state);
      if (!moved && Date.now() - last < LINE_EVERY_MS) return;
      last = Date.now();
      tell(cells);
    },
    stop: () => {},
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(process.env['DEBUG'] ? error : `error: ${error.message}`);
    process.exitCode = 1;
  },
);
