/** `npm run sweep -- grokking trainFraction=.25,.3 weightDecay=0,1e-2`: a grid of runs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseGrid } from '../experiments/registry';
import { SLURM_TIME, slurmScript } from '../experiments/slurm';
import { type SweepCell, sweep, sweepCells } from '../experiments/sweep';
import { counted } from '../number-format';
import { RUNS } from '../records/run-path';
import { defineCommand, listenForStop, numberOption, runCommand } from './command';
import { EXPERIMENT_ARGUMENT, experimentHelp } from './experiments-in-words';
import { showSweep } from './sweep-progress';

interface Options {
  readonly out: string;
  readonly workers?: number;
  readonly dryRun?: boolean;
  readonly slurm?: boolean;
  readonly time?: string;
}

const command = defineCommand(
  'sweep',
  'Run every combination of settings. Recorded runs are skipped, stopped runs continue from their checkpoints, and a ' +
    'run that fails does not stop the others.',
)
  .argument('<experiment>', EXPERIMENT_ARGUMENT)
  .argument('[key=value,value...]', 'settings')
  .option('--out <folder>', 'folder for the records', RUNS)
  .option(
    '--workers <n>',
    'number of runs at a time, which share the threads (default: one for each processor with 3 GiB of memory)',
    numberOption,
  )
  .option('--dry-run', 'list the runs and their progress, and run nothing')
  .option('--slurm', 'write an array job for Slurm, and submit it with sbatch')
  .option('--time <hh:mm:ss>', `with --slurm: the time limit of a task (default: ${SLURM_TIME})`)
  .addHelpText(
    'after',
    ({ command: { args } }) =>
      `\nCtrl-C writes a checkpoint of every run and ends.\n\n${experimentHelp(args)}`,
  )
  .action(async (experiment: string, words: string[], options: Options) => {
    const grid = parseGrid(words, experiment);
    if (options.time !== undefined && !options.slurm)
      throw new Error('--time is the time limit of a Slurm task: add --slurm, or leave it out');
    if (options.dryRun) return list(sweepCells(grid, options.out));
    if (options.slurm) return submit(sweepCells(grid, options.out), options.out, options.time);
    process.exitCode = await run(grid, options);
  });

async function run(grid: Parameters<typeof sweep>[0], { out, workers }: Options): Promise<number> {
  const stop = listenForStop('stopping: every run writes a checkpoint');
  const progress = showSweep();
  const cells = await sweep(grid, {
    folder: out,
    signal: stop.signal,
    onChange: progress.update,
    ...(workers === undefined ? {} : { workers }),
  });
  progress.stop();
  const failed = cells.filter(({ state }) => state === 'failed');
  for (const { name, message } of failed) console.error(`failed: ${name}: ${message}`);
  const done = cells.filter(({ state }) => state === 'done').length;
  console.log(`${done} of ${counted(cells.length, 'run')} recorded in ${out}`);
  if (stop.signal.aborted) return stop.exitCode();
  return failed.length > 0 ? 1 : 0;
}

function list(cells: readonly SweepCell[]): void {
  for (const { name, state, step, config } of cells) {
    const what =
      state === 'done' ? 'recorded' : step > 0 ? `measured to step ${step} of ${config.steps}` : 'to run';
    console.log(`${name.padEnd(56)} ${what}`);
  }
  const left = cells.filter(({ state }) => state !== 'done').length;
  console.log(`${counted(cells.length, 'run')}, ${left} to do`);
}

function submit(cells: readonly SweepCell[], folder: string, time: string | undefined): void {
  const left = cells.filter(({ state }) => state !== 'done');
  if (left.length === 0) {
    console.log(`${counted(cells.length, 'run')} of ${cells.length} recorded in ${folder}`);
    return;
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
  console.log(`${path}: an array of ${counted(left.length, 'task')}`);
  try {
    console.log(execFileSync('sbatch', [path], { encoding: 'utf8' }).trim());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new Error(`there is no sbatch on this machine: submit ${path} on a machine with Slurm`);
    throw new Error(
      `sbatch refused ${path}: ${String((error as { stderr?: string }).stderr ?? error).trim()}`,
    );
  }
}

void runCommand(command);
