/** Loss, accuracy and activations of a network over a whole split, in chunks. */
import * as tf from '@tensorflow/tfjs';
import { type ActivationSource, activations } from '../activations/activations';
import { type Draw, type Examples, toBatch } from '../data/dataset';
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';
import type { Model } from '../models/model';
import { streamSeed } from '../random';

/** The activations of the examples of a split at one site. */
export interface SiteActivation {
  readonly site: string;
  readonly split: 'train' | 'validation';
  /** The number of steps done. */
  readonly step: number;
  /** [examples, numbers of one activation]; they can be read only during the measurement */
  readonly points: PointsOnDemand;
  /** The labels of the examples. */
  readonly labels: Int32Array;
}

/** Loss and accuracy over the examples of a split, and the results from its activations. */
export interface SplitResult<M> {
  /** Mean cross entropy in nats, with equal weights for all classes. */
  readonly loss: number;
  readonly accuracy: number;
  /** The accuracy of each class; null for one without examples. */
  readonly classAccuracy?: readonly (number | null)[];
  /** Sum of the regularisers' terms, which `loss` does not include, as a mean over chunks; missing without regularisers. */
  readonly regularization?: number;
  /** The results by site. */
  readonly id: M;
}

/** The options of {@link measureSplit}. */
export interface SplitOptions<M> {
  readonly model: Model;
  readonly examples: Examples;
  readonly split: 'train' | 'validation';
  readonly step: number;
  /** The number of examples that are measured, from the first on. */
  readonly count: number;
  /** Augments the examples, in the same way in each pass over them. @default no augmentation */
  readonly draw?: Draw;
  readonly classes: number;
  /** For each regulariser, true if its term counts at this step, and false during its burn-in. */
  readonly activeTerms: readonly boolean[];
  readonly sites: readonly string[];
  readonly measureSite: (activation: SiteActivation) => Promise<M>;
  /** The number of examples that go through the network at once. */
  readonly batchSize: number;
  /** Bytes that activations may take; those of a single site that need more are kept in a temporary file. */
  readonly memory: number;
  /**
   * Evaluates the examples in batches of this size, and all but the first batch in training mode, with dropout and with batch
   * statistics, which change the running ones. Sites are still measured in evaluation mode.
   * @default all examples are evaluated in evaluation mode
   */
  readonly trainingMode?: { readonly batchSize: number; readonly seed: number };
}

/** The part of a training program for evaluation. */
export interface Evaluator {
  runSync(
    entry: 'evaluate' | 'evaluateSites',
    inputs: tf.Tensor,
    labels: tf.Tensor1D,
  ): Record<string, tf.Tensor>;
  runSync(
    entry: 'evaluateInTrainingMode',
    inputs: tf.Tensor,
    labels: tf.Tensor1D,
    seedAndStep: tf.Tensor1D,
  ): Record<string, tf.Tensor>;
  runSync(entry: `site.${string}`, inputs: tf.Tensor): tf.Tensor;
}

/** Measures a split: its loss, its accuracy, and the result of `measureSite` for the activations of each site. */
export async function measureSplit<M>(
  program: Evaluator,
  options: SplitOptions<M>,
): Promise<SplitResult<Record<string, M>>> {
  const { examples, count, sites, measureSite, split, step, memory } = options;
  const labels = examples.labels.slice(0, count);
  const score = scoreOf(options);
  if (options.trainingMode) evaluateInTrainingMode(program, { ...options, ...options.trainingMode }, score);
  const source = programSource(program, options, score);
  const id: Record<string, M> = {};
  for await (const { site, points } of activations(source, sites, { memory }))
    id[site] = await measureSite({ site, split, step, points, labels });
  if (!score.isComplete()) {
    for (const chunk of chunks(options)) {
      score.add(program.runSync('evaluate', chunk.inputs, chunk.labels), chunk);
    }
  }
  return { ...score.result(labels), id };
}

/** Loss, hits and regularisers' terms of the examples evaluated so far. */
interface Score {
  /** Adds `loss`, `correct` and `terms` of a chunk, and disposes of them. */
  add(
    evaluated: Readonly<Record<string, tf.Tensor>>,
    chunk: { readonly start: number; readonly size: number },
  ): void;
  isComplete(): boolean;
  result(labels: Int32Array): Omit<SplitResult<unknown>, 'id'>;
}

