/** A model file and its inputs as layers: the network runs batch after batch, and the points of some sites are kept. */
import { assertGiven, type Kinds, NUMBER, TEXT } from '../../given';
import { counted } from '../../number-format';
import { ACTIVATION_MEMORY, type ActivationSource, activations } from '../activations';
import { chooseSites } from '../choose-sites';
import type { Layer, Layers } from '../layers';
import { type Axes, axesNamed } from '../saved/axes';
import { type Mask, readMask } from '../saved/mask';
import { SAVED_KINDS, type SavedOptions } from '../saved/saved-layers';
import { type Selection, selectTokens } from '../saved/tokens';
import { type FileNetwork, specInWords } from './file-network';
import { type InputFeed, openInputs } from './input-files';
import { openNetwork } from './open-network';
import type { PictureOptions } from './pictures';
import { batchPoints, siteAxes } from './site-points';

/** How a model file is run. */
export interface ModelFileOptions extends Omit<PictureOptions, 'onNote'> {
  /** A file with the inputs, or a folder of pictures. */
  readonly inputs?: string;
  /**
   * The number of examples that go through the network at once. @default the size that the model fixes, or else as many as take
   * half of the memory together with the wanted activations, at most {@link MOST_AT_ONCE}
   */
  readonly batchSize?: number;
}

/** The options of a model file, with the kind of each. */
export const MODEL_FILE_KINDS: Kinds<ModelFileOptions> = {
  pixels: TEXT,
  imageSize: NUMBER,
  examples: NUMBER,
  inputs: TEXT,
  batchSize: NUMBER,
};

/** The most examples that go through a network at once by default: more make no network faster on a processor. */
export const MOST_AT_ONCE = 64;

interface Site extends Layer {
  readonly axes: Axes;
  /** The shape of one example's activation. */
  readonly exampleShape: readonly number[];
}

/** A network and its inputs, with the sites and the batch size that a small batch has shown. */
interface Opened {
  readonly network: FileNetwork;
  readonly feed: InputFeed;
  readonly mask?: Mask;
  readonly sites: readonly Site[];
  readonly batchSize: number;
}

/**
 * The activations of a model file.
 *
 *     const source = await modelFileSource('model.onnx', { inputs: 'x.npy' });
 *     for await (const { site, points } of activations(source)) console.log(site, points.shape);
 *
 * @throws RangeError for an option that is not read; Error that names the file, what is wrong with it, and what to do
 */
export async function modelFileSource(
  path: string,
  options: SavedOptions & ModelFileOptions,
): Promise<ActivationSource & { close(): void }> {
  assertGiven('modelFileSource', options, { ...SAVED_KINDS, ...MODEL_FILE_KINDS });
  const opened = await open(path, options);
  return { ...sourceOf(opened), close: () => close(opened) };
}

/** The activations of a model file as layers. */
export async function openModelLayers(
  path: string,
  options: SavedOptions & ModelFileOptions,
): Promise<Layers> {
  const opened = await open(path, options);
  const { network, feed, mask, sites } = opened;
  const source = sourceOf(opened);
  const { lastSite } = network;
  if (lastSite !== undefined && sites.some(({ site }) => site === lastSite))
    options.onNote?.(
      `${path}: LLID is that of '${lastSite}', which the classifier takes (--last names another)`,
    );
  return {
    layers: sites,
    files: [...network.files, ...feed.files, ...(mask ? [mask.file] : [])],
    ...(lastSite === undefined ? {} : { lastSite }),
    collect: (wanted, how) => activations(source, wanted, how),
    close: () => close(opened),
  };
}

function close({ network, feed }: Pick<Opened, 'network' | 'feed'>): void {
  feed.close();
  void network.close();
}

