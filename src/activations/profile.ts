/** The intrinsic dimension of every layer's activations: peak (PID) and last layer (LLID). */
import { BYTES, NAMES, NUMBER, TEXT } from '../given';
import { assertEstimatorOptions } from '../intrinsic-dimension/estimators/registry';
import { ID_KINDS, type IdOptions, intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { estimateOrReason } from '../intrinsic-dimension/no-estimate';
import { ACTIVATION_MEMORY, activations } from './activations';
import { type LayerProfile, profileOf, type SiteEstimate } from './layer-profile';
import type { AnyModel } from './sources/any-model';
import { type ModelInputs, modelSource, type SourceOptions } from './sources/inputs';

/** What {@link layerProfile} takes besides the options of an estimate. */
export type ProfileOptions = IdOptions &
  Pick<SourceOptions, 'sites' | 'batchSize'> & {
    /**
     * The site before the classifier, one that is measured. @default the last one measured that is not after the model's
     * own; where all are after it, there is no LLID. For a model without a classifier, the last one measured
     */
    readonly lastSite?: string;
    /**
     * Bytes that activations may take while they wait to be measured. When those of all sites need more, the
     * network runs again for the next sites; a site that needs more by itself is kept in a temporary file.
     * @default that of {@link ACTIVATION_MEMORY}
     */
    readonly activationMemory?: number;
    /** Called now and then with the share that is done, 0 .. 1, and the site at work. */
    readonly onProgress?: (done: number, site?: string) => void;
  };

/**
 * Measures the dimension of the activations of `inputs` [examples, ...] at each site. A site whose activations have no
 * estimate is listed with the reason, and the others are measured.
 *
 * @param model ours, a tf.LayersModel (sites are layer names) or a tf.GraphModel (sites are node names)
 * @throws RangeError for a site that the model has not; NoEstimateError where no site has an estimate; what else
 *   {@link intrinsicDimension} throws, with the site's name
 */
export async function layerProfile(
  model: AnyModel,
  inputs: ModelInputs,
  options: ProfileOptions = {},
): Promise<LayerProfile> {
  assertEstimatorOptions('layerProfile', options, {
    ...ID_KINDS,
    sites: NAMES,
    batchSize: NUMBER,
    lastSite: TEXT,
    activationMemory: BYTES,
  });
  const { sites: wanted, batchSize, activationMemory: memory = ACTIVATION_MEMORY, ...others } = options;
  const { lastSite, onProgress, ...idOptions } = others;
  if (!(memory >= 0)) throw new RangeError(`activationMemory must be a number of bytes, got ${memory}`);
  const source = await modelSource(model, inputs, {
    memory,
    ...(wanted ? { sites: wanted } : {}),
    ...(batchSize === undefined ? {} : { batchSize }),
  });
  const sites = [...source.shapes.keys()];
  if (lastSite !== undefined && !source.shapes.has(lastSite)) {
    throw new RangeError(`lastSite '${lastSite}' is none of the sites measured: ${sites.join(', ')}`);
  }
  const estimates: Record<string, SiteEstimate> = {};
  const notMeasurable: Record<string, string> = {};
  const { signal } = idOptions;
  onProgress?.(0, sites[0]);
  for await (const { site, points } of activations(source, sites, {
    memory,
    ...(signal ? { signal } : {}),
  })) {
    const done = Object.keys(estimates).length + Object.keys(notMeasurable).length;
    onProgress?.(done / sites.length, site);
    try {
      const estimate = await estimateOrReason(
        intrinsicDimension(points, {
          ...idOptions,
          onProgress: (part) => onProgress?.((done + part) / sites.length, site),
        }),
      );
      if (estimate.value === null) notMeasurable[site] = estimate.reason;
      else estimates[site] = { ...estimate, shape: source.shapes.get(site)! };
    } catch (error) {
      if (error instanceof RangeError) error.message = `at site '${site}': ${error.message}`;
      throw error;
    }
  }
  const last = lastSite ?? source.lastSite;
  const profile = profileOf({ order: sites, sites: estimates, notMeasurable }, last);
  // All that was measured is after the layer before the classifier.
  return last === undefined || source.shapes.has(last)
    ? profile
    : { ...profile, lastSite: last, lastLayerId: Number.NaN };
}
