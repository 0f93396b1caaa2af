/** The command line for everybody's points: `npm run id -- points.npy --estimator two-nn`. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { scaleFigure } from '../figures/estimator';
import { toHTML, toPNG, toSVG } from '../figures/figure';
import { ESTIMATORS, type EstimatorName } from '../intrinsic-dimension/estimators/registry';
import { type PointsFormat, readPoints } from '../intrinsic-dimension/files/points-file';
import {
  type IdEstimate,
  type IdOptions,
  intrinsicDimension,
} from '../intrinsic-dimension/intrinsic-dimension';
import type { Metric } from '../intrinsic-dimension/points/space';
import { idScale } from '../intrinsic-dimension/scale';
import type { SearchOptions } from '../intrinsic-dimension/search/neighbours';

const HELP = `Usage: npm run id -- <points.npy | .csv | .safetensors | -> [options]

The intrinsic dimension of points [points, dimensions], with its 95 % interval. '-' reads standard input.

  --estimator <name>       ${ESTIMATORS.join(', ')}
                           (default: two-nn)
  --all                    every estimator, side by side
  --scale                  GRIDE from the nearest neighbours to far ones
  --figure <file>          with --scale: the curve as .png, .svg or .html
  --json                   one line of JSON (npm run -s id keeps npm's own lines out)
  --discardFraction <f>    two-nn (default .1), two-nn-mle (default 0)
  --k <n>                  levina-bickel, mackay-ghahramani: neighbours (default 20)
  --unbiased               levina-bickel: its unbiased form
  --n1 <n> --n2 <n>        gride: the two neighbours (default 1 and 2 n1)
  --k1 <n> --k2 <n>        correlation: the two neighbours (default 10 and 2 k1)
  --variance <f>           pca: share of the variance (default .95)
  --metric <name>          euclidean or cosine (default: euclidean)
  --interval <kind>        sandwich, iid or subsamples (default: sandwich)
  --level <f>              of the interval (default .95)
  --key <name>             of the tensor in a .safetensors file
  --format <name>          npy, csv or safetensors (default: from the name or the first bytes)
  --help                   this text`;

const NUMBERS = ['discardFraction', 'k', 'n1', 'n2', 'k1', 'k2', 'variance', 'level'] as const;
const FLAGS = ['all', 'scale', 'json', 'unbiased', 'help'] as const;
const WORDS = ['estimator', 'figure', 'metric', 'interval', 'key', 'format'] as const;

type Values = Partial<Record<(typeof NUMBERS)[number] | (typeof WORDS)[number], string>> &
  Partial<Record<(typeof FLAGS)[number], boolean>>;

async function main(words: readonly string[]): Promise<void> {
  const options = Object.fromEntries([
    ...[...NUMBERS, ...WORDS].map((name) => [name, { type: 'string' as const }]),
    ...FLAGS.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  const parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  const values = parsed.values as Values;
  const [path, ...more] = parsed.positionals;
  if (values.help || path === undefined) {
    console.log(HELP);
    if (!values.help) process.exitCode = 1;
    return;
  }
  if (more.length > 0) throw new Error(`one file at a time, got ${parsed.positionals.join(' ')}`);
  assertTogether(values);
  const reading = {
    ...(values.format === undefined ? {} : { format: formatOf(values.format) }),
    ...(values.key === undefined ? {} : { key: values.key }),
  };
  const points = readPoints(path, reading);
  if (points.note) console.error(points.note);
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort(new Error('stopped')));
  const progress = showShare();
  const common: IdOptions = {
    ...numbersOf(values),
    ...(values.unbiased ? { unbiased: true } : {}),
    ...(values.metric === undefined ? {} : { metric: values.metric as Metric }),
    ...(values.interval === undefined ? {} : { interval: values.interval as 'sandwich' }),
    onProgress: progress.update,
    signal: controller.signal,
  };
  try {
    if (values.scale) return await scale(points, common, values);
    if (values.all) return await all(points, common, values.json ?? false);
    const estimator = (values.estimator ?? 'two-nn') as EstimatorName;
    const estimate = await intrinsicDimension(points, { ...common, estimator });
    progress.stop();
    if (values.json) console.log(JSON.stringify(estimate));
    else console.log(inWords(estimate));
  } finally {
    progress.stop();
  }
}

/** What would be left unused is more likely a mistake. */
function assertTogether({ all, scale, estimator, figure }: Values): void {
  const chosen = Object.entries({ estimator, all, scale }).filter(([, value]) => value);
  if (chosen.length > 1)
    throw new Error(`choose one of ${chosen.map(([name]) => `--${name}`).join(' and ')}`);
  if (figure === undefined) return;
  if (!scale) throw new Error('--figure draws the curve of --scale: add --scale');
  if (!['.png', '.svg', '.html'].includes(extname(figure).toLowerCase())) {
    throw new Error(`a figure ends in .png, .svg or .html, got '${figure}'`);
  }
}

