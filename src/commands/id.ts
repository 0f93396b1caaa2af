/** Estimates the dimension of points in a file: `npm run id -- points.npy --estimator two-nn`. */
import { Option } from 'commander';
import { BEFORE_OPTIONS, called, QUIETLY } from '../called';
import { scaleFigure } from '../figures/estimator';
import { idDecimation } from '../intrinsic-dimension/decimation';
import {
  assertEstimatorOptions,
  ESTIMATORS,
  type EstimatorName,
  estimatorNamed,
  estimatorOf,
} from '../intrinsic-dimension/estimators/registry';
import { oneLine } from '../intrinsic-dimension/files/cells';
import { FORMATS } from '../intrinsic-dimension/files/format';
import { onCommandLine } from '../intrinsic-dimension/files/option-words';
import { type ReadPointsOptions, readDistances, readPoints } from '../intrinsic-dimension/files/points-file';
import {
  ID_KINDS,
  type IdEstimate,
  type IdOptions,
  intrinsicDimension,
} from '../intrinsic-dimension/intrinsic-dimension';
import { NoEstimateError } from '../intrinsic-dimension/no-estimate';
import type { Points } from '../intrinsic-dimension/points/points';
import { assertReportOptions } from '../intrinsic-dimension/report/report';
import { idScale, type ScaleCurve } from '../intrinsic-dimension/scale';
import { counted } from '../number-format';
import { defineCommand, listenForStop, runCommand } from './command';
import { addEstimateOptions, ESTIMATOR_FLAGS, percent } from './estimate-options';
import { assertFigurePath, FIGURE_FORMATS, writeFigure } from './figure-file';
import { assertPagePath, report as reportOn } from './report';
import { showShare } from './share';

interface Options extends Omit<IdOptions, 'onProgress' | 'signal'>, Omit<ReadPointsOptions, 'onProgress'> {
  readonly all?: boolean;
  readonly scale?: boolean;
  readonly decimation?: boolean;
  readonly report?: boolean;
  readonly figure?: string;
  readonly json?: boolean;
  readonly distances?: boolean;
}

const command = addEstimateOptions(
  defineCommand(
    'id',
    "Estimate the intrinsic dimension of points [points, dimensions], with an interval. '-' reads standard input.",
  )
    .argument('<file>', 'points as .npy, .npz, .csv, .safetensors or .pt, or - for standard input')
    .option('--all', 'use all estimators, side by side')
    .option('--scale', 'use GRIDE from the nearest neighbours to far ones')
    .option('--decimation', 'estimate on all points, on halves, on quarters and so on')
    .option(
      '--report',
      'report whether the dimension is believable: estimators, scales, null models, warnings, and a value corrected by known surfaces',
    )
    .option(
      '--figure <file>',
      `with --scale: draw the curve as ${FIGURE_FORMATS.map((form) => `.${form}`).join(', ')}; with --report: write the report as a page, .html`,
    )
    .option('--json', `print one line of JSON${QUIETLY}`),
)
  .option('--distances', 'the file contains distances: a square matrix, or its upper triangle row by row')
  .option('--key <name>', 'name of the array, if the file has several')
  .option('--flatten', 'read an array [N, A, B, ...] as N points of A x B x ... numbers')
  .option(
    '--columns <list>',
    'columns that are coordinates: names, or numbers from 1, as in 2-5,7; all includes row numbers, too',
  )
  .option('--drop-column <list>', 'leave out these columns, such as row numbers or labels')
  .option('--header', 'the first row of a text file holds names (default: if it does not hold numbers)')
  .option('--no-header', 'the first row of a text file is a point')
  .addOption(
    new Option('--format <name>', 'format of the file (default: from its first bytes and its name)').choices(
      FORMATS,
    ),
  )
  .action(async (path: string, options: Options) => {
    assertTogether(options);
    const {
      all: everyEstimator,
      scale: overScales,
      decimation: overSizes,
      report,
      figure,
      json = false,
    } = options;
    const reading = showShare('reading');
    const points = await pointsOf(path, { ...options, onProgress: reading.update }).finally(reading.stop);
    const stop = listenForStop('stopping');
    const progress = showShare(report ? 'report' : 'neighbours');
    const common: IdOptions = {
      ...estimateOptions(options),
      onProgress: progress.update,
      signal: stop.signal,
    };
    try {
      if (report) return await reportOn(points, common, { json, figure, name: path });
      if (overScales) return await scale(points, common, { json, figure });
      if (overSizes) return await decimation(points, common, json);
      if (everyEstimator) return await all(points, common, json);
      const estimate = await intrinsicDimension(points, common);
      progress.stop();
      console.log(json ? JSON.stringify(estimate) : inWords(estimate));
    } catch (error) {
      // The points of this file are at fault, and not the options.
      if (error instanceof NoEstimateError)
        throw new Error(oneLine(`${path === '-' ? 'standard input' : path}: ${error.message}`), {
          cause: error,
        });
      throw error;
    } finally {
      progress.stop();
    }
  });

