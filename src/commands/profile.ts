/** `npm run profile -- hidden/ --tokens mean`: the dimension of every layer of saved activations, or of a network in a file. */
import { basename, extname, resolve } from 'node:path';
import { Option } from 'commander';
import { chooseSites } from '../activations/choose-sites';
import { type FileProfileOptions, type MeasuredSite, profile } from '../activations/file-profile';
import { type LayerProfile, profileOf } from '../activations/layer-profile';
import { shapeInWords, specInWords } from '../activations/model-files/file-network';
import { isNetworkFile, openNetwork } from '../activations/model-files/open-network';
import { PIXELS } from '../activations/model-files/pictures';
import { type LayerOptions, openLayers } from '../activations/open-layers';
import { inOrder } from '../activations/saved/saved-layers';
import type { TokenRule } from '../activations/saved/tokens';
import type { Figure } from '../figures/figure';
import { profileFigure, profilesFigure, runsFigure } from '../figures/profile';
import { ARRAY_EXTENSIONS } from '../intrinsic-dimension/files/open-arrays';
import type { IdOptions } from '../intrinsic-dimension/intrinsic-dimension';
import { NoEstimateError } from '../intrinsic-dimension/no-estimate';
import { counted } from '../number-format';
import { defineCommand, listenForStop, runCommand } from './command';
import { addEstimateOptions, numberNamed, percent } from './estimate-options';
import { assertFigurePath, writeFigure } from './figure-file';
import { openProfile, type ProfileLine, stamps } from './profile-file';
import { csvOf, tableOf } from './profile-output';
import { showShare } from './share';

interface Options
  extends Omit<IdOptions, 'onProgress' | 'signal' | 'memory'>,
    Omit<LayerOptions, 'onNote' | 'sites'>,
    Pick<FileProfileOptions, 'scale' | 'labels'> {
  /** The number of neighbours of each point, or true for the default number. */
  readonly overlap?: true | number;
  readonly sites?: string;
  readonly last?: string;
  readonly compare?: boolean;
  readonly by?: 'layer' | 'run';
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly figure?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly list?: boolean;
  readonly memory?: number;
}

