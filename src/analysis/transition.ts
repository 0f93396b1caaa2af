/** Does the fall of a layer's dimension lead validation accuracy, or follow it, when a network groks? */
import { assertGiven, type Kinds, oneOf, TEXT } from '../given';
import { lastLayerId, withIds } from '../records/layer-ids';
import type { Measurement } from '../records/run-record';
import { type Correlation, correlation } from './correlation';

/**
 * The first step at which validation accuracy passes `level`, by linear interpolation between measurements;
 * undefined if it never does.
 * @param level accuracy in 0..1. @default 0.5
 */
export function grokkingStep(measurements: readonly Measurement[], level = 0.5): number | undefined {
  let before: Measurement | undefined;
  for (const now of measurements) {
    const high = now.validation.accuracy;
    if (high >= level) {
      if (!before || now.step === before.step) return now.step;
      const low = before.validation.accuracy;
      return before.step + ((level - low) / (high - low)) * (now.step - before.step);
    }
    before = now;
  }
  return undefined;
}

/** The site and the examples that are compared. */
export interface TransitionOptions {
  /** The site. @default the last one measured, which gives LLID */
  readonly site?: string;
  /** The examples whose activations are used. @default 'validation' */
  readonly split?: 'train' | 'validation';
}

const TRANSITION_KINDS: Kinds<TransitionOptions> = { site: TEXT, split: oneOf(['train', 'validation']) };

/** The transition of one run. Steps are interpolated linearly in log(step) between measurements. */
export interface Transition {
  /** The step at which validation accuracy passes 50 %; undefined if it never does. */
  readonly halfAccuracy?: number;
  /** The step at which the dimension has fallen half of the way from its peak to its least value after the peak, if it falls. */
  readonly halfFall?: number;
  /** log10(halfAccuracy / halfFall), in decades of steps; positive if the dimension falls first. */
  readonly lead?: number;
  readonly peak: number;
  readonly atTransition?: number;
  readonly least: number;
  readonly final: number;
  /** (peak - least) / peak */
  readonly fall: number;
  /** The correlation of the slopes of accuracy and dimension over log(step); negative if one rises while the other falls. */
  readonly slopes?: Correlation;
}

/** The number of parts of the log axis whose slopes are compared; over 40,000 steps, each is a quarter of a doubling. */
const STRETCHES = 60;

/**
 * Compares validation accuracy with the dimension at one site over a run. The dimensions are NaN if fewer than 2 measurements
 * have one, and `final` is NaN if the last measurement has none.
 *
 * @throws Error for a site that was not measured, if others were
 */
export function transition(
  measurements: readonly Measurement[],
  options: TransitionOptions = {},
): Transition {
  assertGiven('transition', options, TRANSITION_KINDS);
  const { split = 'validation' } = options;
  const after = measurements.filter(({ step }) => step > 0);
  const measured = withIds(after, split);
  const dimensionOf = (measurement: Measurement): number => lastLayerId(measurement[split], options.site);
  // Interpolation skips measurements without a dimension.
  const shown = measured.filter((measurement) => Number.isFinite(dimensionOf(measurement)));
  const halfAccuracy = grokkingStep(after);
  if (shown.length < 2) {
    const none = Number.NaN;
    const half = halfAccuracy === undefined ? {} : { halfAccuracy };
    return { ...half, peak: none, least: none, final: none, fall: none };
  }
  const ids = shown.map(dimensionOf);
  const times = shown.map(({ step }) => Math.log(step));
  const peak = Math.max(...ids);
  const top = ids.indexOf(peak);
  const least = Math.min(...ids.slice(top));
  const half = (peak + least) / 2;
  const below = least < peak ? ids.findIndex((value, i) => i > top && value <= half) : -1;
  const halfFall = below < 0 ? undefined : Math.exp(crossing(times, ids, below, half));
  return {
    ...(halfAccuracy === undefined
      ? {}
      : { halfAccuracy, atTransition: valueAt(times, ids, Math.log(halfAccuracy)) }),
    ...(halfFall === undefined ? {} : { halfFall }),
    ...(halfFall === undefined || halfAccuracy === undefined
      ? {}
      : { lead: Math.log10(halfAccuracy / halfFall) }),
    peak,
    least,
    final: measured.at(-1) === after.at(-1) ? dimensionOf(after.at(-1)!) : Number.NaN,
    fall: (peak - least) / peak,
    ...(shown.length < 6
      ? {}
      : {
          slopes: correlation(
            slopes(
              times,
              shown.map(({ validation }) => validation.accuracy),
            ),
            slopes(times, ids),
          ),
        }),
  };
}

/**
 * Slopes over equal parts of log(step). Measurements get ever closer on that axis, so without equal parts the noise of the last
 * ones would outweigh everything else.
 */
function slopes(times: readonly number[], values: readonly number[]): number[] {
  const stretch = (times.at(-1)! - times[0]!) / STRETCHES;
  const at = Array.from({ length: STRETCHES + 1 }, (_, i) => valueAt(times, values, times[0]! + i * stretch));
  return at.slice(1).map((value, i) => (value - at[i]!) / stretch);
}

function crossing(times: readonly number[], values: readonly number[], i: number, level: number): number {
  const share = (values[i - 1]! - level) / (values[i - 1]! - values[i]!);
  return times[i - 1]! + share * (times[i]! - times[i - 1]!);
}

function valueAt(times: readonly number[], values: readonly number[], time: number): number {
  const i = times.findIndex((t) => t >= time);
  if (i < 0) return values.at(-1)!;
  if (i === 0) return values[0]!;
  const share = (time - times[i - 1]!) / (times[i]! - times[i - 1]!);
  return values[i - 1]! + share * (values[i]! - values[i - 1]!);
}
