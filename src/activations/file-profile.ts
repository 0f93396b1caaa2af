/** The intrinsic dimension of every layer of saved activations, or of a network in a file. */
import { ANYTHING, BYTES, CALLBACK, FLAG, NUMBER, TEXT } from '../given';
import { assertEstimatorOptions } from '../intrinsic-dimension/estimators/registry';
import { ID_KINDS, type IdOptions, intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { estimateOrReason, type NoEstimate } from '../intrinsic-dimension/no-estimate';
import { ACTIVATION_MEMORY } from './activations';
import { type FurtherOptions, furtherMeasures, type Measured } from './further-measures';
import { type FurtherMeasures, type LayerProfile, profileOf, type SiteEstimate } from './layer-profile';
import { MODEL_FILE_KINDS } from './model-files/model-layers';
import { type LayerOptions, openLayers } from './open-layers';
import { assertLabels, readLabels } from './saved/labels';
import { SAVED_KINDS } from './saved/saved-layers';

/** The options of {@link profile}: those of an estimate, and those of reading the files. */
export type FileProfileOptions = IdOptions &
  LayerOptions &
  FurtherOptions & {
    /** The layer before the classifier, whose dimension is LLID. @default from the network's file, or else the last layer */
    readonly lastSite?: string;
    /** Bytes that the points of one layer may take; larger layers are read row by row. @default 1 GiB */
    readonly activationMemory?: number;
    /** Layers that are already known and not measured again. @default none */
    readonly known?: Readonly<Record<string, MeasuredSite>>;
    /** Called when a layer has been measured. */
    readonly onSite?: (site: string, found: MeasuredSite) => void;
  } & {
    /** Called from time to time with the share that is done, 0 .. 1, and the current layer. */
    readonly onProgress?: (done: number, site?: string) => void;
  };

/** The estimate of a layer, or the reason why there is none. */
export type MeasuredSite = SiteEstimate | (NoEstimate & FurtherMeasures);

/**
 * Measures the dimension of saved activations in .npy, .npz, .safetensors and PyTorch's .pt and .pth files, and in folders of
 * them. A file holds one layer, several layers, or an array with an axis of layers. Also runs a network from a file on inputs.
 *
 *     const { sites, peakId, lastLayerId } = await profile('hidden/', { tokens: 'mean', mask: 'mask.npy' });
 *     const { sites } = await profile('model.onnx', { inputs: 'pictures/', sites: ['*Relu*'] });
 *
 * @throws Error for files that cannot be read, for axes that can be read in several ways, and if no layer can be measured
 */
export async function profile(
  paths: string | readonly string[],
  options: FileProfileOptions = {},
): Promise<LayerProfile> {
  assertEstimatorOptions('profile', options, {
    ...ID_KINDS,
    ...SAVED_KINDS,
    ...MODEL_FILE_KINDS,
    scale: FLAG,
    overlap: FLAG,
    labels: TEXT,
    overlapNeighbours: NUMBER,
    lastSite: TEXT,
    activationMemory: BYTES,
    known: ANYTHING,
    onSite: CALLBACK,
  });
  const { axes, tokens, mask, tokenSeed, sites: wanted, onNote, ...rest } = options;
  const { inputs, batchSize, pixels, imageSize, examples, ...measuring } = rest;
  const { scale, overlap = false, labels: labelFile, overlapNeighbours, ...others } = measuring;
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
  if (overlapNeighbours !== undefined && !overlap && labelFile === undefined)
    throw new RangeError(
      `overlapNeighbours is for overlap and labels: give one of them, or leave it out (got ${overlapNeighbours})`,
    );
  if (idOptions.period !== undefined && (scale || overlap || labelFile !== undefined))
    throw new RangeError('period is read by the estimate alone: leave it out, or scale, overlap and labels');
  const opened = await openLayers(typeof paths === 'string' ? [paths] : paths, options);
  try {
    const names = opened.layers.map(({ site }) => site);
    if (lastSite !== undefined && !names.includes(lastSite))
      throw new RangeError(`lastSite '${lastSite}' is not one of the layers: ${names.join(', ')}`);
    const found = new Map(Object.entries(known).filter(([site]) => names.includes(site)));
    const labels = labelFile === undefined ? undefined : await readLabels(labelFile);
    for (const { selection } of opened.layers) if (labels) assertLabels(labels, selection.examples);
    const open = opened.layers.filter(
      // The layer before a measured layer is needed for the overlap.
      ({ site }, i) => !found.has(site) || (overlap && i + 1 < names.length && !found.has(names[i + 1]!)),
    );
    const layers = new Map(open.map((layer) => [layer.site, layer]));
    const { signal } = idOptions;
    const progress = (part: number, text?: string): void =>
      onProgress?.((found.size + part) / names.length, text);
    progress(0, open[0]?.site);
    const collected = opened.collect([...layers.keys()], {
      memory: activationMemory,
      keep: overlap ? 1 : 0,
      ...(signal ? { signal } : {}),
      onProgress: (part) => progress(0, `the network runs, ${Math.round(100 * part)} %`),
    });
    const { metric, level, memory } = idOptions;
    const how = {
      ...(metric === undefined ? {} : { metric }),
      ...(level === undefined ? {} : { level }),
      ...(memory === undefined ? {} : { memory }),
      ...(signal ? { signal } : {}),
    };
    let last: Measured | undefined;
    for await (const { site, points } of collected) {
      const layer = layers.get(site)!;
      const before = overlap && last?.layer.site === names[names.indexOf(site) - 1] ? last : undefined;
      last = { layer, points };
      if (found.has(site)) continue;
      progress(0, site);
      const estimate = await estimateOrReason(
        intrinsicDimension(points, { ...idOptions, onProgress: (part) => progress(part, site) }).then(
          (one) => ({ ...one, shape: layer.shape }),
        ),
      );
      const options = {
        ...(scale === undefined ? {} : { scale }),
        ...(overlapNeighbours === undefined ? {} : { overlapNeighbours }),
      };
      const measured = { ...estimate, ...(await furtherMeasures(last, before, options, labels, how)) };
      found.set(site, measured);
      onSite?.(site, measured);
    }
    const sites: Record<string, SiteEstimate> = {};
    const notMeasurable: Record<string, string> = {};
    for (const site of names) {
      const measured = found.get(site)!;
      if (measured.value === null) notMeasurable[site] = measured.reason;
      else sites[site] = measured;
    }
    return profileOf({ order: names, sites, notMeasurable }, lastSite ?? opened.lastSite ?? names.at(-1));
  } finally {
    opened.close();
  }
}
