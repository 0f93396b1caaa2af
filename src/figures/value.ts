/** How the value of a notebook cell's last expression is shown, by its kind; called by the project's kernel. */
import { inspect } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import type { LayerProfile } from '../activations/layer-profile';
import type { Dataset, Examples } from '../data/dataset';
import type { SweepCell } from '../experiments/sweep';
import type { IdEstimate } from '../intrinsic-dimension/intrinsic-dimension';
import type { ScaleCurve } from '../intrinsic-dimension/scale';
import { counted, formatStep } from '../number-format';
import type { RunRecord } from '../records/run-record';
import { captionBundles, type Figure, figureBundle } from './figure';
import type { MimeBundle } from './notebook-output';
import { escapeHtml, type Frame, frameTable, isFrame, type Table, table, tableBundle } from './table';
import { isTensor, tensorInWords } from './tensor';

/** Tensors within other values are printed as they are on their own, without the internals of tfjs. */
Object.defineProperty(tf.Tensor.prototype, inspect.custom, {
  configurable: true,
  value(this: tf.Tensor) {
    return tensorInWords(this);
  },
});

/** The most rows of a data frame that a table shows. */
const MOST_ROWS = 20;

/** The most lines that are printed of a value of any other kind. */
const MOST_LINES = 60;

/**
 * The outputs for a value, one below the other, each in several forms. A danfo DataFrame or Series becomes a table; a
 * tensor its shape, type and first values; an {@link IdEstimate} a sentence; a {@link LayerProfile} its figure and its
 * table; a {@link ScaleCurve} and a {@link RunRecord} their figures; a {@link Dataset} a sentence and its first pictures; a
 * model of tf.layers its summary; what `trainLive` returns a sentence, and what `sweep` returns a table. Figures and tables
 * are shown as they are, and everything else as Node prints it, cut if it is long.
 */
export async function valueBundles(value: unknown): Promise<readonly MimeBundle[]> {
  if (typeof value === 'string') return [textBundle(cut(value))];
  if (typeof value !== 'object' || value === null) return [textBundle(cut(printed(value)))];
  if (value instanceof Promise) return [textBundle('A promise: write await before it to see its value.')];
  if (isFrame(value)) return [tableBundle(beginningOf(value))];
  if (isTensor(value)) return [textBundle(tensorInWords(value))];
  if (isTable(value)) return [tableBundle(value)];
  if (isFigure(value)) return captioned(value);
  if (isEstimate(value)) return [textBundle(estimateInWords(value))];
  if (isProfile(value)) {
    const { profileFigure } = await import('./profile.js');
    return [...(await captioned(profileFigure(value))), tableBundle(profileTable(value))];
  }
  if (isScaleCurve(value)) {
    const { scaleFigure } = await import('./estimator.js');
    return captioned(scaleFigure(value));
  }
  if (isRecord(value)) {
    const { runFigure } = await import('./run.js');
    return captioned(runFigure(value));
  }
  if (isDataset(value)) return datasetBundles(value);
  if (isLiveRun(value)) return [textBundle(liveRunInWords(value))];
  if (isSweep(value)) return [tableBundle(sweepTable(value))];
  if (isLayersModel(value)) return [textBundle(summaryOf(value))];
  return [textBundle(cut(printed(value)))];
}

/** A figure, and its caption below. */
async function captioned(figure: Figure): Promise<readonly MimeBundle[]> {
  return [await figureBundle(figure), ...captionBundles(figure)];
}

/** An estimate with its interval and its scale in one sentence. */
export function estimateInWords(estimate: IdEstimate): string {
  const { value, interval, estimator, scale, points, duplicates } = estimate;
  const share = `${Number((100 * interval.level).toPrecision(6))} %`;
  const range = `${interval.lower.toFixed(2)} to ${interval.upper.toFixed(2)}`;
  const without = duplicates > 0 ? ` without ${counted(duplicates, 'duplicate')}` : '';
  return (
    `Intrinsic dimension ${value.toFixed(2)} (${share} interval ${range}) at distance ${scale.toPrecision(3)}, ` +
    `by ${estimator} from ${counted(points, 'point')}${without}.`
  );
}

/** A row for each site of a profile, in order. */
function profileTable({ order, sites, notMeasurable, ...profile }: LayerProfile): Table {
  const rows = order.map((site) => {
    const estimate = sites[site];
    const marks = [
      ...(site === profile.peakSite ? ['PID'] : []),
      ...(site === profile.lastSite ? ['LLID'] : []),
    ];
    return {
      site,
      shape: estimate ? `[${estimate.shape.join(', ')}]` : null,
      ID: estimate?.value ?? null,
      from: estimate?.interval.lower ?? null,
      to: estimate?.interval.upper ?? null,
      '': marks.join(', ') || (notMeasurable[site] ?? ''),
    };
  });
  return table(rows, { caption: 'Intrinsic dimension per layer with 95 % intervals' });
}

/** The first rows of a long frame, which says how many there are. */
function beginningOf(frame: Frame): Table {
  const count = frame.values.length;
  if (count <= MOST_ROWS) return frameTable(frame);
  const values = frame.values.slice(0, MOST_ROWS);
  const index = frame.index?.slice(0, MOST_ROWS);
  const caption = `The first ${MOST_ROWS} of ${count.toLocaleString('en')} rows`;
  return { ...frameTable({ columns: frame.columns, values, ...(index ? { index } : {}) }), caption };
}

/** A value as Node prints it, with long arrays and texts shortened. */
function printed(value: unknown): string {
  return inspect(value, { maxArrayLength: 20, maxStringLength: 2000, breakLength: 100 });
}

