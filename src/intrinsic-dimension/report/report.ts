/** A report on whether a dimension is believable: estimates, scales, null models, warnings with evidence, and a calibrated value. */
import { type Kinds, NUMBER, SEED } from '../../given';
import { counted } from '../../number-format';
import { type DecimationPoint, decimationIn } from '../decimation';
import type { FromNeighbours } from '../estimators/estimator';
import { subset } from '../estimators/pointwise/neighbourhood';
import {
  assertEstimatorOptions,
  DEFAULT_ESTIMATOR,
  type EstimatorOptions,
  estimatorOf,
  isFromNeighbours,
} from '../estimators/registry';
import { type IntervalOptions, levelOf } from '../intervals';
import type { NoEstimate } from '../no-estimate';
import type { Points, Rows } from '../points/points';
import {
  DEFAULT_METRIC,
  type Metric,
  SPACE_KINDS,
  type Space,
  type SpaceOptions,
  space,
} from '../points/space';
import { type ScaleCurve, scaleIn } from '../scale';
import type { SearchOptions } from '../search/neighbours';
import type { Corrected } from './calibration';
import { corrected as correctedIn } from './corrected';
import { type EstimateRow, estimateRow, estimateRows, isKnown, nameOf, orReason } from './estimates';
import { type LocalHistogram, localHistogram } from './local-histogram';
import { compareWithNulls, type NullComparison, pointsForNulls } from './nulls';
import { drawRows, type ReportPoints, reportPoints } from './report-points';
import { neighboursToSee } from './scales';
import { biasWarning, fewPointsWarning, scaleWarning } from './warnings/bias';
import { consecutiveWarning } from './warnings/consecutive';
import { duplicateWarning, nearDuplicateWarning } from './warnings/copies';
import { evenlySpacedWarning } from './warnings/evenly-spaced';
import { distancesWarning, numberedColumn, withoutColumn } from './warnings/layout';
import { largestColumn, oneColumnWarning } from './warnings/one-column';
import { outlierWarning } from './warnings/outlier';
import { roundedWarning } from './warnings/rounded';
import { severalDimensionsWarning } from './warnings/several-dimensions';
import { tieWarning } from './warnings/ties';
import type { Warning } from './warnings/warning';
import { medianDistance } from './with-table';

/** The estimator that the report is about, and how the report is made. */
export type IdReportOptions = EstimatorOptions & ReportSettings;

/** The options of a report for every estimator. */
interface ReportSettings extends SpaceOptions, IntervalOptions {
  /** The most points that are used; of a larger set, a random sample is drawn. @default 10000 */
  readonly most?: number;
  /** Seed of everything random. @default 0 */
  readonly seed?: number;
}

/** A part of the report, or the reason why the points do not have it. */
export type Part<T> = T | NoEstimate;

/** A report: plain data, to be kept as JSON and drawn by `figures.report`. */
export interface IdReport {
  /** The number of rows that were given. */
  readonly rows: number;
  /** The number of coordinates; null if distances were given. */
  readonly columns: number | null;
  /** The number of points used: distinct, without near copies, and drawn from a larger set if `notes` says so. */
  readonly points: number;
  readonly metric: Metric;
  readonly seed: number;
  readonly level: number;
  /** The estimator that the report is about, with its options. */
  readonly estimator: string;
  /** Its estimate, whose interval does not include bias. */
  readonly estimate: EstimateRow;
  /** The dimension without the bias that known surfaces have with as many points, with an interval that includes the bias. */
  readonly corrected: Part<Corrected>;
  /** A sentence for a paper. */
  readonly sentence: string;
  readonly warnings: readonly Warning[];
  /** Estimates by several estimators, with the report's estimator first. */
  readonly estimates: readonly EstimateRow[];
  /** GRIDE from near neighbours to far ones, where each scale is a median distance. */
  readonly scale: Part<ScaleCurve>;
  /** The estimate on all points, halves, quarters and so on. */
  readonly decimation: Part<{ readonly curve: readonly Omit<DecimationPoint, 'scale'>[] }>;
  readonly local: Part<LocalHistogram>;
  readonly nulls: Part<{ readonly models: readonly NullComparison[] }>;
  /** Notes on the choice of the points. */
  readonly notes: readonly string[];
}

