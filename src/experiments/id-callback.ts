/** A callback for `model.fit` that measures any tf.LayersModel as it trains, and writes the record of a run. */
import * as tf from '@tensorflow/tfjs';
import { activations } from '../activations/activations';
import { networkOf } from '../activations/sources/any-model';
import { type ModelInputs, type ModelSource, modelSource } from '../activations/sources/inputs';
import { ANYTHING, assertGiven, FLAG, type Kinds, NAMES, NUMBER, SEED, SIGNAL, TEXT } from '../given';
import { TWO_NN } from '../intrinsic-dimension/estimators/two-nn';
import { SUBSAMPLES } from '../intrinsic-dimension/subsamples';
import { environment } from '../records/environment';
import { type Measurement, readRun } from '../records/run-record';
import { loadBackend } from '../runtime/backend';
import { breathe, interruptible } from '../runtime/interrupt';
import type { SiteIds } from './experiment';
import { fitConfig } from './fit-record';
import { outputOf, type RunOutput } from './run-output';
import { siteId } from './site-id';

/** The targets of a model: a tensor, or one for each output. */
type Targets = tf.Tensor | tf.Tensor[];

/** The options of {@link idCallback}, all of which may be left out. */
export interface IdCallbackOptions {
  /**
   * The record `<name>.jsonl`. Its curves are written beside it, and TensorBoard's file in the folder `<name>`.
   * @default nothing is written, and `measurements` holds the results
   */
  readonly path?: string;
  /**
   * Continues the record of an earlier fit: measurements and curves up to the start of fit's `initialEpoch` are kept, and later
   * ones are dropped, since they will be made again. Fit does not load weights, so load those of that epoch first.
   * @default false; an existing record is then an error
   */
  readonly resume?: boolean;
  /** The settings that distinguish this run, such as `{ weightDecay: 1e-4 }`, for columns of `runs()` and titles of figures. */
  readonly config?: Readonly<Record<string, string | number | boolean | null>>;
  /**
   * Targets of `inputs`, for loss and accuracy on them. @default fit's own `val_` numbers, which are available with
   * `validationData` or `validationSplit`
   */
  readonly labels?: Targets;
  /**
   * Training examples that are also measured. @default none
   *
   * Without their labels, the loss and accuracy of training are those of fit: means over the epoch, or values of the last batch
   * within an epoch. The untrained model, for which fit gives no numbers, is then not measured.
   */
  readonly train?: { readonly inputs: ModelInputs; readonly labels?: Targets };
  /** Names of layers, see `modelSites`. @default all up to `lastSite` */
  readonly sites?: readonly string[];
  /** The site before the classifier, whose dimension is LLID. @default found in the model, or else the last site */
  readonly lastSite?: string;
  /** Steps between measurements; a number needs labels. @default after each epoch */
  readonly every?: number | 'epoch';
  /** The metric that is the accuracy, one of `model.metricsNames`. @default the first one named acc or ...Accuracy */
  readonly metric?: string;
  /** The number of examples that go through the model at once. @default as many as memory allows for activations, 32 for the loss */
  readonly batchSize?: number;
  /** The number of random subsamples that give the mean and deviation of each dimension. @default that of {@link SUBSAMPLES} */
  readonly idSubsamples?: number;
  /** Share of the points in each subsample. @default that of {@link SUBSAMPLES} */
  readonly idFraction?: number;
  /** The share of points, those with the largest mu, that the TwoNN fit leaves out. @default that of {@link TWO_NN} */
  readonly discardFraction?: number;
  /** Seed of the subsamples. @default 0 */
  readonly seed?: number;
  /** Steps between two points of the curves. @default 10 */
  readonly logEvery?: number;
  /** Writes a file for TensorBoard. @default true */
  readonly tensorboard?: boolean;
  /** Ends the training after the current batch. Ctrl-C and Jupyter's Stop do so in any case. @default none */
  readonly signal?: AbortSignal;
}

