/** A run's progress in the terminal, as a bar on one line; in a log, as a line from time to time. */
import { Presets, SingleBar } from 'cli-progress';
import type { SiteIds } from '../experiments/experiment';
import { lossInWords, measurementInWords } from '../experiments/progress-words';
import { duration } from '../figures/duration';
import type { TrainEvent } from '../training/trainer';

type RunEvent = TrainEvent<SiteIds>;

/** Follows the events of a run. */
export interface Progress {
  update(event: RunEvent): void;
  /** Leaves the last state on the screen, so that other text can follow. */
  stop(): void;
  /** The last measurement, in words. */
  summary(): string;
}

/** In a log, a step without a measurement gets a line if the last line is this old. */
const LINE_EVERY_MS = 10_000;

/** Starts to show the progress of a run of `steps` steps. */
export function showProgress(steps: number, output: NodeJS.WriteStream = process.stderr): Progress {
  const state = { step: 0, loss: Number.NaN, measured: 'not measured yet' };
  const follow = (event: RunEvent): void => {
    if (event.type === 'step') Object.assign(state, { step: event.step, loss: event.loss });
    if (event.type === 'measurement') state.measured = measurementInWords(event);
  };
  const show = output.isTTY ? showBar(steps, output) : showLines(steps, output);
  return {
    update: (event) => {
      follow(event);
      show.update(event, state);
    },
    stop: show.stop,
    summary: () => state.measured,
  };
}

interface State {
  readonly step: number;
  readonly loss: number;
  readonly measured: string;
}
interface View {
  update(event: RunEvent, state: State): void;
  stop(): void;
}

function showBar(steps: number, output: NodeJS.WriteStream): View {
  const bar = new SingleBar(
    {
      format: ({ barsize = 20, ...options }, { progress, value, total }, { loss, measured, left }) => {
        const full = Math.round(progress * barsize);
        const drawn =
          (options.barCompleteChar ?? '#').repeat(full) +
          (options.barIncompleteChar ?? '-').repeat(barsize - full);
        return [`${drawn} ${value}/${total}`, `loss ${loss}`, measured, left].filter(Boolean).join(' | ');
      },
      barsize: 20,
      stream: output,
      hideCursor: true,
      gracefulExit: false,
      noTTYOutput: false,
    },
    Presets.shades_classic,
  );
  const clock = timeLeft(steps);
  const payload = { loss: '-', measured: 'starting', left: '' };
  bar.start(steps, 0, payload);
  // A process that ends early must not leave the terminal without a cursor.
  const stop = (): void => bar.stop();
  process.once('exit', stop);
  return {
    update: (event, { step, loss, measured }) => {
      bar.update(step, { loss: step === 0 ? '-' : loss.toPrecision(3), measured, left: clock(event) });
    },
    stop,
  };
}

function showLines(steps: number, output: NodeJS.WriteStream): View {
  let last = Date.now();
  const clock = timeLeft(steps);
  return {
    update: (event, { step, loss, measured }) => {
      const left = clock(event);
      if (event.type !== 'measurement' && (event.type !== 'step' || Date.now() - last < LINE_EVERY_MS))
        return;
      last = Date.now();
      const at = event.step.toString().padStart(String(steps).length);
      const training = step === 0 ? '' : lossInWords({ loss });
      const parts = [`step ${at}/${steps}`, training, measured, left];
      output.write(`${parts.filter(Boolean).join(' | ')}\n`);
    },
    stop: () => {},
  };
}

/** The time left, from the speed since the first step of this process, including measurements. */
function timeLeft(steps: number): (event: RunEvent) => string {
  let first: { step: number; at: number } | undefined;
  return ({ step, type }) => {
    if (type === 'step') first ??= { step, at: Date.now() };
    if (first === undefined || step <= first.step) return '';
    return `${duration(((Date.now() - first.at) / (step - first.step)) * (steps - step))} left`;
  };
}
