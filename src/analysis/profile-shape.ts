/** The shape of a profile over depth: how far it rises, how far it falls, and where its peak is, with intervals. */
import type { LayerProfile, SiteEstimate } from '../activations/layer-profile';
import { assertGiven, NUMBER } from '../given';
import { DEFAULT_LEVEL, type Interval, normalInterval } from '../intrinsic-dimension/intervals';

/** A number with its interval. */
export interface Measure {
  readonly value: number;
  readonly interval: Interval;
}

/** The rise, the fall and the peak over the layers up to the last one, whose dimension is LLID. */
export interface ProfileShape {
  /** The largest dimension of the other layers minus that of the first; negative if the first layer is the peak. */
  readonly rise: Measure;
  /** The largest dimension of the other layers minus LLID. */
  readonly fall: Measure;
  /** The position of the peak, from 0 at the first layer to 1 at the last. */
  readonly peakDepth: Measure;
  /** The number of layers with a dimension, up to the last one. */
  readonly layers: number;
}

/**
 * The intervals hold for all layers together (Bonferroni), so that choosing the peak as the largest of many values does not by
 * itself produce a rise. The errors of the layers are assumed to be normal and independent.
 *
 * @param options.level the level of the intervals. @default 0.95
 * @throws RangeError for a profile with fewer than 3 layers up to the last one
 */
export function profileShape(profile: LayerProfile, options: { level?: number } = {}): ProfileShape {
  assertGiven('profileShape', options, { level: NUMBER });
  const { level = DEFAULT_LEVEL } = options;
  const { order, sites, lastSite } = profile;
  const depth = order.slice(0, order.indexOf(lastSite) + 1);
  const layers = depth.flatMap((site) => sites[site] ?? []);
  const [first, last] = [layers[0], layers.at(-1)];
  if (!first || !last || layers.length < 3)
    throw new RangeError(`the shape of a profile needs at least 3 layers, got ${layers.length}`);
  const each = 1 - (1 - level) / (layers.length - 1);
  const less = (one: SiteEstimate, other: SiteEstimate): Interval =>
    normalInterval(one.value - other.value, Math.hypot(one.standardError, other.standardError), each);
  /** The largest difference between another layer and one layer. */
  const above = (base: SiteEstimate): Measure => {
    const others = layers.filter((layer) => layer !== base);
    const differences = others.map((layer) => less(layer, base));
    return {
      value: Math.max(...others.map((layer) => layer.value - base.value)),
      interval: {
        lower: Math.max(...differences.map(({ lower }) => lower)),
        upper: Math.max(...differences.map(({ upper }) => upper)),
        level,
      },
    };
  };
  const peak = layers.reduce((best, layer) => (layer.value > best.value ? layer : best));
  // Layers that are not significantly below any other may be the peak.
  const possible = layers.flatMap((layer, i) =>
    layers.every((other) => other === layer || less(other, layer).lower <= 0) ? [i] : [],
  );
  const place = (i: number): number => i / (layers.length - 1);
  return {
    rise: above(first),
    fall: above(last),
    peakDepth: {
      value: place(layers.indexOf(peak)),
      interval: { lower: place(Math.min(...possible)), upper: place(Math.max(...possible)), level },
    },
    layers: layers.length,
  };
}