/** The numbers that fit gives for a batch or an epoch. */
type Logs = Readonly<Record<string, number | tf.Scalar>>;

/**
 * Measures the intrinsic dimension of a model's layers at `inputs` while `model.fit` or `fitDataset` trains it, by TwoNN as in
 * the paper: after each epoch, and before the first step if all labels are given. The results are in `measurements` and, with a
 * path, in a record for `readRun`, `runs`, all figures and TensorBoard. Each line is on the disk before training continues.
 *
 * Ctrl-C and Jupyter's Stop end the training after the current batch or measurement. The model keeps its weights, and the record
 * can be continued with `resume` and an `initialEpoch` of `measurements.at(-1).epoch + 1`. In a script, fit then returns; in a
 * notebook, Stop ends the whole cell, so fit throws `Stopped`.
 *
 * @param model a tf.sequential or tf.model; `compileModel` may have compiled it
 * @param inputs examples to measure, preferably those of validation; they are only read
 * @throws RangeError for an unknown option and, when training begins, for one that does not fit the model; Error if the loss is
 *   no longer finite, and for a record that cannot be written or resumed
 * @example
 * const ids = idCallback(model, xTest, { labels: yTest, path: 'out/runs/mine.jsonl' });
 * await model.fit(x, y, { epochs: 20, callbacks: ids });
 * show(figures.run({ config: {}, measurements: ids.measurements }));
 */
export function idCallback(
  model: tf.LayersModel,
  inputs: ModelInputs,
  options: IdCallbackOptions = {},
): IdCallback {
  assertGiven('idCallback', options, KINDS);
  return new IdCallback(model, inputs, options);
}

/** The kinds of the options. */
const KINDS: Kinds<IdCallbackOptions> = {
  path: TEXT,
  resume: FLAG,
  config: ANYTHING,
  labels: ANYTHING,
  train: ANYTHING,
  sites: NAMES,
  lastSite: TEXT,
  every: ANYTHING,
  metric: TEXT,
  batchSize: NUMBER,
  idSubsamples: NUMBER,
  idFraction: NUMBER,
  discardFraction: NUMBER,
  seed: SEED,
  logEvery: NUMBER,
  tensorboard: FLAG,
  signal: SIGNAL,
};

/** The active callbacks by the path of their record; a new one takes the record from one that a stopped cell has left. */
const atWork = new Map<string, IdCallback>();

class IdCallback extends tf.Callback {
  readonly #model: tf.LayersModel;
  readonly #inputs: ModelInputs;
  readonly #options: IdCallbackOptions;
  #measurements: Measurement[] = [];
  #output: RunOutput | undefined;
  #sources: { readonly validation: ModelSource; readonly train?: ModelSource } | undefined;
  #step = 0;
  #epoch = 0;
  /** The numbers that fit gave for the last batch. */
  #batch: Scores | undefined;
  #interrupted = false;
  #endListening: () => void = () => {};

  constructor(model: tf.LayersModel, inputs: ModelInputs, options: IdCallbackOptions) {
    super();
    this.#model = model;
    this.#inputs = inputs;
    this.#options = options;
  }

  /** The measurements so far, including those of an earlier fit. */
  get measurements(): readonly Measurement[] {
    return this.#measurements;
  }

