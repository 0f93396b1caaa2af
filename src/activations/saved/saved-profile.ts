/** The intrinsic dimension of every layer of saved activations. */
import { assertEstimatorOptions } from '../../intrinsic-dimension/estimators/registry';
import { ANYTHING, BYTES, CALLBACK, NAMES, SEED, TEXT } from '../../intrinsic-dimension/given';
import { ID_KINDS, type IdOptions, intrinsicDimension } from '../../intrinsic-dimension/intrinsic-dimension';
import { estimateOrReason, type NoEstimate } from '../../intrinsic-dimension/no-estimate';
import { ACTIVATION_MEMORY } from '../activations';
import { type LayerProfile, profileOf, type SiteEstimate } from '../layer-profile';
import { openLayers, type SavedOptions } from './saved-layers';

/** What {@link profile} takes: the options of an estimate, and how the files are read. */
export type SavedProfileOptions = IdOptions &
  SavedOptions & {
    /** The layer before the classifier, whose dimension is LLID. @default the last layer */
    readonly lastSite?: string;
    /** Bytes that one layer's points may take; larger layers are read row by row. @default 1 GiB */
    readonly activationMemory?: number;
    /** Layers that are known from before and not measured again. @default none */
    readonly known?: Readonly<Record<string, SavedSite>>;
    /** Called when a layer has been measured. */
    readonly onSite?: (site: string, found: SavedSite) => void;
  } & {
    /** Called now and then with the share that is done, 0 .. 1, and the layer at work. */
    readonly onProgress?: (done: number, site?: string) => void;
  };

/** A layer's estimate, or why there is none. */
export type SavedSite = SiteEstimate | NoEstimate;

/**
 * Measures the dimension of saved activations: .npy, .npz, .safetensors, PyTorch's .pt and .pth, and folders of them. A
 * file holds one layer, several, or an array with an axis of layers.
 *
 *     const { sites, peakId, lastLayerId } = await profile('hidden/', { tokens: 'mean', mask: 'mask.npy' });
 *
 * @throws Error for files that cannot be read, axes that can be read in several ways, and when no layer can be measured
 */
export async function profile(
  paths: string | readonly string[],
  options: SavedProfileOptions = {},
): Promise<LayerProfile> {
  assertEstimatorOptions('profile', options, {
    ...ID_KINDS,
    axes: TEXT,
    tokens: ANYTHING,
    mask: TEXT,
    tokenSeed: SEED,
    sites: NAMES,
    onNote: CALLBACK,
    lastSite: TEXT,
    activationMemory: BYTES,
    known: ANYTHING,
    onSite: CALLBACK,
  });
  const { axes, tokens, mask, tokenSeed, sites: wanted, onNote, ...others } = options;
  const {
    lastSite,
    activationMemory = ACTIVATION_MEMORY,
    known = {},
    onSite,
    onProgress,
    ...idOptions
  } = others;
  if (!(activationMemory >= 0))
    throw new RangeError(`activationMemory must be a number of bytes, got ${activationMemory}`);
  const { layers, close } = await openLayers(typeof paths === 'string' ? [paths] : paths, options);
  try {
    const names = layers.map(({ site }) => site);
    if (lastSite !== undefined && !names.includes(lastSite))
      throw new RangeError(`lastSite '${lastSite}' is none of the layers: ${names.join(', ')}`);
    const sites: Record<string, SiteEstimate> = {};
    const notMeasurable: Record<string, string> = {};
    const knownSites = new Map(Object.entries(known));
    for (const [i, { site, shape, points }] of layers.entries()) {
      const progress = (part: number): void => onProgress?.((i + part) / layers.length, site);
      progress(0);
      // Signals and bars have their turn between small layers, too.
      await new Promise((resolve) => setImmediate(resolve));
      idOptions.signal?.throwIfAborted();
      const found: SavedSite =
        knownSites.get(site) ??
        (await estimateOrReason(
          intrinsicDimension(points(activationMemory), { ...idOptions, onProgress: progress }).then(
            (estimate) => ({ ...estimate, shape }),
          ),
        ));
      if (found.value === null) notMeasurable[site] = found.reason;
      else sites[site] = found;
      if (!knownSites.has(site)) onSite?.(site, found);
    }
    return profileOf({ order: names, sites, notMeasurable }, lastSite ?? names.at(-1));
  } finally {
    close();
  }
}