const command = addEstimateOptions(
  defineCommand(
    'profile',
    'Measure the intrinsic dimension of every layer of saved activations or of a network, with 95 % intervals, PID and LLID.',
  )
    .argument(
      '<files...>',
      '.npy, .npz, .safetensors, .pt or .pth files, or folders of them; or a network: .onnx, .keras, .h5, a SavedModel, model.json of tfjs',
    )
    .option(
      '--inputs <file>',
      'inputs of a network: a file with an array for each of its inputs, or a folder of pictures',
    )
    .addOption(
      new Option(
        '--pixels <range>',
        'scale of pixels that the network expects: unit 0 .. 1 (default), symmetric -1 .. 1, bytes 0 .. 255, imagenet',
      ).choices(PIXELS),
    )
    .option(
      '--image-size <n>',
      'side of the square to which pictures are resized (default: the size that the network fixes)',
      (word) => numberNamed('image-size', word),
    )
    .option('--examples <n>', 'number of pictures, evenly spread over the folder (default: all)', (word) =>
      numberNamed('examples', word),
    )
    .option(
      '--batch-size <n>',
      'number of examples that go through the network at once (default: at most 64)',
      (word) => numberNamed('batch-size', word),
    )
    .option(
      '--axes <letters>',
      'meaning of each axis: L layers, N examples, T tokens, D features, as in LNTD or NTD,ND',
    )
    .option('--tokens <rule>', 'which tokens: last, first, mean, all or sample N (default: last)', tokenRule)
    .option(
      '--mask <file>',
      'array [examples, tokens] with 0 for padding tokens; FILE:NAME chooses one of several arrays',
    )
    .option('--token-seed <n>', 'seed of the tokens that sample draws (default: 0)', (word) =>
      numberNamed('token-seed', word),
    )
    .option('--sites <names>', 'layers, separated by commas, in order; * stands for any text (default: all)')
    .option('--last <name>', 'the layer before the classifier, whose dimension is LLID (default: the last)')
    .option('--scale', "add GRIDE's dimension from the nearest neighbours to far ones")
    .option(
      '--overlap [n]',
      'add the share of the n nearest neighbours that a layer shares with the layer before (default: 30)',
      (word) => numberNamed('overlap', word),
    )
    .option(
      '--labels <file>',
      'add the share of neighbours with the label of a point: one array, or a line of .txt or .csv for each example',
    )
    .option('--list', 'print the layers with their operators and shapes, and measure nothing')
    .option('--compare', 'compare the files or folders, each as a run of its own')
    .addOption(
      new Option(
        '--by <axis>',
        'with --compare: draw over layers, or PID and LLID over runs (default: layer)',
      ).choices(['layer', 'run']),
    )
    .option('--json', 'print a line of JSON for each layer, and one with PID and LLID for each run')
    .option('--csv', 'print comma-separated values')
    .option('--figure <file>', 'draw the profile as .svg, .pdf, .png or .html')
    .option('--out <file>', 'keep a line of JSON for each finished layer in this file')
    .option('--resume', 'with --out: continue where a call was stopped')
    .option(
      '--memory <bytes>',
      'memory for the points of one layer; larger layers are read row by row (default: 1 GiB)',
      (word) => numberNamed('memory', word),
    ),
).action(async (paths: string[], options: Options) => {
  const {
    axes,
    tokens,
    mask,
    tokenSeed,
    sites,
    last,
    compare,
    by,
    json,
    csv,
    figure,
    out,
    resume,
    list,
    memory,
    inputs,
    pixels,
    imageSize,
    examples,
    batchSize,
    scale,
    overlap,
    labels,
    ...how
  } = options;
  assertTogether(options);
  if (list && inputs === undefined && paths.every(isNetworkFile)) return listNetworks(paths, options);
  const running = {
    ...(inputs === undefined ? {} : { inputs }),
    ...(pixels === undefined ? {} : { pixels }),
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(examples === undefined ? {} : { examples }),
    ...(batchSize === undefined ? {} : { batchSize }),
  };
  const reading: LayerOptions = {
    ...running,
    ...(axes === undefined ? {} : { axes }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(mask === undefined ? {} : { mask }),
    ...(tokenSeed === undefined ? {} : { tokenSeed }),
    ...(sites === undefined ? {} : { sites: sitesOf(options)! }),
  };
  const runs = runsOf(paths, compare === true);
  const files: string[] = [];
  const layers = new Map<string, readonly string[]>();
  for (const [run, own] of runs) {
    const onNote = (note: string): void => console.error(run === '' ? note : `${run}: ${note}`);
    const opened = await openLayers(own, { ...reading, onNote });
    opened.close();
    files.push(...opened.files.map((file) => resolve(file)));
    layers.set(
      run,
      opened.layers.map(({ site }) => site),
    );
    if (list)
      for (const { site, operator, shape } of opened.layers)
        console.log([run, site, operator, `[${shape}]`].filter(Boolean).join('  '));
  }
  if (list) {
    if (inputs !== undefined) console.error('the shapes are those of one example; nothing was measured');
    return;
  }
  const further = {
    ...(scale ? { scale } : {}),
    ...(overlap === undefined ? {} : { overlap: true }),
    ...(typeof overlap === 'number' ? { overlapNeighbours: overlap } : {}),
    ...(labels === undefined ? {} : { labels }),
  };
  if (labels !== undefined) files.push(resolve(labels));
  const settings = { ...how, ...reading, ...further };
  const file =
    out === undefined
      ? undefined
      : openProfile(out, { options: settings, files: stamps(files) }, resume === true);
  const stop = listenForStop('stopping; finished layers are kept');
  const progress = showShare('layers');
  const lines: ProfileLine[] = [];
  const profiles: Record<string, LayerProfile> = {};
  const total = [...layers.values()].flat().length;
  let before = 0;
  const print = (line: object): void => {
    if (json) console.log(JSON.stringify(line));
  };
  try {
    for (const [run, own] of runs) {
      const known: Record<string, MeasuredSite> = {};
      const named = run === '' ? {} : { run };
      const add = (site: string, found: MeasuredSite): void => {
        lines.push({ run, site, ...found });
        print({ ...named, site, ...found });
      };
      for (const { run: of, site, ...found } of file?.known ?? []) {
        if (of !== run) continue;
        known[site] = found as MeasuredSite;
        add(site, found as MeasuredSite);
      }
      const found = await orNone(compare === true, run, () =>
        profile(own, {
          ...how,
          ...reading,
          ...further,
          ...(last === undefined ? {} : { lastSite: last }),
          ...(memory === undefined ? {} : { activationMemory: memory }),
          known,
          signal: stop.signal,
          onSite: (site, measured) => {
            add(site, measured);
            file?.add({ run, site, ...measured });
          },
          onProgress: (share: number, site?: string) =>
            progress.update(
              (before + share * layers.get(run)!.length) / total,
              [run, site].filter(Boolean).join(' '),
            ),
        }),
      );
      before += layers.get(run)!.length;
      if (found === undefined) continue;
      profiles[run] = found;
      const { peakId, peakSite, lastLayerId, lastSite } = found;
      const reason = found.notMeasurable[lastSite];
      if (reason !== undefined)
        console.error(
          `${[run, 'LLID is missing'].filter(Boolean).join(': ')}: layer '${lastSite}' has no dimension, ${reason}`,
        );
      print({ ...named, peakId, peakSite, lastLayerId, lastSite });
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    progress.stop();
  }
  const show = (): void => {
    if (csv) process.stdout.write(csvOf(lines, profiles));
    else if (!json) process.stdout.write(tableOf(lines, profiles, percent(how.level)));
  };
  if (stop.signal.aborted || figure === undefined) show();
  if (stop.signal.aborted)
    console.error(
      `stopped after ${lines.length} of ${total} layers${out === undefined ? '' : `; --resume goes on`}`,
    );
  else if (Object.keys(profiles).length === 0)
    throw new Error(
      `there is no layer with a dimension in ${counted(runs.length, 'run')}: choose other layers or files`,
    );
  const drawn = figure === undefined ? undefined : figureOf(lines, profiles, by);
  if (drawn) {
    await writeFigure(figure!, drawn).finally(stop.signal.aborted ? () => {} : show);
    console.error(`figure: ${figure}`);
    if (scale && compare)
      console.error('it has no scale curves, since those of several runs could not be told apart');
  } else if (figure !== undefined)
    console.error('there is no figure, since no finished layer has a dimension');
  if (stop.signal.aborted) process.exitCode = await stop.exitCode();
});

/** The figure of all finished runs, or else of the finished layers of an unfinished run. */
function figureOf(
  lines: readonly ProfileLine[],
  profiles: Readonly<Record<string, LayerProfile>>,
  by: Options['by'],
): Figure | undefined {
  const all = { ...profiles };
  for (const run of new Set(lines.map((line) => line.run))) {
    const own = lines.filter((line) => line.run === run);
    if (run in profiles || own.every(({ value }) => value === null)) continue;
    all[run] = profileOf(
      {
        order: own.map(({ site }) => site),
        sites: Object.fromEntries(own.flatMap((line) => (line.value === null ? [] : [[line.site, line]]))),
        notMeasurable: Object.fromEntries(
          own.flatMap((line) => (line.value === null ? [[line.site, line.reason]] : [])),
        ),
      },
      undefined,
    );
  }
  const [only] = Object.values(all);
  if (!only) return undefined;
  if (Object.keys(all).length === 1 && '' in all)
    return profileFigure(
      only,
      '' in profiles ? {} : { title: 'Intrinsic dimension per layer, unfinished', unfinished: true },
    );
  // Only finished runs have PID and LLID.
  if (by === 'run') return Object.keys(profiles).length > 0 ? runsFigure(profiles) : undefined;
  return profilesFigure(all);
}

/** The profile of one of several runs. If no layer has a dimension, it prints the reason and returns undefined. */
async function orNone(
  several: boolean,
  run: string,
  measured: () => Promise<LayerProfile>,
): Promise<LayerProfile | undefined> {
  try {
    return await measured();
  } catch (error) {
    if (!(several && error instanceof NoEstimateError)) throw error;
    console.error(`${run} has neither PID nor LLID: ${error.message}`);
    return undefined;
  }
}

function sitesOf({ sites }: Options): string[] | undefined {
  return sites?.split(',').map((name) => name.trim());
}

function tokenRule(word: string): TokenRule {
  const sample = /^sample[ =:](\d+)$/.exec(word)?.[1];
  if (sample !== undefined) return { sample: Number(sample) };
  if (word === 'last' || word === 'first' || word === 'mean' || word === 'all') return word;
  throw new Error(`--tokens must be last, first, mean, all or sample N, got '${word}'`);
}

/** Lists the inputs and layers of networks, which needs no inputs. */
async function listNetworks(paths: readonly string[], options: Options): Promise<void> {
  const unused = Object.keys(options).find(
    (name) => name !== 'list' && name !== 'sites' && name !== 'compare',
  );
  if (unused !== undefined)
    throw new Error(`${flagOf(unused)} has no use without --inputs: add these, or leave it out`);
  for (const path of paths) {
    const network = await openNetwork(path);
    console.error(
      `${path} takes ${network.inputs.map((spec) => `'${spec.name}' ${specInWords(spec)}`).join(', ')}`,
    );
    const sites = network.sites.map((one) => ({ ...one, site: one.name }));
    for (const { name, operator, shape } of chooseSites(sites, sitesOf(options)))
      console.log([name, operator, shape ? shapeInWords(shape) : ''].filter(Boolean).join('  '));
    await network.close();
  }
}

/** Rejects options that would be ignored, since they are probably mistakes. */
function assertTogether(options: Options): void {
  const { json, csv, compare, by, resume, out, figure, list } = options;
  if (list) assertListed(options);
  if (json && csv) throw new Error('choose one of --json and --csv');
  if (by !== undefined && !compare) throw new Error('--by draws several runs: add --compare');
  if (by !== undefined && figure === undefined) throw new Error('--by is for a figure: add --figure');
  if (resume && out === undefined) throw new Error('--resume continues the file of --out: add --out');
  if (figure !== undefined) assertFigurePath(figure);
}

/** What chooses the layers that `--list` prints. */
const LISTED: ReadonlySet<string> = new Set<keyof Options>([
  'list',
  'inputs',
  'pixels',
  'imageSize',
  'examples',
  'batchSize',
  'axes',
  'tokens',
  'mask',
  'tokenSeed',
  'sites',
  'compare',
]);

function assertListed(options: Options): void {
  const unused = Object.keys(options).find((name) => !LISTED.has(name));
  if (unused !== undefined)
    throw new Error(`--list measures nothing, so that ${flagOf(unused)} has no use: leave one of them out`);
}

function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The paths of each run by its name; without --compare there is one run, whose name is empty. */
function runsOf(paths: readonly string[], compare: boolean): [string, string[]][] {
  if (!compare) return [['', [...paths]]];
  const ordered = inOrder(paths);
  const names = ordered.map((path) => {
    const name = basename(resolve(path));
    return ARRAY_EXTENSIONS.includes(extname(name)) ? basename(name, extname(name)) : name;
  });
  const unique = new Set(names).size === names.length;
  return ordered.map((path, i) => [unique ? names[i]! : path, [path]]);
}

/** `--tokens sample 5000` as one word. */
function joinSample(words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    const isCount = words[i - 1] === 'sample' && words[i - 2] === '--tokens' && /^\d+$/.test(word);
    if (isCount) return [];
    const next = words[i + 1];
    const isRule =
      word === 'sample' && words[i - 1] === '--tokens' && next !== undefined && /^\d+$/.test(next);
    return [isRule ? `sample ${next}` : word];
  });
}

void runCommand(command, joinSample(process.argv.slice(2)));
