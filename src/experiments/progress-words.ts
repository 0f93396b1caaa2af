/** The progress of a run in words. */
import type { DimensionEstimate } from '../records/run-record';
import type { MeasurementEvent, StepEvent } from '../training/trainer';
import type { SiteIds } from './experiment';

/** loss 0.123 */
export function lossInWords({ loss }: Pick<StepEvent, 'loss'>): string {
  return `loss ${loss.toPrecision(3)}`;
}

function inWords(estimate: DimensionEstimate): string {
  return estimate.value === null ? `not measurable: ${estimate.reason}` : estimate.value.toFixed(1);
}

/** accuracy 99.3 %, validation 12.1 % | LLID 14.2; percentages are rounded down, so that 100 % means all. */
export function measurementInWords({ train, validation }: MeasurementEvent<SiteIds>): string {
  const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
  const lastLayer = Object.values(validation.id).at(-1);
  const id = lastLayer === undefined ? '' : ` | LLID ${inWords(lastLayer)}`;
  return `accuracy ${percent(train.accuracy)}, validation ${percent(validation.accuracy)}${id}`;
}