function scoreOf({ count, classes, activeTerms }: SplitOptions<unknown>): Score {
  const hits = new Float32Array(count);
  let [loss, regularization, scored] = [0, 0, 0];
  return {
    add: ({ loss: meanLoss, correct, terms }, { start, size }) => {
      loss += (meanLoss!.dataSync()[0]! * size) / count;
      hits.set(correct!.dataSync(), start);
      const values = terms?.dataSync() ?? [];
      for (const [i, active] of activeTerms.entries())
        if (active) regularization += (values[i]! * size) / count;
      scored += size;
      tf.dispose([meanLoss!, correct!, terms ?? []]);
    },
    isComplete: () => scored === count,
    result: (labels) => ({
      loss,
      ...(activeTerms.length > 0 ? { regularization } : {}),
      ...accuracies(hits, labels, classes),
    }),
  };
}

/** Evaluates the first batch in evaluation mode and the others in training mode, as the public code of the paper does. */
function evaluateInTrainingMode(
  program: Evaluator,
  options: SplitOptions<unknown> & { readonly seed: number },
  score: Score,
): void {
  for (const chunk of chunks(options)) {
    const { start, inputs, labels } = chunk;
    const seedAndStep = tf.tensor1d([streamSeed(options.seed, start), options.step], 'int32');
    const evaluated =
      start === 0
        ? program.runSync('evaluate', inputs, labels)
        : program.runSync('evaluateInTrainingMode', inputs, labels, seedAndStep);
    seedAndStep.dispose();
    score.add(evaluated, chunk);
  }
}

/** The activations of the examples in a program. A pass that collects all sites also evaluates the examples. */
function programSource(program: Evaluator, options: SplitOptions<unknown>, score: Score): ActivationSource {
  const { sites, count } = options;
  return {
    examples: count,
    shapes: shapesOf(options),
    async *pass(wanted) {
      for (const chunk of chunks(options)) {
        const found = wanted.length === sites.length ? evaluated(chunk) : singly(wanted, chunk.inputs);
        try {
          yield found;
        } finally {
          tf.dispose(found);
        }
      }
    },
  };

  function evaluated(chunk: Chunk): Record<string, tf.Tensor> {
    const { loss, correct, terms, ...found } = program.runSync('evaluateSites', chunk.inputs, chunk.labels);
    const scores = { loss: loss!, correct: correct!, ...(terms ? { terms } : {}) };
    if (score.isComplete()) tf.dispose(scores);
    else score.add(scores, chunk);
    return found;
  }
  /** The activations of each site, computed separately and without the layers after the site. */
  function singly(wanted: readonly string[], inputs: tf.Tensor): Record<string, tf.Tensor> {
    return Object.fromEntries(wanted.map((site) => [site, program.runSync(`site.${site}`, inputs)]));
  }
}

interface Chunk {
  readonly inputs: tf.Tensor;
  readonly labels: tf.Tensor1D;
  readonly start: number;
  readonly size: number;
}

/** The examples in tensors, at most `batchSize` at a time; each is disposed of when the next is asked for. */
function* chunks({ examples, count, batchSize, draw }: SplitOptions<unknown>): Generator<Chunk> {
  for (let start = 0; start < count; start += batchSize) {
    const size = Math.min(batchSize, count - start);
    const batch = toBatch(
      examples,
      Int32Array.from({ length: size }, (_, i) => start + i),
      draw,
    );
    try {
      yield { inputs: batch.inputs, labels: batch.labels, start, size };
    } finally {
      batch.dispose();
    }
  }
}

/** The shape of one example's activation at each site. */
function shapesOf({ model, examples, sites }: SplitOptions<unknown>): ReadonlyMap<string, readonly number[]> {
  if (sites.length === 0) return new Map();
  const one = toBatch(examples, Int32Array.of(0));
  const { logits, activations } = model.apply(one.inputs, { activations: sites });
  const shapes = new Map(sites.map((site) => [site, activations[site]!.shape.slice(1)]));
  tf.dispose([logits, activations]);
  one.dispose();
  return shapes;
}

function accuracies(
  hits: Float32Array,
  labels: Int32Array,
  classes: number,
): Pick<SplitResult<unknown>, 'accuracy' | 'classAccuracy'> {
  const [right, all] = [new Float64Array(classes), new Float64Array(classes)];
  for (const [i, label] of labels.entries()) {
    right[label]! += hits[i]!;
    all[label]!++;
  }
  const classAccuracy = Array.from(right, (hits, label) => (all[label] === 0 ? null : hits / all[label]!));
  return { accuracy: hits.reduce((sum, hit) => sum + hit, 0) / hits.length, classAccuracy };
}
