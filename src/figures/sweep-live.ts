/** A sweep in a notebook, whose progress is shown below the cell. */
import type { RunConfig } from '../experiments/registry';
import { type SweepCell, type SweepOptions, sweep as sweepRuns } from '../experiments/sweep';
import { counted, formatStep } from '../number-format';
import { duration } from './duration';
import { display, inNotebook } from './notebook-output';

/** Milliseconds between two updates. */
const INTERVAL = 250;

let shows = 0;

/**
 * Runs every cell of a grid that is not recorded yet, each in its own process, and resolves with the final state of all cells. A
 * run that fails does not stop the others. If the sweep is stopped or killed at any moment, the same call goes on from the
 * checkpoints. In a notebook, its progress is shown below the cell, unless `onChange` is given.
 *
 * @throws RangeError for settings that are given twice and for unknown options
 */
export function sweep(grid: readonly RunConfig[], options: SweepOptions = {}): Promise<SweepCell[]> {
  const showsItself = inNotebook() && options.onChange === undefined;
  return sweepRuns(grid, showsItself ? { ...options, onChange: progressBelow() } : options);
}

/** Shows the state of all runs, in place. */
function progressBelow(): (cells: readonly SweepCell[]) => void {
  const id = `sweep-${process.pid}-${++shows}`;
  let shown = false;
  let due = 0;
  return (cells) => {
    const isOver = cells.every(({ state }) => state !== 'waiting' && state !== 'running');
    if (!isOver && performance.now() < due) return;
    due = performance.now() + INTERVAL;
    display({ 'text/plain': inWords(cells) }, { id, update: shown });
    shown = true;
  };
}

function inWords(cells: readonly SweepCell[]): string {
  const done = cells.filter(({ state }) => state === 'done').length;
  const left = timeLeft(cells);
  const running = cells.filter(({ state }) => state === 'running');
  return [
    `${done} of ${counted(cells.length, 'run')} recorded${left && `, ${left}`}`,
    ...running.map(
      ({ name, step, config }) => `${name}: step ${formatStep(step)} of ${formatStep(config.steps)}`,
    ),
  ].join('\n');
}

/** The time left for a sweep in words, from the speed of the active runs; empty if it is not known. */
export function timeLeft(cells: readonly SweepCell[]): string {
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