function cut(text: string): string {
  const lines = text.split('\n');
  const left = lines.length - MOST_LINES;
  return left > 0
    ? `${lines.slice(0, MOST_LINES).join('\n')}\n... ${counted(left.toLocaleString('en'), 'more line')}`
    : text;
}

/** Text that keeps its columns in every form. */
function textBundle(text: string): MimeBundle {
  const isProse = /^[^\n]{0,300}[.:]$/.test(text);
  return {
    'text/plain': text,
    ...(isProse ? { 'text/markdown': text, 'text/html': `<p>${escapeHtml(text)}</p>` } : {}),
  };
}

/** What a data set is, and its first pictures if it has some. */
async function datasetBundles({ description, train, describe }: Dataset): Promise<readonly MimeBundle[]> {
  const sentence = textBundle(`${description}.`);
  if (!(train.inputs instanceof Uint8Array && train.inputShape.length === 3)) return [sentence];
  const { picturesFigure } = await import('./pictures.js');
  const first = { count: Math.min(10, train.size), ...(describe ? { describe } : {}) };
  return [sentence, await figureBundle(picturesFigure(train, first))];
}

interface Live {
  readonly record: RunRecord;
  readonly weights: string;
}

function liveRunInWords({ record: { measurements }, weights }: Live): string {
  const count = counted(measurements.length.toLocaleString('en'), 'measurement');
  return `A run with ${count} up to step ${formatStep(measurements.at(-1)!.step)}, and its weights in ${weights}.`;
}

/** A row for each run of a sweep. */
function sweepTable(cells: readonly SweepCell[]): Table {
  const rows = cells.map(({ name, state, step, message }) => ({ run: name, state, step, '': message }));
  return table(rows, { caption: counted(cells.length.toLocaleString('en'), 'run') });
}

interface LayersModel {
  readonly layers: readonly unknown[];
  summary(lineLength?: number, positions?: number[], print?: (line: string) => void): void;
}

/** The summary of tfjs, with separators of thousands in its numbers of parameters. */
function summaryOf(model: LayersModel): string {
  const lines: string[] = [];
  model.summary(undefined, undefined, (line) => lines.push(line));
  // Its lines end in blanks; a column that follows keeps its place.
  const written = (line: string): string =>
    line.replace(/ (\d{4,})( *)/g, (found, count: string, blanks: string) =>
      ` ${formatStep(Number(count))}${blanks && ' '}`.padEnd(found.length),
    );
  return lines.map(written).join('\n');
}

/** Plain data of the user may have the same names; the types of what stands under them tell it apart. */
function isTable(value: object): value is Table {
  const { rows, columns } = value as Partial<Table>;
  return Array.isArray(rows) && rows.every(isObject) && allOf('string', columns);
}

/** What a figure of plotly.js has, a caption, and what a plot keeps to be laid over another. */
const FIGURE_KEYS = ['data', 'layout', 'config', 'frames', 'caption', 'marks', 'options'];

function isFigure(value: object): value is Figure {
  const { data } = value as Partial<Figure>;
  const known = Object.keys(value).every((key) => FIGURE_KEYS.includes(key));
  return known && Array.isArray(data) && data.length > 0 && data.every(isObject);
}

function isEstimate(value: object): value is IdEstimate {
  const { value: id, interval, estimator, scale, points, duplicates } = value as Partial<IdEstimate>;
  const numbers = [id, scale, points, duplicates, interval?.lower, interval?.upper, interval?.level];
  return allOf('number', numbers) && typeof estimator === 'string' && !('curve' in value);
}

function isProfile(value: object): value is LayerProfile {
  const { order, sites, notMeasurable, peakId, lastSite } = value as Partial<LayerProfile>;
  return (
    allOf('string', order) &&
    isObject(sites) &&
    isObject(notMeasurable) &&
    typeof peakId === 'number' &&
    typeof lastSite === 'string'
  );
}

function isScaleCurve(value: object): value is ScaleCurve {
  const { curve } = value as Partial<ScaleCurve>;
  return (
    Array.isArray(curve) &&
    curve.length > 0 &&
    curve.every((point) => isObject(point) && 'n1' in point && 'n2' in point && 'interval' in point)
  );
}

function isRecord(value: object): value is RunRecord {
  const { measurements, config } = value as Partial<RunRecord>;
  return (
    isObject(config) &&
    Array.isArray(measurements) &&
    measurements.length > 0 &&
    measurements.every((line) => line?.type === 'measurement' && isObject(line.validation))
  );
}

function isDataset(value: object): value is Dataset {
  const { name, description, classes, train, validation } = value as Partial<Dataset>;
  const isExamples = (part?: Partial<Examples>): boolean =>
    typeof part?.size === 'number' && Array.isArray(part.inputShape) && ArrayBuffer.isView(part.inputs);
  return (
    typeof name === 'string' &&
    typeof description === 'string' &&
    typeof classes === 'number' &&
    isExamples(train) &&
    isExamples(validation)
  );
}

/** What `trainLive` gives; it has drawn the run already. */
function isLiveRun(value: object): value is Live {
  const { record, weights } = value as Partial<Live>;
  return isObject(record) && isRecord(record as object) && typeof weights === 'string';
}

/** What `sweep` and `sweepCells` give. */
function isSweep(value: object): value is readonly SweepCell[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (cell: Partial<SweepCell> | null) =>
        isObject(cell?.config) &&
        allOf('string', [cell?.name, cell?.path, cell?.state, cell?.message]) &&
        typeof cell?.step === 'number',
    )
  );
}

function isLayersModel(value: object): value is LayersModel {
  const { layers, summary, trainableWeights } = value as Partial<LayersModel & { trainableWeights: unknown }>;
  return Array.isArray(layers) && typeof summary === 'function' && Array.isArray(trainableWeights);
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function allOf(type: 'number' | 'string', values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === type);
}