/** The kinds of a report's options besides those of its estimator. */
const REPORT_KINDS: Kinds<ReportSettings> = { ...SPACE_KINDS, level: NUMBER, most: NUMBER, seed: SEED };

/** The share of the time that each part takes with a large set, as measured. */
const SHARES = { points: 0.15, estimates: 0.1, decimation: 0.1, nulls: 0.25, calibration: 0.4 };

/**
 * Answers whether a dimension is believable. The report compares the value of an estimator from neighbour distances with its
 * values on surfaces of known dimension with as many points, with null models of the same points, with other estimators, other
 * scales and fewer points, and names the faults of the points. Duplicates and near duplicates are counted and left out.
 * A part that the points do not have (because of ties, too few points, or missing coordinates) gives the reason.
 *
 * @throws NoEstimateError for NaN and infinite values, and for fewer than 3 distinct points; RangeError for options out of range,
 *   and for an estimator that needs more than distances to neighbours
 */
export async function idReport(points: Points, options: IdReportOptions = {}): Promise<IdReport> {
  assertReportOptions('idReport', options);
  const {
    most = 10_000,
    seed = 0,
    metric = DEFAULT_METRIC,
    memory,
    through,
    level: _,
    onProgress,
    signal,
    ...rest
  } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const chosen: EstimatorOptions = {
    ...Object.fromEntries(given),
    estimator: rest.estimator ?? DEFAULT_ESTIMATOR,
  };
  const level = levelOf(options);
  if (!(Number.isInteger(most) && most >= 200))
    throw new RangeError(`most must be a whole number of at least 200, got ${most}`);
  const estimator = fromNeighbours(chosen);
  const search: SearchOptions = {
    ...(memory === undefined ? {} : { memory }),
    ...(through === undefined ? {} : { through }),
    ...(signal ? { signal } : {}),
  };
  const stage = stages(search, onProgress);

  const set = await reportPoints(points, {
    ...stage('points'),
    metric,
    most,
    seed,
    neighbours: neighboursToSee(estimator, most),
  });
  const clean = set.points;
  const how = { ...stage('estimates'), level };
  const estimates = await estimateRows(clean, chosen, how);
  const scale = await orReason(async () => withMedians(await scaleIn(clean, how), clean, search));
  const local = await orReason(() => localHistogram(clean, search));
  const decimation = await orReason(() =>
    decimationIn(clean, { ...chosen, ...stage('decimation'), level, partSeed: seed }),
  );
  const nulls = await orReason(() =>
    nullModels(clean, { ...stage('nulls'), name: nameOf(chosen), estimator, metric, level, seed }),
  );
  const corrected = await orReason(() =>
    correctedIn(
      clean,
      {
        name: nameOf(chosen),
        estimator,
        level,
        seed,
        table: set.cleanTable,
        columns: set.given?.d,
        scale: isKnown(scale) ? scale : undefined,
        search,
      },
      stage('calibration'),
    ),
  );
  onProgress?.(1);

  const estimate = estimates[0]!;
  const about = { rows: set.rows, columns: set.given?.d ?? null, points: clean.n, level };
  return {
    ...about,
    metric,
    seed,
    estimator: nameOf(chosen),
    estimate,
    corrected,
    sentence: sentenceOf(about, estimate, corrected),
    warnings: await warningsOf(
      set,
      { chosen, level, search, metric },
      { estimate, corrected, scale, decimation, local },
    ),
    estimates,
    scale,
    decimation: isKnown(decimation)
      ? { curve: decimation.curve.map(({ scale: __, ...point }) => point) }
      : decimation,
    local,
    nulls,
    notes: set.notes,
  };
}

