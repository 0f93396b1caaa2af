/** A grid of runs as a Slurm array job, with one task for each cell, which can be requeued safely. */

import { overridesOf } from './registry';
import type { SweepCell } from './sweep';

/** The default time limit of a task. */
export const SLURM_TIME = '04:00:00';

/** The resources that each task requests from the cluster. */
export interface SlurmOptions {
  /** Folder of the records, as the compute nodes see it. */
  readonly folder: string;
  /** This package's folder, as the compute nodes see it. */
  readonly root: string;
  /** @default 2 */
  readonly threads?: number;
  /** Time limit of a task, in Slurm's format. @default '04:00:00' */
  readonly time?: string;
}

/**
 * The batch script of an array job. Slurm warns a task two minutes before its time limit; the run then writes its checkpoint, and
 * the task requeues itself. A task whose record is finished ends at once.
 */
export function slurmScript(cells: readonly SweepCell[], options: SlurmOptions): string {
  const { folder, root, threads = 2, time = SLURM_TIME } = options;
  if (!TIME.test(time)) {
    throw new RangeError(
      `time must be minutes, hh:mm:ss or days-hh:mm:ss, as Slurm reads it, got ${JSON.stringify(time)}`,
    );
  }
  for (const path of [folder, root]) {
    if (/[\n\r\0]/.test(path)) throw new RangeError(`a path must be one line, got ${JSON.stringify(path)}`);
  }
  const commands = cells.map(({ config, name }) =>
    [config.experiment, ...overridesOf(config), '--name', name].map(quote).join(' '),
  );
  return `#!/bin/bash
#SBATCH --job-name=intrinsic-dimension
#SBATCH --array=0-${cells.length - 1}
#SBATCH --cpus-per-task=${threads}
#SBATCH --time=${time}
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=${logPattern(folder)}
cells=(
${commands.map((command) => `  ${quote(command)}`).join('\n')}
)
cd ${quote(root)} || exit 1
export TF_NUM_INTRAOP_THREADS=${threads}
eval "set -- \${cells[$SLURM_ARRAY_TASK_ID]}"
node dist/commands/experiment.js "$@" --out ${quote(folder)} --resume &
run=$!
# Exit code 143: stopped with a checkpoint, since the time is over or a more urgent job came.
trap 'kill -TERM $run' TERM
wait $run
code=$?
while kill -0 $run 2>/dev/null; do wait $run; code=$?; done
[ $code -eq 143 ] && exec scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
exit $code
`;
}

/** Minutes, minutes:seconds, hours:minutes:seconds, or days before hours with or without minutes and seconds. */
const TIME = /^(\d+(:\d{1,2}){0,2}|\d+-\d{1,2}(:\d{1,2}){0,2})$/;

/** The pattern of log files in double quotes, since it may contain spaces; a % outside Slurm's patterns is doubled. */
function logPattern(folder: string): string {
  return `"${folder.replaceAll('%', '%%').replaceAll(/["\\]/g, '\\$&')}/slurm-%A_%a.log"`;
}

function quote(word: string): string {
  return /^[\w=.,/:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
