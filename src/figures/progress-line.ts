/** A line below the running cell that shows the progress of a long computation. */
import { assertNoMore } from '../given';
import { duration } from './duration';
import { display } from './notebook-output';

/** Nothing is shown for computations that take no longer than this many milliseconds. */
const PATIENCE = 2000;
/** Milliseconds between two updates. */
const INTERVAL = 250;

let lines = 0;

/**
 * A reporter for `onProgress` of {@link layerProfile} and of estimates: `layerProfile(model, inputs, { onProgress: progressLine() })`.
 *
 * @returns a function of the share that is done, 0 .. 1, and of the name of the current part
 */
export function progressLine(...more: readonly never[]): (done: number, what?: string) => void {
  assertNoMore('progressLine', [], more);
  const id = `progress-${process.pid}-${++lines}`;
  const started = performance.now();
  let shown = false;
  let due = started + PATIENCE;
  return (done, what) => {
    const now = performance.now();
    if (now < due && !(shown && done >= 1)) return;
    due = now + INTERVAL;
    const text = done < 1 ? underWay(done, what, now - started) : `100 %, after ${duration(now - started)}`;
    display({ 'text/plain': text }, { id, update: shown });
    shown = true;
  };
}

function underWay(done: number, what: string | undefined, elapsed: number): string {
  const left = done > 0 ? `, ${duration((elapsed / done) * (1 - done))} left` : '';
  return `${what ? `${what}: ` : ''}${Math.floor(100 * done)} %${left}`;
}