/**
 * Rejects options that a report does not read.
 *
 * @param reader the name of the function that reads them
 * @throws RangeError that names the option, and for an estimator that needs more than distances to neighbours
 */
export function assertReportOptions(reader: string, options: IdReportOptions): void {
  assertEstimatorOptions(reader, options, REPORT_KINDS);
  fromNeighbours(options);
}

function fromNeighbours(options: EstimatorOptions): FromNeighbours {
  const estimator = estimatorOf(options);
  if (isFromNeighbours(estimator)) return estimator;
  throw new RangeError(
    `a report calibrates only estimators from distances to neighbours, not ${options.estimator}: choose two-nn, gride or the like`,
  );
}

/** The options of each part, with its progress as a share of the whole. */
function stages(
  search: SearchOptions,
  onProgress: SearchOptions['onProgress'],
): (name: keyof typeof SHARES) => SearchOptions {
  let before = 0;
  let shown = 0;
  return (name) => {
    const from = before;
    before += SHARES[name];
    // A part may search several times, and each search goes from 0 to 1.
    const update = (done: number): void => {
      const share = from + SHARES[name] * done;
      if (share > shown) onProgress?.(share);
      shown = Math.max(shown, share);
    };
    return { ...search, onProgress: update };
  };
}

/** The curve with median distances, which a single far point does not change. */
async function withMedians(curve: ScaleCurve, points: Space, search: SearchOptions): Promise<ScaleCurve> {
  const table = await points.neighbours(curve.curve.at(-1)!.n2, search);
  return {
    ...curve,
    curve: curve.curve.map((point) => ({ ...point, scale: medianDistance(table, point.n2) })),
  };
}

async function nullModels(
  points: Space,
  options: Parameters<typeof compareWithNulls>[1],
): Promise<{ readonly models: readonly NullComparison[] }> {
  const { rows, n } = points;
  if (!rows) throw new RangeError('null models need coordinates, got distances');
  const most = pointsForNulls(n, rows.d);
  const part = most < n ? await subset(points, drawRows(n, most, options.seed)) : points;
  return { models: await compareWithNulls(part, options) };
}

/** The data that the warnings are based on. */
interface Findings {
  readonly estimate: EstimateRow;
  readonly corrected: Part<Corrected>;
  readonly scale: Part<ScaleCurve>;
  readonly decimation: Part<{ readonly curve: readonly DecimationPoint[] }>;
  readonly local: Part<LocalHistogram>;
}

interface How {
  readonly chosen: EstimatorOptions;
  readonly level: number;
  readonly search: SearchOptions;
  readonly metric: Metric;
}

/** The warnings: first those about the array, then about the points, then about the value. */
async function warningsOf(
  set: ReportPoints,
  how: How,
  { estimate, corrected, scale, decimation, local }: Findings,
): Promise<Warning[]> {
  const { given, all, table, points, cleanTable } = set;
  const nearest = medianDistance(cleanTable, 1);
  const outlier = outlierWarning(table, all.rows, set.numbers);
  const named = estimate.value === null ? undefined : { ...estimate, estimator: estimate.name };
  const even = given && named && evenlySpacedWarning(named, given.d);
  const found = [
    given && distancesWarning(given),
    given && (await numberWarning(given, set, estimate, how)),
    duplicateWarning(set.duplicates, set.rows),
    await copiesWarning(set, how),
    tieWarning(cleanTable, estimate.value ?? 0),
    given && all.rows && how.metric === 'euclidean' && roundedWarning(all.rows, nearest),
    outlier,
    // A far row may hold the variance of its column.
    named && !outlier && how.metric === 'euclidean' && (await columnWarning(points, named, how)),
    consecutiveWarning(cleanTable, set.cleanNumbers),
    even,
    ...(isKnown(corrected) && named
      ? [
          // Values of evenly spaced points are biased for another reason.
          even === undefined &&
            biasWarning(named, corrected, isKnown(decimation) ? decimation.curve : [], points.n),
          fewPointsWarning(corrected, points.n, given?.d),
          isKnown(scale) && scaleWarning(scale.curve, corrected),
        ]
      : []),
    named && isKnown(local) && severalDimensionsWarning(local, points.n),
  ];
  return found.filter((warning) => warning !== undefined && warning !== false);
}

