/** The command line for everybody's points: `npm run id -- points.npy --estimator two-nn`. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { Option } from 'commander';
import { group } from 'd3-array';
import { scaleFigure } from '../figures/estimator';
import { toHTML, toPNG, toSVG } from '../figures/figure';
import { idDecimation } from '../intrinsic-dimension/decimation';
import {
  ESTIMATOR_OPTIONS,
  ESTIMATORS,
  type EstimatorName,
  estimatorNamed,
} from '../intrinsic-dimension/estimators/registry';
import { FORMATS, type PointsFormat, readPoints } from '../intrinsic-dimension/files/points-file';
import {
  type IdEstimate,
  type IdOptions,
  INTERVALS,
  intrinsicDimension,
} from '../intrinsic-dimension/intrinsic-dimension';
import { METRICS } from '../intrinsic-dimension/points/space';
import { idScale } from '../intrinsic-dimension/scale';
import { defineCommand, listenForStop, runCommand } from './command';

/** Options of estimators by their names; one name may mean something in several estimators. */
const ESTIMATOR_FLAGS = [...group(ESTIMATOR_OPTIONS, ({ name }) => name)].filter(([name]) => name !== 'fit');

interface Options extends Omit<IdOptions, 'onProgress' | 'signal'> {
  readonly all?: boolean;
  readonly scale?: boolean;
  readonly decimation?: boolean;
  readonly figure?: string;
  readonly json?: boolean;
  readonly key?: string;
  readonly format?: PointsFormat;
}

const command = defineCommand(
  'id',
  "Estimate the intrinsic dimension of points [points, dimensions], with its 95 % interval. '-' reads standard input.",
)
  .argument('<file>', 'points as .npy, .csv or .safetensors, or - for standard input')
  .addOption(new Option('--estimator <name>', 'how to estimate (default: two-nn)').choices(ESTIMATORS))
  .option('--all', 'use every estimator, side by side')
  .option('--scale', 'use GRIDE from the nearest neighbours to far ones')
  .option('--decimation', 'estimate on all points, on halves, on quarters and so on')
  .option('--figure <file>', 'with --scale: draw the curve as .png, .svg or .html')
  .option('--json', "print one line of JSON (npm run -s id keeps npm's own lines out)");
for (const [name, meanings] of ESTIMATOR_FLAGS) {
  const isFlag = typeof meanings[0]!.default === 'boolean';
  const words = new Set(meanings.flatMap((meaning) => meaning.words ?? []));
  const text = meanings.map(
    ({ estimators, description, defaultText }) =>
      `${estimators.join(', ')}: ${description}${isFlag ? '' : ` (default ${defaultText})`}`,
  );
  command.addOption(
    isFlag
      ? new Option(`--${name}`, text.join('; '))
      : words.size > 0
        ? new Option(`--${name} <name>`, text.join('; ')).choices([...words])
        : new Option(`--${name} <n>`, text.join('; ')).argParser((word) => numberNamed(name, word)),
  );
}
command
  .addOption(new Option('--metric <name>', 'distance between points (default: euclidean)').choices(METRICS))
  .addOption(
    new Option('--interval <kind>', 'where the interval comes from (default: sandwich)').choices(INTERVALS),
  )
  .addOption(
    new Option('--level <f>', 'level of the interval (default: 0.95)').argParser((word) =>
      numberNamed('level', word),
    ),
  )
  .option('--key <name>', 'of the tensor in a .safetensors file')
  .addOption(
    new Option('--format <name>', 'of the file (default: from its name or first bytes)').choices(FORMATS),
  )
  .action(async (path: string, options: Options) => {
    assertTogether(options);
    const {
      all: everyEstimator,
      scale: overScales,
      decimation: overSizes,
      figure,
      json = false,
      key,
      format,
      ...rest
    } = options;
    const points = readPoints(path, { ...(format ? { format } : {}), ...(key === undefined ? {} : { key }) });
    if (points.note) console.error(points.note);
    const stop = listenForStop('stopping');
    const progress = showShare();
    const common: IdOptions = { ...rest, onProgress: progress.update, signal: stop.signal };
    try {
      if (overScales) return await scale(points, common, { json, figure });
      if (overSizes) return await decimation(points, common, json);
      if (everyEstimator) return await all(points, common, json);
      const estimate = await intrinsicDimension(points, common);
      progress.stop();
      console.log(json ? JSON.stringify(estimate) : inWords(estimate));
    } finally {
      progress.stop();
    }
  });

function numberNamed(name: string, word: string): number {
  const number = Number(word);
  if (word.trim() === '' || Number.isNaN(number))
    throw new Error(`--${name} must be a number, got '${word}'`);
  return number;
}

/** What would be left unused is more likely a mistake. */
function assertTogether({ all, scale, decimation, estimator, figure, ...others }: Options): void {
  const chosen = Object.entries({ estimator, all, scale }).filter(([, value]) => value);
  if (chosen.length > 1)
    throw new Error(`choose one of ${chosen.map(([name]) => `--${name}`).join(' and ')}`);
  if (decimation && (all || scale))
    throw new Error(`choose one of --decimation and --${all ? 'all' : 'scale'}`);
  if (decimation && others.interval !== undefined)
    throw new Error('--decimation has intervals of its own: leave out --interval');
  const unused = scale && ESTIMATOR_FLAGS.find(([name]) => Object.hasOwn(others, name))?.[0];
  if (unused) throw new Error(`--scale has its own neighbours: leave out --${unused}`);
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
      rows.push(await intrinsicDimension(points, { ...ownOptions(options, estimator), estimator }));
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

/** Without the options that belong to other estimators. */
function ownOptions(options: IdOptions, estimator: EstimatorName): IdOptions {
  const { options: own } = estimatorNamed(estimator);
  const foreign = new Set(ESTIMATOR_FLAGS.map(([name]) => name).filter((name) => !Object.hasOwn(own, name)));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !foreign.has(name)));
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
  options: IdOptions,
  { json, figure }: { readonly json: boolean; readonly figure: string | undefined },
): Promise<void> {
  const result = await idScale(points, options);
  if (figure !== undefined) await draw(figure, result);
  if (json) return console.log(JSON.stringify(result));
  console.log(`neighbours    dimension   ${percent(options.level)} interval     mean distance`);
  result.curve.forEach(({ n1, n2, value, interval, scale: distance }, i) => {
    const marked = result.plateau && i >= result.plateau.from && i <= result.plateau.to ? '  plateau' : '';
    const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
    console.log(
      `${`${n1} and ${n2}`.padEnd(14)}${value.toFixed(2).padStart(9)}   ${range.padEnd(17)} ${distance.toPrecision(3)}${marked}`,
    );
  });
  if (figure !== undefined) console.log(`figure: ${figure}`);
}

async function decimation(
  points: ReturnType<typeof readPoints>,
  options: IdOptions,
  json: boolean,
): Promise<void> {
  const { subsamples: _, interval: __, ...rest } = options;
  const result = await idDecimation(points, rest);
  if (json) return console.log(JSON.stringify(result));
  console.log(`points        dimension   ${percent(options.level)} interval     at distance`);
  for (const { parts, size, value, interval, scale: distance } of result.curve) {
    const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
    console.log(
      `${`${parts} x ${size}`.padEnd(14)}${value.toFixed(2).padStart(9)}   ${range.padEnd(17)} ${distance.toPrecision(3)}`,
    );
  }
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

void runCommand(command);
