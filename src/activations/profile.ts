/** The intrinsic dimension of every layer's activations: peak (PID) and last layer (LLID). */
import { BYTES, NAMES, NUMBER, TEXT } from '../given';
import { assertEstimatorOptions } from '../intrinsic-dimension/estimators/registry';
import { ID_KINDS, type IdOptions, intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { estimateOrReason } from '../intrinsic-dimension/no-estimate';
import { ACTIVATION_MEMORY, activations } from './activations';
import { type LayerProfile, profileOf, type SiteEstimate } from './layer-profile';
import type { AnyModel } from './sources/any-model';
import { type ModelInputs, modelSource, type SourceOptions } from './sources/inputs';

/** The options of {@link layerProfile}, including those of an estimate. */
export type ProfileOptions = IdOptions &
  Pick<SourceOptions, 'sites' | 'batchSize'> & {
    /**
     * The site before the classifier, which must be measured. @default the last measured site that is not after the model's own
     * last site; if all are after it, there is no LLID. For a model without a classifier, the last measured site
     */
    readonly lastSite?: string;
    /**
     * Bytes that activations may take while they wait to be measured. If those of all sites need more, the network runs again for
     * further sites; a single site that needs more is kept in a temporary file.
     * @default that of {@link ACTIVATION_MEMORY}
     */
    readonly activationMemory?: number;
    /** Called from time to time with the share that is done, 0 .. 1, and the current site. */
    readonly onProgress?: (done: number, site?: string) => void;
  };

/**
 * Measures the dimension of the activations of `inputs` [examples, ...] at each site. A site whose activations have no
 * estimate is listed with the reason, and the others are still measured.
 *
 * @param model ours, a tf.LayersModel (sites are layer names) or a tf.GraphModel (sites are node names)
 * @throws RangeError for a site that the model does not have; NoEstimateError if no site has an estimate; and other errors of
 *   {@link intrinsicDimension}, with the name of the site
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
    throw new RangeError(`lastSite '${lastSite}' is not one of the measured sites: ${sites.join(', ')}`);
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
  // All measured sites are after the layer before the classifier.
  return last === undefined || source.shapes.has(last)
    ? profile
    : { ...profile, lastSite: last, lastLayerId: Number.NaN };
}
