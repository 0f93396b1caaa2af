/** Dimensions along a network, with their peak (PID) and the last layer's (LLID). */
import type { IdEstimate } from '../intrinsic-dimension/intrinsic-dimension';

/** An estimate for one site. */
export interface SiteEstimate extends IdEstimate {
  /** The shape of one example's activation, before it is flattened. */
  readonly shape: readonly number[];
}

/** Dimensions along a network. */
export interface LayerProfile {
  readonly sites: Readonly<Record<string, SiteEstimate>>;
  /** PID: the largest dimension of all sites. */
  readonly peakId: number;
  readonly peakSite: string;
  /** LLID: the dimension at the last site, just before the classifier. */
  readonly lastLayerId: number;
  readonly lastSite: string;
}

/** PID and LLID of measured sites, of which there is at least one. */
export function profileOf(
  sites: Readonly<Record<string, SiteEstimate>>,
  wantedLast: string | undefined,
): LayerProfile {
  const names = Object.keys(sites);
  const peakSite = names.reduce((peak, name) => (sites[name]!.value > sites[peak]!.value ? name : peak));
  const lastSite = wantedLast !== undefined && names.includes(wantedLast) ? wantedLast : names.at(-1)!;
  return { sites, peakId: sites[peakSite]!.value, peakSite, lastLayerId: sites[lastSite]!.value, lastSite };
}