async function copiesWarning(
  set: ReportPoints,
  { chosen, level, search }: How,
): Promise<Warning | undefined> {
  const { near, all, points } = set;
  if (!near) return undefined;
  const likelihood: EstimatorOptions = { estimator: 'two-nn-mle' };
  const both = nameOf(chosen) === nameOf(likelihood) ? [chosen] : [chosen, likelihood];
  const effects = [];
  for (const each of both) {
    const withCopies = await estimateRow(all, each, { ...search, level });
    const without = await estimateRow(points, each, { ...search, level });
    effects.push({ estimator: nameOf(each), withCopies: withCopies.value, without: without.value });
  }
  return nearDuplicateWarning(near, all.n, effects);
}

/** The warning of a column that decides the distances, with the value of scaled columns. */
async function columnWarning(
  { rows }: Space,
  named: Parameters<typeof oneColumnWarning>[1],
  { chosen, level, search }: How,
): Promise<Warning | undefined> {
  const found = rows && largestColumn(rows);
  if (!found) return undefined;
  const scaled = await orReason(async () =>
    estimateRow(await space(found.scaled()), chosen, { ...search, level }),
  );
  return scaled.value === null ? undefined : oneColumnWarning(found, named, scaled);
}

/** The warning of a column of row numbers, with the value without it. */
async function numberWarning(
  given: Rows,
  { cleanNumbers }: ReportPoints,
  { value, name }: EstimateRow,
  { chosen, level, search, metric }: How,
): Promise<Warning | undefined> {
  const column = numberedColumn(given);
  if (!column) return undefined;
  const looked = { ...given, n: cleanNumbers.length, row: (i: number) => given.row(cleanNumbers[i]!) };
  const without = await orReason(async () =>
    estimateRow(await space(withoutColumn(looked, column.column), { metric }), chosen, { ...search, level }),
  );
  const effect =
    value !== null && without.value !== null
      ? ` Without it, ${name} gives ${without.value.toFixed(2)} instead of ${value.toFixed(2)}.`
      : '';
  return {
    name: 'row numbers',
    text:
      `Column ${column.column} (counted from 0) numbers the rows: whole numbers from ${column.first} to ${column.last}, each row its own. ` +
      `It was used as a coordinate.${effect} Leave it out if it is an index.`,
    evidence: { ...column, ...(without.value === null ? {} : { without: without.value }) },
  };
}

function sentenceOf(
  { points, columns, level }: Pick<IdReport, 'points' | 'columns' | 'level'>,
  estimate: EstimateRow,
  corrected: Part<Corrected>,
): string {
  const set = `${points.toLocaleString('en')} points${columns === null ? '' : ` in ${counted(columns.toLocaleString('en'), 'dimension')}`}`;
  if (estimate.value === null) return `${estimate.name} has no value on ${set}: ${estimate.reason}.`;
  const percent = `${Number((100 * level).toPrecision(6))} %`;
  const range = (
    { lower, upper }: { readonly lower: number; readonly upper: number },
    digits: number,
  ): string => `${lower.toFixed(digits)} to ${upper.toFixed(digits)}`;
  const raw = `${estimate.name} gives ${estimate.value.toFixed(2)} (${percent} interval ${range(estimate.interval, 2)}) on ${set}`;
  if (!isKnown(corrected)) return `${raw}.`;
  return (
    `${raw}. Calibrated on ${corrected.readings.length} families of surfaces of known dimension with as many points, ` +
    `the intrinsic dimension is ${corrected.value.toFixed(1)} (${percent} interval ${range(corrected.interval, 1)}, bias included).`
  );
}
