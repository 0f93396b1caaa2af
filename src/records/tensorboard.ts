/** A run for TensorBoard: its record and its curves as events. */
import { usesTensorFlow } from '../runtime/backend';
import type { CurvePoint } from './curves';
import { type EventFile, openEventFile, type Tagged } from './event-file';
import { lastLayerId, peakId } from './layer-ids';
import type { Measurement, RunSoFar, SplitMeasurement } from './run-record';

/** Follows a run for TensorBoard. */
export interface Board {
  point(point: CurvePoint): void;
  measurement(measurement: Measurement): void;
  close(): void;
}

/**
 * Starts the event file of a run in a folder, whose name is the name of the run in TensorBoard.
 *
 * Earlier files are removed, and the contents of the record and the curves are written again, so that no step occurs twice and
 * none is missing, however the run had ended. The run does not depend on the file: if it cannot be written, a warning says so.
 *
 * @param points the curves up to the checkpoint from which the run is resumed
 */
export function openBoard(folder: string, run: RunSoFar, points: readonly CurvePoint[]): Board {
  const file = forgiving(folder);
  // The times are as if the run had not paused and its earlier part ended now.
  const start = Date.now() / 1000 - (points.at(-1)?.seconds ?? 0);
  let seconds = 0;
  const add = (step: number, values: Tagged): void =>
    file((to) => to.add(step, start + seconds, known(values)));
  const board: Board = {
    point: (point) => {
      seconds = point.seconds;
      add(point.step, curveValues(point));
    },
    measurement: (measurement) => {
      add(measurement.step, measurementValues(measurement));
      file((to) => to.flush());
    },
    close: () => file((to) => to.close()),
  };
  add(0, { settings: settingsTable(run) });
  const measurements = [...run.measurements];
  for (const point of points) {
    while (measurements[0] && measurements[0].step < point.step) board.measurement(measurements.shift()!);
    board.point(point);
  }
  for (const measurement of measurements) board.measurement(measurement);
  return board;
}

/** Performs actions on an event file until one of them fails. */
function forgiving(folder: string): (action: (file: EventFile) => void) => void {
  let file: EventFile | undefined;
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      file = undefined;
      const reason = usesTensorFlow()
        ? (error as Error).message
        : 'it is written by the tensorflow backend, which is not in use';
      console.warn(
        `${folder} has no complete file for TensorBoard (${reason}): the run goes on, and writes a new file when it ` +
          'is resumed',
      );
    }
  };
  attempt(() => {
    file = openEventFile(folder);
  });
  return (action) => {
    if (file) attempt(() => action(file!));
  };
}

/** The numbers of a step, with the names of the paper's public code, if it has them. */
function curveValues(point: CurvePoint): Tagged {
  const { loss, regularization, accuracy, learningRate, gradientNorm, parameterNorms = {} } = point;
  return {
    'train/loss': loss,
    'train/base_loss': loss - regularization,
    'train/reg_loss': regularization,
    'train/accuracy': accuracy,
    'train/learning_rate': learningRate,
    'train/gradient_norm': gradientNorm,
    ...prefixed('gradient_norm/', parameterNorms),
  };
}

/** Loss and accuracy of the whole training set, measured without dropout, have the prefix `total_`. */
function measurementValues({ train, validation }: Measurement): Tagged {
  return {
    ...lossValues('train/total_', train),
    'train/total_accuracy': train.accuracy,
    ...classValues('train', train),
    ...idValues('id_train', train),
    ...lossValues('val/', validation),
    'val/accuracy': validation.accuracy,
    ...classValues('val', validation),
    ...idValues('id', validation),
  };
}

/** With regularisers, `loss` is the sum of both parts, as in the public code. */
function lossValues(prefix: string, { loss, regularization }: SplitMeasurement): Tagged {
  if (regularization === undefined) return { [`${prefix}loss`]: loss };
  return {
    [`${prefix}loss`]: loss + regularization,
    [`${prefix}base_loss`]: loss,
    [`${prefix}reg_loss`]: regularization,
  };
}

/** The values without numbers that the run does not have, such as the accuracy of a regression. */
function known(values: Tagged): Tagged {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !Number.isNaN(value)));
}

function classValues(split: string, { classAccuracy = [] }: SplitMeasurement): Tagged {
  return Object.fromEntries(
    classAccuracy.flatMap((share, label) =>
      share === null ? [] : [[`${split}/Class_${label}_accuracy`, share]],
    ),
  );
}

/** The dimensions, without those that could not be estimated. */
function idValues(group: string, measured: SplitMeasurement): Tagged {
  const { id, classId = {}, dataId } = measured;
  const summary = { [`${group}/PID`]: peakId(measured), [`${group}/LLID`]: lastLayerId(measured) };
  return {
    ...estimates(group, id),
    ...summary,
    ...(dataId ? estimates(group, { data: dataId }) : {}),
    ...Object.assign(
      {},
      ...Object.entries(classId).map(([label, ids]) => estimates(`${group}_Class_${label}`, ids)),
    ),
  };
}

/** A dimension at each site, and its standard deviation over subsamples. */
function estimates(group: string, ids: SplitMeasurement['id']): Tagged {
  return Object.fromEntries(
    Object.entries(ids).flatMap(([site, found]) =>
      found.value === null
        ? []
        : [
            [`${group}/${site}`, found.value],
            [`${group}_std/${site}`, found.std],
          ],
    ),
  );
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Tagged {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
}

/** Settings, commit and hardware as a Markdown table. */
function settingsTable({ config, environment }: RunSoFar): string {
  const { versions = {}, ...machine } = environment ?? {};
  const rows = Object.entries({ ...config, ...machine, ...versions }).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `| ${key} | ${text.replaceAll('|', '\\|')} |`;
  });
  return ['| setting | value |', '|---|---|', ...rows].join('\n');
}