async function all(points: ReturnType<typeof readPoints>, options: IdOptions, json: boolean): Promise<void> {
  const rows: Row[] = [];
  for (const estimator of ESTIMATORS) {
    try {
      rows.push(await intrinsicDimension(points, { ...options, estimator }));
    } catch (error) {
      if (options.signal?.aborted) {
        // What was finished is not lost.
        if (rows.length > 0) report(rows, options, json);
        throw error;
      }
      // One estimator that cannot be had, as on a lattice, must not hide the others.
      rows.push({ estimator, error: (error as Error).message });
    }
  }
  const [first] = rows;
  if (rows.every((row) => 'error' in row)) throw new Error((first as { error: string }).error);
  report(rows, options, json);
}

type Row = IdEstimate | { readonly estimator: string; readonly error: string };

function report(rows: readonly Row[], options: IdOptions, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(rows));
    return;
  }
  console.log(
    `${'estimator'.padEnd(21)}${'dimension'.padStart(10)}   ${percent(options.level)} interval     at distance`,
  );
  for (const row of rows) {
    if ('error' in row) console.log(`${row.estimator.padEnd(21)}${'-'.padStart(10)}   ${row.error}`);
    else {
      const { value, interval, scale: distance } = row;
      const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
      console.log(
        `${row.estimator.padEnd(21)}${value.toFixed(2).padStart(10)}   ${range.padEnd(17)} ${distance.toPrecision(3)}`,
      );
    }
  }
}

async function scale(
  points: ReturnType<typeof readPoints>,
  options: IdOptions & SearchOptions,
  values: Values,
): Promise<void> {
  const result = await idScale(points, options);
  if (values.figure !== undefined) await draw(values.figure, result);
  if (values.json) return console.log(JSON.stringify(result));
  console.log(`neighbours    dimension   ${percent(options.level)} interval     mean distance`);
  result.curve.forEach(({ n1, n2, value, interval, scale: distance }, i) => {
    const marked = result.plateau && i >= result.plateau.from && i <= result.plateau.to ? '  plateau' : '';
    const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
    console.log(
      `${`${n1} and ${n2}`.padEnd(14)}${value.toFixed(2).padStart(9)}   ${range.padEnd(17)} ${distance.toPrecision(3)}${marked}`,
    );
  });
  if (values.figure !== undefined) console.log(`figure: ${values.figure}`);
}

async function draw(path: string, result: Awaited<ReturnType<typeof idScale>>): Promise<void> {
  const figure = scaleFigure(result);
  const extension = extname(path).toLowerCase();
  if (extension === '.png') writeFileSync(path, await toPNG(figure));
  else if (extension === '.svg') writeFileSync(path, await toSVG(figure));
  else writeFileSync(path, await toHTML(figure));
}

function inWords({ value, interval, estimator, scale: distance, points, duplicates }: IdEstimate): string {
  const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
  const removed = duplicates > 0 ? `, ${duplicates} duplicates removed` : '';
  return `${estimator}: ${value.toFixed(2)} (${percent(interval.level)} interval ${range}) at distance ${distance.toPrecision(3)}, ${points} points${removed}`;
}

function percent(level = 0.95): string {
  return `${Number((100 * level).toPrecision(6))} %`;
}

function numbersOf(values: Values): Partial<Record<(typeof NUMBERS)[number], number>> {
  const given = NUMBERS.filter((name) => values[name] !== undefined);
  return Object.fromEntries(
    given.map((name) => {
      const number = Number(values[name]);
      if (values[name]!.trim() === '' || Number.isNaN(number)) {
        throw new Error(`--${name} must be a number, got '${values[name]}'`);
      }
      return [name, number];
    }),
  );
}

function formatOf(name: string): PointsFormat {
  if (name === 'npy' || name === 'csv' || name === 'safetensors') return name;
  throw new Error(`no format '${name}': choose npy, csv or safetensors`);
}

/** A bar that appears when the work takes longer than two seconds. */
function showShare(): { update: (share: number) => void; stop: () => void } {
  const started = Date.now();
  let bar: SingleBar | undefined;
  return {
    update: (share) => {
      if (!bar && Date.now() - started > 2000 && process.stderr.isTTY) {
        bar = new SingleBar(
          { format: 'neighbours {bar} {percentage} %', stream: process.stderr, clearOnComplete: true },
          Presets.shades_classic,
        );
        bar.start(1, share);
      }
      bar?.update(share);
    },
    stop: () => bar?.stop(),
  };
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(process.env['DEBUG'] ? error : `error: ${error.message.split('\n')[0]}`);
  process.exitCode = error.message === 'stopped' ? 130 : 1;
});
