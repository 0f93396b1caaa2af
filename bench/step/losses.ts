/** Checks that two implementations learn alike: exactly without dropout, and on average over the masks with dropout. */
import { type Bar, mean } from '../result';

/** The number of steps whose losses are averaged. */
const WINDOW = 20;

/** Without dropout, both compute the same up to rounding: the largest difference of losses, divided by the fall of the loss. */
export function sameBar(ours: readonly number[], theirs: readonly number[], name: string): Bar {
  const worst = Math.max(...ours.map((loss, i) => Math.abs(loss - theirs[i]!)));
  const what = `without dropout the loss is that of ${name}: largest difference by its fall`;
  return { what, value: worst / fall(theirs), bar: 0.02, good: 'at most', unit: '' };
}

/**
 * With dropout, the loss varies by about 5 % of its fall from seed to seed. So runs with several seeds are averaged, and only
 * differences beyond two standard errors count: the largest one over the windows, divided by the fall of the loss.
 *
 * @param ours losses of one run for each seed, all of the same length
 */
export function alikeBar(
  ours: readonly (readonly number[])[],
  theirs: readonly (readonly number[])[],
  name: string,
): Bar {
  const differences = windows(ours).map((mine, i) => Math.max(0, excess(mine, windows(theirs)[i]!)));
  const what = `with dropout the mean loss falls as with ${name}, beyond 2 standard errors, by its fall`;
  const value = Math.max(...differences) / fall(windows(theirs).map(mean));
  return { what, value, bar: 0.05, good: 'at most', unit: '' };
}

/** The course of the mean loss, and its standard error at the end. */
export function course(runs: readonly (readonly number[])[]): string {
  const means = windows(runs).map((values) => mean(values).toFixed(3));
  return `${means.join(' ')} (± ${Math.sqrt(errorOfMean(windows(runs).at(-1)!)).toFixed(3)})`;
}

/** The means over each window, one for each run. */
function windows(runs: readonly (readonly number[])[]): number[][] {
  const count = Math.floor(runs[0]!.length / WINDOW);
  return Array.from({ length: count }, (_, i) =>
    runs.map((losses) => mean(losses.slice(WINDOW * i, WINDOW * (i + 1)))),
  );
}

/** The part of the difference of two means that exceeds two standard errors. */
function excess(a: readonly number[], b: readonly number[]): number {
  return Math.abs(mean(a) - mean(b)) - 2 * Math.sqrt(errorOfMean(a) + errorOfMean(b));
}

/** The variance of the mean. */
function errorOfMean(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.map((value) => (value - centre) ** 2);
  return (mean(squares) * values.length) / (values.length - 1) / values.length;
}

function fall(losses: readonly number[]): number {
  return Math.max(...losses) - Math.min(...losses);
}