/** Reads the points of a file, and prints notes on everything that was changed or left out. */
async function pointsOf(
  path: string,
  options: Options & Pick<ReadPointsOptions, 'onProgress'>,
): Promise<Points> {
  const { key, flatten, columns, dropColumn, header, format, distances, onProgress } = options;
  const reading = Object.fromEntries(
    Object.entries({ key, flatten, columns, dropColumn, header, format, onProgress }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  if (distances) {
    const { notes, ...matrix } = await readDistances(path, reading, onCommandLine);
    for (const note of notes) console.error(note);
    return matrix;
  }
  const { notes, ...points } = await readPoints(path, reading, onCommandLine);
  for (const note of notes) console.error(note);
  return points;
}

/** The options of the estimate. */
function estimateOptions(options: Options): IdOptions {
  const names = [
    'estimator',
    'metric',
    'period',
    'interval',
    'level',
    ...ESTIMATOR_FLAGS.map(([name]) => name),
  ];
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
}

/** Rejects options that would be ignored, since they are probably mistakes. Options are checked before the file is read. */
function assertTogether(options: Options): void {
  const { all, scale, decimation, estimator, report, figure } = options;
  if (report) {
    assertReport(options);
    return;
  }
  const chosen = Object.entries({ estimator, all, scale }).filter(([, value]) => value);
  if (chosen.length > 1)
    throw new Error(`choose one of ${chosen.map(([name]) => `--${name}`).join(' and ')}`);
  if (decimation && (all || scale))
    throw new Error(`choose one of --decimation and --${all ? 'all' : 'scale'}`);
  const given = (names: readonly string[]): string | undefined =>
    names.find((name) => Object.hasOwn(options, name));
  if (decimation && given(['interval']))
    throw new Error('--decimation has its own intervals: leave --interval out');
  const unread = scale && given(['interval', ...ESTIMATOR_FLAGS.map(([name]) => name)]);
  if (unread)
    throw new Error(
      `--scale does not read --${unread}: leave it out; it reads --metric, --period, --level and --figure`,
    );
  if (!all && !scale) {
    const how = estimateOptions(options);
    assertEstimatorOptions(called('id'), how, ID_KINDS);
    estimatorOf(how);
  }
  if (figure === undefined) return;
  if (!scale) throw new Error('--figure draws the curve of --scale or the page of --report: add one of them');
  assertFigurePath(figure);
}

function assertReport(options: Options): void {
  const { all, scale, decimation, figure } = options;
  const other = Object.entries({ all, scale, decimation }).find(([, asked]) => asked)?.[0];
  if (other) throw new Error(`choose one of --report and --${other}`);
  assertReportOptions(`${called('id')}${BEFORE_OPTIONS} --report`, estimateOptions(options));
  if (figure !== undefined) assertPagePath(figure);
}

async function all(points: Points, options: IdOptions, json: boolean): Promise<void> {
  const rows: Row[] = [];
  const failures: unknown[] = [];
  for (const estimator of ESTIMATORS) {
    try {
      rows.push(await intrinsicDimension(points, { ...ownOptions(options, estimator), estimator }));
    } catch (error) {
      if (options.signal?.aborted) {
        // Finished estimates are printed, so that they are not lost.
        if (rows.length > 0) report(rows, options, json);
        throw error;
      }
      // If one estimator fails, for example on a lattice, the others are still shown.
      rows.push({ estimator, error: (error as Error).message });
      failures.push(error);
    }
  }
  if (failures.length === rows.length) throw failures[0];
  report(rows, options, json);
}

/** The options without those that belong to other estimators. */
function ownOptions(options: IdOptions, estimator: EstimatorName): IdOptions {
  const { options: own } = estimatorNamed(estimator);
  const foreign = new Set(ESTIMATOR_FLAGS.map(([name]) => name).filter((name) => !Object.hasOwn(own, name)));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !foreign.has(name)));
}

/** The width of the first column in characters. */
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
  points: Points,
  options: IdOptions,
  { json, figure }: { readonly json: boolean; readonly figure: string | undefined },
): Promise<void> {
  const result = await idScale(points, options);
  const print = (): void =>
    json ? console.log(JSON.stringify(result)) : printCurve(result, percent(options.level));
  if (figure === undefined) return print();
  await writeFigure(figure, scaleFigure(result)).finally(print);
  if (!json) console.log(`figure: ${figure}`);
}

function printCurve(result: ScaleCurve, level: string): void {
  console.log(`neighbours    dimension   ${level} interval     mean distance`);
  for (const { n1, n2, reason } of result.missing)
    console.log(`${`${n1} and ${n2}`.padEnd(14)}${'-'.padStart(9)}   ${reason}`);
  result.curve.forEach(({ n1, n2, value, interval, scale: distance }, i) => {
    const marked = result.plateau && i >= result.plateau.from && i <= result.plateau.to ? '  plateau' : '';
    const range = `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`;
    console.log(
      `${`${n1} and ${n2}`.padEnd(14)}${value.toFixed(2).padStart(9)}   ${range.padEnd(17)} ${distance.toPrecision(3)}${marked}`,
    );
  });
}

async function decimation(points: Points, options: IdOptions, json: boolean): Promise<void> {
  const result = await idDecimation(points, options);
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
  const removed = duplicates > 0 ? `, ${counted(duplicates, 'duplicate')} removed` : '';
  return `${estimator}: ${value.toFixed(2)} (${percent(interval.level)} interval ${range}) at distance ${distance.toPrecision(3)}, ${counted(points, 'point')}${removed}`;
}

void runCommand(command);
