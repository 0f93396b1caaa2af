/** `npm run bench -- truth`: estimators on manifolds of known dimension, recorded trial by trial. */
import { loadavg } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { defineCommand, listenForStop, StoppedError } from '../../src/commands/command';
import { duration } from '../../src/figures/duration';
import { tableBundle } from '../../src/figures/table';
import { trialTable } from '../../src/figures/trial-tables';
import { BENCHMARK_MANIFOLDS, type ManifoldName } from '../../src/intrinsic-dimension/manifolds/manifold';
import {
  TRIAL_ESTIMATORS,
  type Trial,
  type TrialEstimator,
  type TrialSettings,
  trials,
} from '../../src/intrinsic-dimension/trials';
import { environment } from '../../src/records/environment';
import { openTrials } from '../../src/records/trial-record';
import { loadBackend } from '../../src/runtime/backend';

/** The estimators that take seconds, in the order in which they are tried after all others; the rest is then finished early. */
const SLOW: readonly TrialEstimator[] = ['two-nn corrected', 'danco', 'ess', 'ph0', 'hidalgo'];

interface Options {
  readonly estimators?: readonly TrialEstimator[];
  readonly manifolds?: readonly ManifoldName[];
  readonly n: readonly number[];
  readonly seeds: number;
  readonly out: string;
}

/** The command, whose words follow `truth`. */
export function truthCommand(): Command {
  return defineCommand(
    'bench',
    'Try estimators on manifolds of known dimension: bias, spread, coverage and time.',
    'truth',
  )
    .option('--estimators <list>', `of ${TRIAL_ESTIMATORS.join(', ')} (default: all)`, words)
    .option('--manifolds <list>', 'names (default: the 24 benchmark manifolds)', words)
    .option('--n <list>', 'numbers of points', numbers, [1000, 2500])
    .option('--seeds <number>', 'seeds, from 0 on', (text) => numbers(text)[0]!, 5)
    .option('--out <file>', 'record, to which trials are added that it does not have', 'out/truth.jsonl')
    .action(run);
}

async function run({
  estimators: wanted = TRIAL_ESTIMATORS,
  manifolds = BENCHMARK_MANIFOLDS,
  n,
  seeds,
  out,
}: Options): Promise<void> {
  const stop = listenForStop(
    `stopping; finished trials are kept in ${out}, and the same command goes on from there`,
  );
  const record = openTrials(out, { ...environment(await loadBackend()), load: loadavg()[0]! });
  const known = new Set(record.before.map(keyOf));
  const made: Trial[] = [...record.before];
  const show = showLine();
  const rounds = [
    wanted.filter((name) => !SLOW.includes(name)),
    ...SLOW.map((name) => wanted.filter((each) => each === name)),
  ];
  try {
    for (const [i, round] of rounds.entries()) {
      if (round.length === 0) continue;
      const found = trials({
        estimators: round,
        manifolds,
        points: n,
        seeds: [...Array(seeds).keys()],
        skip: (trial) => known.has(keyOf(trial)),
        onProgress: (done, what) => show.update(done, `round ${i + 1} of ${rounds.length}: ${what}`),
        signal: stop.signal,
      });
      for await (const trial of found) {
        record.append(trial);
        made.push(trial);
      }
      show.next();
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new StoppedError(await stop.exitCode());
  } finally {
    show.stop();
    if (made.length > 0) console.log(tableBundle(trialTable(made))['text/plain']);
    console.log(`${made.length} trials in ${out}`);
  }
}

function keyOf({ estimator, manifold, points, seed }: TrialSettings): string {
  return [estimator, manifold, points, seed].join(' / ');
}

/** A line that is overwritten in a terminal; in a log, a line every ten seconds. */
function showLine() {
  const { stderr } = process;
  let started = Date.now();
  let due = started + 2000;
  let shown = false;
  return {
    update(done: number, what: string): void {
      const now = Date.now();
      if (now < due) return;
      due = now + (stderr.isTTY ? 250 : 10_000);
      const left = done > 0 ? `, ${duration(((now - started) / done) * (1 - done))} left` : '';
      const text = `${Math.floor(100 * done)} %${left}; ${what}`;
      stderr.write(stderr.isTTY ? `\r\x1b[K${text.slice(0, stderr.columns - 1)}` : `${text}\n`);
      shown = true;
    },
    /** Begins to count the time anew. */
    next(): void {
      started = Date.now();
    },
    stop(): void {
      if (shown && stderr.isTTY) stderr.write('\r\x1b[K');
    },
  };
}

function words(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

function numbers(text: string): number[] {
  return words(text).map((word) => {
    const number = Number(word);
    if (!Number.isInteger(number) || number < 1)
      throw new InvalidArgumentError(`It must be whole numbers of at least 1, got '${word}'.`);
    return number;
  });
}
