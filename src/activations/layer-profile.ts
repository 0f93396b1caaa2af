/** Dimensions along a network, with their peak (PID) and the last layer's (LLID). */
import type { Comparison } from '../intrinsic-dimension/comparison/comparison';
import type { IdEstimate } from '../intrinsic-dimension/intrinsic-dimension';
import { type NoEstimate, NoEstimateError } from '../intrinsic-dimension/no-estimate';
import type { ScaleCurve } from '../intrinsic-dimension/scale';

/** A neighbourhood overlap of a layer's points. */
export interface LayerOverlap extends Comparison {
  /** The number of neighbours of each point. */
  readonly k: number;
}

/** Optional measurements of a layer besides its dimension. */
export interface FurtherMeasures {
  /** GRIDE from the nearest neighbours to far ones. */
  readonly scaleCurve?: Pick<ScaleCurve, 'curve' | 'plateau'>;
  /** The overlap with the layer before, or the reason why there is none. */
  readonly overlap?: (LayerOverlap | NoEstimate) & { readonly with: string };
  /** The overlap with the labels of the examples. */
  readonly labelOverlap?: LayerOverlap | NoEstimate;
}

/** An estimate for one site. */
export interface SiteEstimate extends IdEstimate, FurtherMeasures {
  /** The shape of one example's activation, before it is flattened. */
  readonly shape: readonly number[];
}

/** The measurements at the sites of a network. */
interface Sites {
  /** The sites that have an estimate, from input to output. */
  readonly sites: Readonly<Record<string, SiteEstimate>>;
  /** The reason why each other site has none, such as a layer whose activations are all 0. */
  readonly notMeasurable: Readonly<Record<string, string>>;
  /** The names of all sites, from input to output. */
  readonly order: readonly string[];
}

/** Dimensions along a network. */
export interface LayerProfile extends Sites {
  /** PID: the largest dimension of all sites that have one. */
  readonly peakId: number;
  readonly peakSite: string;
  /** LLID: the dimension at the last site, just before the classifier; NaN if that site has none, or was not measured. */
  readonly lastLayerId: number;
  readonly lastSite: string;
}

/**
 * Adds PID and LLID.
 *
 * @param wantedLast the site of LLID, if it is among them. @default the last one
 * @throws NoEstimateError if no site has an estimate
 */
export function profileOf(measured: Sites, wantedLast: string | undefined): LayerProfile {
  const { sites, notMeasurable, order } = measured;
  const names = Object.keys(sites);
  if (names.length === 0) {
    const [[site, reason]] = Object.entries(notMeasurable) as [[string, string]];
    throw new NoEstimateError(
      `at site '${site}': ${reason}`,
      order.length === 1 ? 'choose another site or other inputs' : 'no other site can be measured either',
    );
  }
  const peakSite = names.reduce((peak, name) => (sites[name]!.value > sites[peak]!.value ? name : peak));
  const lastSite = wantedLast !== undefined && order.includes(wantedLast) ? wantedLast : order.at(-1)!;
  const lastLayerId = sites[lastSite]?.value ?? Number.NaN;
  return { ...measured, peakId: sites[peakSite]!.value, peakSite, lastLayerId, lastSite };
}
