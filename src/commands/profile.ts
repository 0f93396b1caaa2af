/** `npm run profile -- hidden/ --tokens mean`: the dimension of every layer of saved activations of any network. */
import { basename, extname, resolve } from 'node:path';
import { Option } from 'commander';
import type { LayerProfile } from '../activations/layer-profile';
import { inOrder, openLayers, type SavedOptions } from '../activations/saved/saved-layers';
import { profile, type SavedSite } from '../activations/saved/saved-profile';
import type { TokenRule } from '../activations/saved/tokens';
import { profileFigure, profilesFigure, runsFigure } from '../figures/profile';
import { ARRAY_EXTENSIONS } from '../intrinsic-dimension/files/open-arrays';
import type { IdOptions } from '../intrinsic-dimension/intrinsic-dimension';
import { NoEstimateError } from '../intrinsic-dimension/no-estimate';
import { defineCommand, listenForStop, runCommand } from './command';
import { addEstimateOptions, numberNamed, percent } from './estimate-options';
import { assertFigurePath, writeFigure } from './figure-file';
import { openProfile, type ProfileLine, stamps } from './profile-file';
import { csvOf, tableOf } from './profile-output';
import { showShare } from './share';

interface Options
  extends Omit<IdOptions, 'onProgress' | 'signal' | 'memory'>,
    Omit<SavedOptions, 'onNote' | 'sites'> {
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
    'Measure the intrinsic dimension of every layer of saved activations, with 95 % intervals, PID and LLID.',
  )
    .argument('<files...>', '.npy, .npz, .safetensors, .pt or .pth files, or folders of them')
    .option(
      '--axes <letters>',
      'of each axis: L layers, N examples, T tokens, D features, such as LNTD or NTD,ND',
    )
    .option('--tokens <rule>', 'last, first, mean, all or sample N (default: last)', tokenRule)
    .option(
      '--mask <file>',
      '[examples, tokens] with 0 where a token is padding; FILE:NAME for one of several arrays',
    )
    .option('--token-seed <n>', 'seed of the tokens that sample draws (default: 0)', (word) =>
      numberNamed('token-seed', word),
    )
    .option(
      '--sites <names>',
      'layers separated by commas, in this order; * stands for any text (default: all)',
    )
    .option('--last <name>', 'the layer before the classifier, whose dimension is LLID (default: the last)')
    .option('--list', 'print the layers with the shapes of their points, and measure nothing')
    .option('--compare', 'take each file or folder for a run of its own, side by side')
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
    .option('--resume', 'with --out: go on where a call was stopped')
    .option(
      '--memory <bytes>',
      'that the points of one layer may take; larger layers are read row by row (default: 1 GiB)',
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
    ...how
  } = options;
  assertTogether(options);
  const reading: SavedOptions = {
    ...(axes === undefined ? {} : { axes }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(mask === undefined ? {} : { mask }),
    ...(tokenSeed === undefined ? {} : { tokenSeed }),
    ...(sites === undefined ? {} : { sites: sites.split(',').map((name) => name.trim()) }),
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
      for (const { site, shape } of opened.layers)
        console.log([run, site, `[${shape}]`].filter(Boolean).join('  '));
  }
  if (list) return;
  const settings = { ...how, ...reading };
  const file =
    out === undefined
      ? undefined
      : openProfile(out, { options: settings, files: stamps(files) }, resume === true);
  const stop = listenForStop('stopping; what is finished is kept');
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
      const known: Record<string, SavedSite> = {};
      const named = run === '' ? {} : { run };
      const add = (site: string, found: SavedSite): void => {
        lines.push({ run, site, ...found });
        print({ ...named, site, ...found });
      };
      for (const { run: of, site, ...found } of file?.known ?? []) {
        if (of !== run) continue;
        known[site] = found as SavedSite;
        add(site, found as SavedSite);
      }
      const found = await orNone(compare === true, run, () =>
        profile(own, {
          ...how,
          ...reading,
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
  if (stop.signal.aborted) {
    console.error(
      `stopped after ${lines.length} of ${total} layers${out === undefined ? '' : `; --resume goes on`}`,
    );
    process.exitCode = await stop.exitCode();
    return;
  }
  if (Object.keys(profiles).length === 0)
    throw new Error(
      `none of the ${runs.length} runs has a layer with a dimension: choose other layers or files`,
    );
  if (figure === undefined) return;
  const drawn = !compare
    ? profileFigure(profiles['']!)
    : by === 'run'
      ? runsFigure(profiles)
      : profilesFigure(profiles);
  await writeFigure(figure, drawn).finally(show);
  console.error(`figure: ${figure}`);
});

/** The profile of one of several runs; undefined, with the reason printed, where it has no layer with a dimension. */
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

function tokenRule(word: string): TokenRule {
  const sample = /^sample[ =:](\d+)$/.exec(word)?.[1];
  if (sample !== undefined) return { sample: Number(sample) };
  if (word === 'last' || word === 'first' || word === 'mean' || word === 'all') return word;
  throw new Error(`--tokens must be last, first, mean, all or sample N, got '${word}'`);
}

/** What would be left unused is more likely a mistake. */
function assertTogether({ json, csv, compare, by, resume, out, figure }: Options): void {
  if (json && csv) throw new Error('choose one of --json and --csv');
  if (by !== undefined && !compare) throw new Error('--by draws several runs: add --compare');
  if (by !== undefined && figure === undefined) throw new Error('--by is for a figure: add --figure');
  if (resume && out === undefined) throw new Error('--resume goes on with the file of --out: add --out');
  if (figure !== undefined) assertFigurePath(figure);
}

/** The paths of each run by its name; one run without a name unless several are compared. */
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
