/** The progress of a sweep in the terminal, with a bar for each active run; in a log, as lines from time to time. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { SweepCell } from '../experiments/sweep';
import { timeLeft } from '../figures/sweep-live';
import { counted } from '../number-format';

/** In a log, the active runs are listed whenever a run starts or ends, and after this time. */
const LINE_EVERY_MS = 20_000;

/** Starts to show the progress of a sweep. */
export function showSweep(): View {
  return process.stderr.isTTY ? bars() : lines();
}

/** Follows the cells of a sweep. */
export interface View {
  update(cells: readonly SweepCell[]): void;
  /** Leaves the last state on the screen. */
  stop(): void;
}

/** The progress of a run, and the time that it needs. */
function lastWords(cell: SweepCell): string {
  return [cell.message, cell.state === 'running' ? timeLeft([cell]) : ''].filter(Boolean).join(' | ');
}

/** A bar for each active run, and one for the whole sweep. */
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
    console.error(`${done} of ${counted(cells.length, 'run')} recorded | ${timeLeft(cells)}`);
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
