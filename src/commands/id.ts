/** The command line for everybody's points: `npm run id -- points.npy --estimator two-nn`. */
import { Option } from 'commander';
import { scaleFigure } from '../figures/estimator';
import { idDecimation } from '../intrinsic-dimension/decimation';
import {
  DEFAULT_ESTIMATOR,
  ESTIMATORS,
  type EstimatorName,
  estimatorNamed,
} from '../intrinsic-dimension/estimators/registry';
import { FORMATS, type PointsFormat, readPoints } from '../intrinsic-dimension/files/points-file';
import {
  type IdEstimate,
  type IdOptions,
  intrinsicDimension,
} from '../intrinsic-dimension/intrinsic-dimension';
import { idScale } from '../intrinsic-dimension/scale';
import { defineCommand, listenForStop, runCommand } from './command';
import { addEstimateOptions, ESTIMATOR_FLAGS, percent } from './estimate-options';
import { assertFigurePath, writeFigure } from './figure-file';
import { showShare } from './share';

interface Options extends Omit<IdOptions, 'onProgress' | 'signal'> {
  readonly all?: boolean;
  readonly scale?: boolean;
  readonly decimation?: boolean;
  readonly figure?: string;
  readonly json?: boolean;
  readonly key?: string;
  readonly format?: PointsFormat;
  readonly flatten?: boolean;
}

const command = addEstimateOptions(
  defineCommand(
    'id',
    "Estimate the intrinsic dimension of points [points, dimensions], with an interval. '-' reads standard input.",
  )
    .argument('<file>', 'points as .npy, .csv or .safetensors, or - for standard input')
    .addOption(
      new Option('--estimator <name>', `how to estimate (default: ${DEFAULT_ESTIMATOR})`).choices(ESTIMATORS),
    )
    .option('--all', 'use every estimator, side by side')
    .option('--scale', 'use GRIDE from the nearest neighbours to far ones')
    .option('--decimation', 'estimate on all points, on halves, on quarters and so on')
    .option('--figure <file>', 'with --scale: draw the curve as .png, .svg or .html')
    .option('--json', "print one line of JSON (npm run -s id keeps npm's own lines out)"),
)
  .option('--key <name>', 'of the tensor in a .safetensors file')
  .option('--flatten', 'take an array [N, A, B, ...] for N points of A x B x ... numbers')
  .addOption(
    new Option('--format <name>', 'of the file (default: from its name or first bytes)').choices(FORMATS),
  )
  .action(async (path: string, options: Options) => {
    assertTogether(options);
    const { all: everyEstimator, scale: overScales, decimation: overSizes, ...other } = options;
    const { figure, json = false, key, format, flatten = false, ...rest } = other;
    const points = readPoints(path, {
      flatten,
      ...(format ? { format } : {}),
      ...(key === undefined ? {} : { key }),
    });
    if (points.note) console.error(points.note);
    const stop = listenForStop('stopping');
    const progress = showShare('neighbours');
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
  assertFigurePath(figure);
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
      // One estimator that fails, as on a lattice, must not hide the others.
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

/** Letters of the first column. */
const NAME = 2 + Math.max(...ESTIMATORS.map(({ length }) => length));

type Row = IdEstimate | { readonly estimator: string; readonly error: string };

function report(rows: readonly Row[], options: IdOptions, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(rows));
    return;
  }
  console.log(
    `${'estimator'.padEnd(NAME)}${'dimension'.padStart(10)}   ${percent(options.level)} interval     at distance`,
  );
  for (const row of rows) {
    if ('error' in row) console.log(`${row.estimator.padEnd(NAME)}${'-'.padStart(10)}   ${row.error}`);
    else {
      const { value, interval, scale: distance } = row;
      const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
      console.log(
        `${row.estimator.padEnd(NAME)}${value.toFixed(2).padStart(10)}   ${range.padEnd(17)} ${distance.toPrecision(3)}`,
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
  if (figure !== undefined) await writeFigure(figure, scaleFigure(result));
  if (json) return console.log(JSON.stringify(result));
  console.log(`neighbours    dimension   ${percent(options.level)} interval     mean distance`);
  for (const { n1, n2, reason } of result.missing)
    console.log(`${`${n1} and ${n2}`.padEnd(14)}${'-'.padStart(9)}   ${reason}`);
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

function inWords({ value, interval, estimator, scale: distance, points, duplicates }: IdEstimate): string {
  const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
  const removed = duplicates > 0 ? `, ${duplicates} duplicates removed` : '';
  return `${estimator}: ${value.toFixed(2)} (${percent(interval.level)} interval ${range}) at distance ${distance.toPrecision(3)}, ${points} points${removed}`;
}

void runCommand(command);
