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
    const left = done > 0 && done < 1 ? `, ${duration(((now - started) / done) * (1 - done))} left` : '';
    const text = `${what ? `${what}: ` : ''}${Math.floor(100 * done)} %${left}`;
    display({ 'text/plain': text }, { id, update: shown });
    shown = true;
  };
}
