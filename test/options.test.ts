import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '../src/index';

const SOURCES = join(__dirname, '..', 'src');

/** What a call gives for the parameters that are not read before the options. */
const none = {} as never;
const points = library.cube({ points: 20, dimension: 2 });
/** Settings without which a function could not begin to look at the others. */
const sizes = { points: 3, dimension: 1 };
const { figures, grokking, images, plot, tables } = library;

/** Calls a function with options that it does not read, as plain JavaScript may. */
type Call = (options: never) => unknown;

/** Every public function that reads options, and how to call it with some: once for each parameter that has them. */
const CALLS: Readonly<Record<string, readonly Call[]>> = {
  compile: [(o) => library.compile(o)],
  compileModel: [(o) => library.compileModel(none, o)],
  // points
  intrinsicDimension: [(o) => library.intrinsicDimension(points, o)],
  idScale: [(o) => library.idScale(points, o)],
  localId: [(o) => library.localId(points, o)],
  idDecimation: [(o) => library.idDecimation(points, o)],
  idReport: [(o) => library.idReport(points, o)],
  hidalgo: [(o) => library.hidalgo(points, o)],
  informationImbalance: [(o) => library.informationImbalance(points, points, o)],
  neighbourhoodOverlap: [(o) => library.neighbourhoodOverlap(points, points, o)],
  labelOverlap: [(o) => library.labelOverlap(points, [], o)],
  readPoints: [(o) => library.readPoints('none.npy', o)],
  readDistances: [(o) => library.readDistances('none.npy', o)],
  cube: [(o) => library.cube({ ...sizes, ...(o as object) })],
  gaussian: [(o) => library.gaussian({ ...sizes, ...(o as object) })],
  sphere: [(o) => library.sphere({ ...sizes, ...(o as object) })],
  flatTorus: [(o) => library.flatTorus({ ...sizes, ...(o as object) })],
  swissRoll: [(o) => library.swissRoll({ points: 3, ...(o as object) })],
  embed: [(o) => library.embed(points, o)],
  manifold: [(o) => library.manifold('M7_Roll', { points: 3, ...(o as object) })],
  trials: [(o) => library.trials(o).next()],
  // data
  batches: [(o) => library.batches(none, o)],
  cifar10: [(o) => library.cifar10(o)],
  cifar100: [(o) => library.cifar100(o)],
  idxFolder: [(o) => library.idxFolder('none', o)],
  imageFolder: [(o) => library.imageFolder('none', o)],
  mnist: [(o) => library.mnist(o)],
  modularArithmetic: [(o) => library.modularArithmetic(o)],
  permutationGroup: [(o) => library.permutationGroup(o)],
  // networks
  gpt2: [(o) => library.gpt2(o)],
  resnet: [(o) => library.resnet(o)],
  activations: [(o) => library.activations(none, [], o).next()],
  modelSource: [(o) => library.modelSource(none, none, o)],
  modelFileSource: [(o) => library.modelFileSource('none.onnx', o)],
  layerProfile: [(o) => library.layerProfile(none, none, o)],
  profile: [(o) => library.profile('none.npy', o)],
  // training
  train: [(o) => library.train(o).next()],
  constant: [(o) => library.constant(0.1, o)],
  warmup: [(o) => library.warmup(0.1, 10, o)],
  cosine: [(o) => library.cosine(0.1, 10, o)],
  multiStep: [(o) => library.multiStep(0.1, [5], 0.5, o)],
  idCallback: [(o) => library.idCallback(none, none, o)],
  // experiments
  'grokking.config': [(o) => grokking.config(o)],
  'grokking.data': [(o) => grokking.data(o)],
  'grokking.model': [(o) => grokking.model(o, none)],
  'grokking.preset': [
    (o) => grokking.preset(o),
    (o) => grokking.preset({ preset: 'math_equations_id', ...(o as object) }),
  ],
  'images.config': [(o) => images.config(o)],
  'images.data': [(o) => images.data(o)],
  'images.model': [(o) => images.model(o, none)],
  'images.preset': [(o) => images.preset(o), (o) => images.preset({ preset: 'mnist', ...(o as object) })],
  runName: [(o) => library.runName(o)],
  runExperiment: [(o) => library.runExperiment(o).next(), (o) => library.runExperiment({}, o).next()],
  remeasure: [(o) => library.remeasure({}, o).next()],
  sweep: [(o) => library.sweep([], o)],
  sweepCells: [(o) => library.sweepCells([o])],
  trainLive: [(o) => library.trainLive(o), (o) => library.trainLive(grokking.config(), o)],
  // numbers from records
  bootstrap: [(o) => library.bootstrap([], () => 0, o)],
  correlation: [(o) => library.correlation([], [], o)],
  partialCorrelation: [(o) => library.partialCorrelation([], [], [], o)],
  generalizationCorrelation: [(o) => library.generalizationCorrelation([], o)],
  predictions: [(o) => library.predictions([], o)],
  profileShape: [(o) => library.profileShape(none, o)],
  transition: [(o) => library.transition([], o)],
  leadRows: [(o) => library.leadRows([], o)],
  // figures
  'figures.claims': [(o) => figures.claims({}, o)],
  'figures.estimators': [(o) => figures.estimators(none, o)],
  'figures.generalization': [(o) => figures.generalization([], o)],
  'figures.grid': [(o) => figures.grid([], o)],
  'figures.overRegularization': [(o) => figures.overRegularization([], o)],
  'figures.pictures': [(o) => figures.pictures(none, o)],
  'figures.profile': [(o) => figures.profile(none, o)],
  'figures.profiles': [(o) => figures.profiles({}, o)],
  'figures.regularization': [(o) => figures.regularization([], o)],
  'figures.repeats': [(o) => figures.repeats([], o)],
  'figures.run': [(o) => figures.run(none, o)],
  'figures.runs': [(o) => figures.runs({}, o)],
  'figures.scale': [(o) => figures.scale(none, o)],
  'figures.sites': [(o) => figures.sites([], o)],
  'figures.trials': [(o) => figures.trials([], o)],
  'figures.truth': [(o) => figures.truth([], o)],
  'figures.twoNn': [(o) => figures.twoNn(none, o)],
  'plot.bar': [(o) => plot.bar([1], o)],
  'plot.histogram': [(o) => plot.histogram([1], o)],
  'plot.line': [(o) => plot.line([1], o)],
  'plot.overlay': [(o) => plot.overlay([], o)],
  'plot.scatter': [(o) => plot.scatter([1], o)],
  'tables.lead': [(o) => tables.lead([], o)],
  'tables.of': [(o) => tables.of([], o)],
  'tables.predictors': [(o) => tables.predictors([], o)],
  liveChart: [(o) => library.liveChart(none, o)],
  progressLine: [(o) => library.progressLine(o)],
  reportPage: [(o) => library.reportPage(none, o)],
  show: [(o) => library.show(none, o)],
  toHTML: [(o) => library.toHTML(none, o)],
  toPDF: [(o) => library.toPDF(none, o)],
  toPNG: [(o) => library.toPNG(none, o)],
  toSVG: [(o) => library.toSVG(none, o)],
};

