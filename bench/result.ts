/** The result of a comparison: the times of each side, and the bars that were met or missed. */
import type { Side } from './side';

/** The milliseconds of one side in all rounds. */
export interface Times {
  readonly side: string;
  readonly ms: readonly number[];
}

/** A number that must reach a bar. */
export interface Bar {
  readonly what: string;
  readonly value: number;
  readonly bar: number;
  /** The direction that is good. */
  readonly good: 'at least' | 'at most';
  readonly unit: string;
}

/** One comparison. */
export interface Result {
  /** The letter by which `--only` chooses it. */
  readonly letter: string;
  readonly title: string;
  readonly times: readonly Times[];
  readonly bars: readonly Bar[];
  /** Further findings, one line each. */
  readonly notes: readonly string[];
  /** Curves of how the time grows with one quantity each. */
  readonly curves?: readonly {
    readonly x: string;
    readonly side: string;
    readonly points: readonly Point[];
  }[];
}

/** One part of a suite. */
export interface Part {
  /** What is compared, in a few words. */
  readonly about: string;
  /** Measures in `rounds` rounds. */
  run(rounds: number): Promise<Result[]>;
}

/** The parts of a suite, by letter. */
export type Parts = Readonly<Record<string, Part>>;

/** A size and its median time in milliseconds. */
export interface Point {
  readonly x: number;
  readonly ms: number;
}

/** Asks the sides alternately, round after round, so that disturbances of the machine affect all of them alike. */
export async function alternate(
  sides: readonly Side[],
  rounds: number,
  ask: (side: Side, round: number) => Promise<readonly number[]>,
): Promise<Times[]> {
  const times = sides.map(({ name }) => ({ side: name, ms: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    // Every second round is reversed, so that no side always follows the same one.
    const order = round % 2 ? [...sides.keys()].reverse() : [...sides.keys()];
    for (const i of order) times[i]!.ms.push(...(await ask(sides[i]!, round)));
  }
  return times;
}

/** The median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The mean of some numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The median time of the second side, divided by that of the first. */
export function speedup(times: readonly Times[], ours: string, theirs: string): number {
  const of = (side: string): number => median(times.find((t) => t.side === side)!.ms);
  return of(theirs) / of(ours);
}

/** True if the bar is reached. */
export function met({ value, bar, good }: Bar): boolean {
  return good === 'at least' ? value >= bar : value <= bar;
}