  override readonly onTrainBegin = async (): Promise<void> => {
    const { path, signal } = this.#options;
    this.#close();
    whenFitEnds(this.#model, () => this.#close());
    this.#interrupted = false;
    this.#epoch = 0;
    const sites = this.#sites();
    this.#checkRhythm();
    const from = this.#start();
    this.#measurements = from.measurements;
    this.#step = from.step;
    this.#sources = await this.#open(sites);
    if (path !== undefined) {
      const other = atWork.get(path);
      if (other) other.#close();
      atWork.set(path, this);
      const config = this.#config(sites);
      const record = { config, environment: environment(await loadBackend()) };
      this.#output = outputOf(
        path,
        this.#options.resume ? { ...record, resumeFrom: from.step, mayChange: ['epochs'] } : record,
        { logEvery: this.#options.logEvery ?? 10, tensorboard: this.#options.tensorboard ?? true },
      );
    }
    this.#listen(signal);
    const { labels, train } = this.#options;
    if (this.#step === 0 && this.#measurements.length === 0 && labels && train?.labels)
      await this.#measure({});
  };

  override readonly onEpochBegin = async (epoch: number): Promise<void> => {
    this.#epoch = epoch;
  };

  override readonly onBatchEnd = async (_batch: number, logs: Logs = {}): Promise<void> => {
    this.#step += 1;
    this.#batch = { loss: numberOf(logs['loss']), accuracy: this.#accuracyIn(logs) };
    this.#assertFinite(this.#batch.loss, 'the loss');
    const { learningRate } = this.#model.optimizer as unknown as { learningRate: number };
    this.#output?.step({
      step: this.#step,
      ...this.#batch,
      learningRate,
      gradientNorm: Number.NaN,
      regularization: Number.NaN,
    });
    const { every } = this.#options;
    if (typeof every === 'number' && this.#step % every === 0) await this.#measure({});
    // Fit by itself never lets signals be handled.
    await breathe();
    this.#stopIfInterrupted();
  };

  override readonly onEpochEnd = async (_epoch: number, logs: Logs = {}): Promise<void> => {
    const { every = 'epoch' } = this.#options;
    // An epoch that was stopped will be run and measured again.
    if (every === 'epoch' && !this.#interrupted) await this.#measure(logs);
    this.#stopIfInterrupted();
  };

  override readonly onTrainEnd = async (): Promise<void> => {
    if (this.#measurements.at(-1)?.step !== this.#step && !this.#interrupted && this.#options.labels)
      await this.#measure({});
    if (!this.#interrupted) this.#output?.done(this.#step);
    this.#close();
  };

  #stopIfInterrupted(): void {
    if (this.#interrupted) inner(this.#model).stopTraining = true;
  }

  #close(): void {
    this.#endListening();
    this.#output?.close();
    this.#output = undefined;
    const { path } = this.#options;
    if (path !== undefined && atWork.get(path) === this) atWork.delete(path);
  }

  /** The sites to measure, from input to output; the last one is that of LLID. */
  #sites(): string[] {
    const { sites: all, lastSite } = networkOf(this.#model);
    const last = this.#options.lastSite ?? lastSite ?? all.at(-1)!;
    const unknown = [...(this.#options.sites ?? []), last].find((site) => !all.includes(site));
    if (unknown !== undefined)
      throw new RangeError(`the model has no site '${unknown}': it has ${all.join(', ')}`);
    const upToLast = all.slice(0, all.indexOf(last) + 1);
    const { sites = upToLast } = this.#options;
    const late = sites.find((site) => !upToLast.includes(site));
    if (late !== undefined)
      throw new RangeError(
        `site '${late}' comes after '${last}', the layer before the classifier: the last site of a record is that of LLID. ` +
          `Leave it out, or set lastSite: '${late}'`,
      );
    return upToLast.filter((site) => sites.includes(site));
  }

  #checkRhythm(): void {
    const { every = 'epoch', labels, logEvery, metric } = this.#options;
    if (logEvery !== undefined && !(Number.isInteger(logEvery) && logEvery >= 1))
      throw new RangeError(`logEvery must be a whole number of at least 1, got ${logEvery}`);
    if (every !== 'epoch' && !(Number.isInteger(every) && every >= 1))
      throw new RangeError(`every must be a whole number of steps or 'epoch', got ${every}`);
    if (every !== 'epoch' && labels === undefined)
      throw new RangeError(
        `every: ${every} needs labels, since fit gives the validation loss only after an epoch`,
      );
    const names = this.#model.metricsNames;
    if (metric !== undefined && !names.includes(metric))
      throw new RangeError(`the model has no metric '${metric}': it has ${names.join(', ')}`);
  }

  /** The step at which this fit begins, and the measurements up to it. */
  #start(): { step: number; measurements: Measurement[] } {
    const { path, resume } = this.#options;
    const { initialEpoch = 0, samples, batchSize, steps } = this.#parameters;
    const perEpoch = steps ?? (samples && batchSize ? Math.ceil(samples / batchSize) : undefined);
    const earlier = resume && path !== undefined ? earlierMeasurements(path) : [];
    const before = earlier.filter(({ epoch, step }) => epoch < initialEpoch || step === 0);
    // A dataset may not know its length, but the record shows where its epochs ended.
    const step = perEpoch === undefined ? (before.at(-1)?.step ?? 0) : initialEpoch * perEpoch;
    return { step, measurements: earlier.filter((measurement) => measurement.step <= step) };
  }

  /** The parameters of fit, which a second copy of tfjs does not provide. */
  get #parameters(): Record<string, number | undefined> {
    return (this.params ?? {}) as Record<string, number | undefined>;
  }

  async #open(sites: readonly string[]): Promise<{ validation: ModelSource; train?: ModelSource }> {
    const { batchSize, train } = this.#options;
    const options = { sites, ...(batchSize === undefined ? {} : { batchSize }) };
    return {
      validation: await modelSource(this.#model, this.#inputs, options),
      ...(train ? { train: await modelSource(this.#model, train.inputs, options) } : {}),
    };
  }

  #config(sites: readonly string[]): Record<string, unknown> {
    const { config, every = 'epoch', seed = 0 } = this.#options;
    const { epochs, batchSize } = this.#parameters;
    const { idSubsamples, idFraction, discardFraction } = this.#estimate;
    const known = {
      epochs,
      ...(typeof batchSize === 'number' ? { batchSize } : {}),
      parameters: this.#model.countParams(),
      examples: this.#sources!.validation.examples,
      sites: sites.join(),
      every,
      idSubsamples,
      idFraction,
      discardFraction,
      seed,
    };
    return fitConfig(known, config);
  }

  get #estimate(): Parameters<typeof siteId>[1] {
    const { idSubsamples = SUBSAMPLES.count, idFraction = SUBSAMPLES.fraction } = this.#options;
    const { discardFraction = TWO_NN.options.discardFraction.default as number, seed = 0 } = this.#options;
    return { idSubsamples, idFraction, discardFraction, seed };
  }

  async #measure(logs: Logs): Promise<void> {
    const measurement = await this.#measurement(logs);
    this.#output?.measurement(measurement);
    this.#measurements.push(measurement);
  }

  async #measurement(logs: Logs): Promise<Measurement> {
    const { labels, train } = this.#options;
    const { train: trainSource, validation } = this.#sources!;
    const onTrain = train?.labels
      ? this.#evaluate(train.inputs, train.labels)
      : (this.#scoresIn(logs, '') ?? this.#batch!);
    const onValidation = labels ? this.#evaluate(this.#inputs, labels) : this.#scoresIn(logs, 'val_');
    if (!onValidation)
      throw new Error(
        'fit gives no validation loss: give idCallback the labels of its inputs, or give fit validationData',
      );
    this.#assertFinite(onValidation.loss, 'the loss on validation');
    return {
      type: 'measurement',
      step: this.#step,
      epoch: this.#epoch,
      weightNorm: weightNorm(this.#model),
      train: { ...onTrain, id: trainSource ? await this.#ids(trainSource) : {} },
      validation: { ...onValidation, id: await this.#ids(validation) },
    };
  }

  async #ids(source: ModelSource): Promise<SiteIds> {
    const ids: SiteIds = {};
    for await (const { site, points } of activations(source))
      ids[site] = await siteId(points, this.#estimate);
    return ids;
  }

  #evaluate(inputs: ModelInputs, labels: Targets): Scores {
    const x = namedInOrder(inputs, this.#model.inputNames);
    const { batchSize = 32 } = this.#options;
    return tf.tidy(() => {
      const results = [this.#model.evaluate(x, labels, { batchSize })].flat();
      const logs = Object.fromEntries(this.#model.metricsNames.map((name, i) => [name, results[i]!]));
      return { loss: numberOf(logs['loss']), accuracy: this.#accuracyIn(logs) } as never;
    }) as unknown as Scores;
  }

  #scoresIn(logs: Logs, prefix: string): Scores | undefined {
    const own = Object.fromEntries(
      this.#model.metricsNames.flatMap((name) =>
        logs[prefix + name] === undefined ? [] : [[name, logs[prefix + name]!]],
      ),
    );
    return own['loss'] === undefined
      ? undefined
      : { loss: numberOf(own['loss']), accuracy: this.#accuracyIn(own) };
  }

  #accuracyIn(logs: Logs): number {
    const { metric = this.#model.metricsNames.find((name) => /^acc$|accuracy$/i.test(name)) } = this.#options;
    return metric === undefined || logs[metric] === undefined ? Number.NaN : numberOf(logs[metric]);
  }

  #assertFinite(loss: number, what: string): void {
    if (Number.isFinite(loss)) return;
    throw new Error(
      `${what} became ${loss} at step ${this.#step}: lower the learning rate, and see that no input is NaN`,
    );
  }

  /** Lets Ctrl-C end the training in good order, like the signal. */
  #listen(signal: AbortSignal | undefined): void {
    const stop = (): void => {
      this.#interrupted = true;
    };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    // Fit may fail before the listener has been added.
    const ended = new Promise<void>((resolve) => {
      this.#endListening = () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
    });
    void interruptible((interrupt) => {
      interrupt.addEventListener('abort', stop, { once: true });
      return ended;
    });
  }
}

export type { IdCallback };

interface Scores {
  readonly loss: number;
  readonly accuracy: number;
}

/** The model that is trained, which in a tf.Sequential is an inner one. */
function inner(model: tf.LayersModel): tf.LayersModel {
  return (model as unknown as { model?: tf.LayersModel }).model ?? model;
}

/**
 * Calls `ended` when the current fit has returned or thrown. Fit notifies callbacks only if it returns, but in both cases it sets
 * the model's `isTraining` to false.
 */
function whenFitEnds(model: tf.LayersModel, ended: () => void): void {
  const trained = inner(model) as unknown as { isTraining: boolean };
  // Another callback of this fit may have done the same.
  const before = Object.getOwnPropertyDescriptor(trained, 'isTraining')!;
  Object.defineProperty(trained, 'isTraining', {
    configurable: true,
    enumerable: true,
    get: () => true,
    set: (value: boolean) => {
      Object.defineProperty(trained, 'isTraining', before);
      trained.isTraining = value;
      ended();
    },
  });
}

function earlierMeasurements(path: string): Measurement[] {
  try {
    return [...readRun(path).measurements];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function namedInOrder(inputs: ModelInputs, names: readonly string[]): tf.Tensor | tf.Tensor[] {
  if (inputs instanceof tf.Tensor) return inputs;
  return Array.isArray(inputs) ? inputs : names.map((name) => (inputs as Record<string, tf.Tensor>)[name]!);
}

function numberOf(value: number | tf.Scalar | undefined): number {
  return value === undefined ? Number.NaN : typeof value === 'number' ? value : value.dataSync()[0]!;
}

/** Euclidean norm of all trained weights. */
function weightNorm(model: tf.LayersModel): number {
  return tf.tidy(() => {
    const squares = model.trainableWeights.map((weight) => tf.sum(tf.square(weight.read())));
    return squares.length === 0 ? 0 : Math.sqrt(tf.addN(squares).dataSync()[0]!);
  });
}