async function open(path: string, options: SavedOptions & ModelFileOptions): Promise<Opened> {
  const { inputs, pixels, imageSize, examples, onNote, mask: maskPath, batchSize } = options;
  if (!(batchSize === undefined || (Number.isInteger(batchSize) && batchSize >= 1)))
    throw new RangeError(`batchSize must be a whole number of at least 1, got ${batchSize}`);
  const network = await openNetwork(path);
  try {
    for (const note of network.notes ?? []) onNote?.(`${path}: ${note}`);
    if (inputs === undefined) {
      const wanted = network.inputs.map((spec) => `'${spec.name}' ${specInWords(spec)}`).join(', ');
      throw new Error(
        `${path} is a network that takes ${wanted}: give --inputs FILE, or a folder of pictures`,
      );
    }
    const feed = await openInputs(inputs, network.inputs, {
      ...(pixels === undefined ? {} : { pixels }),
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(examples === undefined ? {} : { examples }),
      ...(onNote ? { onNote } : {}),
    });
    try {
      const mask = maskPath === undefined ? undefined : await readMask(maskPath);
      const fixed = fixedBatch(path, network, feed.examples);
      if (fixed !== undefined && batchSize !== undefined && batchSize !== fixed)
        throw new RangeError(
          `${path} takes ${counted(fixed, 'example')} at once, and batchSize is ${batchSize}: leave it out`,
        );
      const found = await trial(path, network, feed, fixed, options, mask);
      return {
        network,
        feed,
        ...(mask ? { mask } : {}),
        sites: found.sites,
        batchSize: batchSize ?? fixed ?? found.batchSize,
      };
    } catch (error) {
      feed.close();
      throw error;
    }
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** The number of examples that an input fixes. */
function fixedBatch(path: string, { inputs }: FileNetwork, examples: number): number | undefined {
  const sizes = inputs.flatMap(({ shape }) => (typeof shape[0] === 'number' ? [shape[0]] : []));
  const [size] = sizes;
  if (size !== undefined && examples % size !== 0)
    throw new RangeError(
      `${path} takes ${counted(size, 'example')} at once, and there are ${examples}: give a multiple`,
    );
  return size;
}

/** Runs a small batch, which shows the sites whose first axis counts the examples, and how many examples fit into memory. */
async function trial(
  path: string,
  network: FileNetwork,
  feed: InputFeed,
  fixed: number | undefined,
  options: SavedOptions,
  mask: Mask | undefined,
): Promise<{ readonly sites: readonly Site[]; readonly batchSize: number }> {
  const { onNote = () => {}, sites: wanted, tokens, tokenSeed = 0, axes: said } = options;
  const chosen = chooseSites(
    network.sites.map(({ name, operator }) => ({ site: name, operator })),
    wanted,
  );
  // The sites keep the order of the network, whatever the order of the names, since all sites are computed in one pass.
  const names = new Set(chosen.map(({ site }) => site));
  const ordered = network.sites.filter(({ name }) => names.has(name));
  const size = fixed ?? Math.min(2, feed.examples);
  const found = await network.run(await feed.batch(0, size), [...names]);
  const hasTokens = tokens !== undefined || mask !== undefined;
  const told = new Set<string>();
  const tell = (note: string): void => {
    if (!told.has(note)) onNote(note);
    told.add(note);
  };
  const selections = new Map<number, Selection>();
  const others: string[] = [];
  let bytes = 0;
  const sites = ordered.flatMap(({ name: site, operator }): Site[] => {
    const activation = found.get(site);
    if (!activation || activation.shape[0] !== size) {
      others.push(site);
      return [];
    }
    const { shape } = activation;
    bytes += (4 * shape.reduce((product, axis) => product * axis, 1)) / size;
    const axes = siteAxes(shape, said, hasTokens, mask && mask.valid.length / feed.examples);
    const perExample = axesNamed(axes, 'T').reduce((product, axis) => product * shape[axis]!, 1);
    const isTokens = axes.text.includes('T');
    const key = isTokens ? perExample : 0;
    const selection =
      selections.get(key) ??
      (isTokens
        ? selectTokens(feed.examples, perExample, tokens ?? 'last', mask, tokenSeed)
        : selectTokens(feed.examples, 1, 'first', undefined, 0));
    selections.set(key, selection);
    if (isTokens)
      tell(`points: ${selection.note}${tokens === undefined ? ' (--tokens chooses others)' : ''}`);
    if (axes.why !== undefined) {
      const sizes = hasTokens
        ? `[${['examples', ...shape.slice(1)]}]`
        : `of ${counted(shape.length, 'axis', 'axes')}`;
      tell(`sites ${sizes} are ${axes.text}: ${axes.why} (--axes says otherwise)`);
    }
    const features = axesNamed(axes, 'D').map((axis) => shape[axis]!);
    return [{ site, operator, shape: features, selection, axes, exampleShape: shape.slice(1) }];
  });
  const listed = others.slice(0, 5).join(', ') + (others.length > 5 ? `, ... (${others.length} in all)` : '');
  const reason = 'their first axis is not the examples';
  if (sites.length === 0) throw new RangeError(`no site of ${path} can be measured: ${reason}: ${listed}`);
  if (others.length > 0) onNote(`left out, for ${reason}: ${listed}`);
  if (hasTokens && ![...selections.keys()].some((key) => key !== 0))
    throw new RangeError(
      'no site has tokens: leave out --tokens and --mask, or name the axes with --axes, such as NTD',
    );
  return {
    sites,
    batchSize: Math.max(
      1,
      Math.min(
        MOST_AT_ONCE,
        Math.floor(ACTIVATION_MEMORY / 2 / Math.max(bytes, network.bytesPerExample?.() ?? 0)),
      ),
    ),
  };
}

function sourceOf({ network, feed, sites, batchSize }: Opened): ActivationSource {
  const known = new Map(sites.map((site) => [site.site, site]));
  return {
    examples: feed.examples,
    shapes: new Map(sites.map(({ site, shape }) => [site, shape])),
    pointsAt: (site) => known.get(site)!.selection.places.length,
    async *pass(wanted) {
      for (let start = 0; start < feed.examples; start += batchSize) {
        const count = Math.min(batchSize, feed.examples - start);
        const found = await network.run(await feed.batch(start, count), wanted);
        yield Object.fromEntries(
          wanted.map((name) => {
            const { axes, selection, exampleShape } = known.get(name)!;
            const activation = found.get(name)!;
            const expected = [count, ...exampleShape];
            if (String(activation.shape) !== String(expected))
              throw new RangeError(
                `site '${name}' has the shape [${activation.shape}] for examples ${start} to ${start + count - 1}, and had ` +
                  `[${expected}] for the first: choose other sites`,
              );
            const points = batchPoints(activation, axes, selection, start);
            return [name, { dataSync: () => points }];
          }),
        ) as Record<string, { dataSync(): Float32Array } & never>;
      }
    },
  };
}