/** A parameter that holds options by its name, or by the name of its type. */
const HOLDS_OPTIONS =
  /^(?:options|settings|config|size|given|\.\.\.more)\??:|\b\w*(?:Options|Config|Settings|Changes)\b/s;

const SOURCE = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map((name) => readFileSync(join(SOURCES, name), 'utf8'))
  .join('\n');

/** The parameters of the exported functions of a name, as they are written. */
function parametersOf(name: string): string[] {
  const starts = [...SOURCE.matchAll(new RegExp(`^export (?:async )?function\\*? ${name}\\b[^(]*\\(`, 'gm'))];
  assert.ok(starts.length > 0, `no source of ${name}`);
  return starts.flatMap((start) => {
    const parameters: string[] = [''];
    let depth = 0;
    for (let at = start.index + start[0].length; depth >= 0; at++) {
      const letter = SOURCE[at]!;
      // The > of an arrow closes nothing.
      if ('([{<'.includes(letter)) depth++;
      else if (')]}'.includes(letter) || (letter === '>' && SOURCE[at - 1] !== '=')) depth--;
      if (depth === 0 && letter === ',') parameters.push('');
      else parameters.push(parameters.pop()! + letter);
    }
    return parameters.map((parameter) => parameter.trim());
  });
}

/** All public functions by name; classes, and TensorFlow's own functions, are left out. */
function publicFunctions(): [string, { readonly name: string }][] {
  const { tf: _, ...rest } = library;
  const groups: readonly unknown[] = [figures, plot, tables, grokking, images];
  return Object.entries(rest)
    .flatMap(([name, member]): [string, unknown][] =>
      groups.includes(member)
        ? Object.entries(member).map(([own, value]) => [`${name}.${own}`, value])
        : [[name, member]],
    )
    .filter((entry): entry is [string, { readonly name: string }] => typeof entry[1] === 'function')
    .filter(([, { name }]) => !/^[A-Z]/.test(name));
}

describe('options of public functions', () => {
  it('are all among these', () => {
    const all = publicFunctions();
    assert.ok(all.length > 100, `${all.length} functions`);
    const read = all.filter(([, { name }]) => parametersOf(name).some((each) => HOLDS_OPTIONS.test(each)));
    assert.deepEqual(read.map(([name]) => name).sort(), Object.keys(CALLS).sort());
  });

  for (const [name, calls] of Object.entries(CALLS))
    it(`that ${name} does not read are refused by their name, with the nearest that it reads`, async () => {
      for (const call of calls)
        await assert.rejects(
          async () => call({ nonsense: 1 } as never),
          (error: Error) =>
            error instanceof RangeError &&
            ((error.message.startsWith(name) &&
              /^\S+( with [\w-]+)? has no option nonsense: ((did you mean \w+\? I|i)t reads \w+|it takes \w+)/.test(
                error.message,
              )) ||
              // Settings belong to an experiment, whichever function reads them.
              /^unknown setting 'nonsense'; did you mean '\w+'\?/.test(error.message)),
        );
    });
});
