/** Loss, accuracy and activations of a network over a whole split, in chunks, with as many activations held as fit. */
import * as tf from '@tensorflow/tfjs';
import { type ActivationRows, activationRows } from '../activations/rows';
import { type Examples, toBatch } from '../data/dataset';
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';
import type { Model } from '../models/model';

/** One site's activations of the examples of a split. */
export interface SiteActivation {
  readonly site: string;
  readonly split: 'train' | 'validation';
  /** Steps done. */
  readonly step: number;
  /** [examples, numbers of one activation], to be read while it is measured, not later */
  readonly points: PointsOnDemand;
  /** Of the examples. */
  readonly labels: Int32Array;
}

/** Loss and accuracy over the examples of a split, and what was computed from its activations. */
export interface SplitResult<M> {
  /** Mean cross entropy in nats, all classes weighted alike. */
  readonly loss: number;
  readonly accuracy: number;
  /** Of each class; null for one without examples. */
  readonly classAccuracy?: readonly (number | null)[];
  /** By site. */
  readonly id: M;
}

/** What {@link measureSplit} is told. */
export interface SplitOptions<M> {
  readonly model: Model;
  readonly examples: Examples;
  readonly split: 'train' | 'validation';
  readonly step: number;
  /** Examples that are measured, the first ones. */
  readonly count: number;
  readonly classes: number;
  readonly sites: readonly string[];
  readonly measureSite: (activation: SiteActivation) => Promise<M>;
  /** Examples that go through the network at once. */
  readonly batchSize: number;
  /** Bytes that activations may take; one site's that need more by themselves are kept in a temporary file. */
  readonly memory: number;
}

/** The part of a training program that evaluates. */
export interface Evaluator {
  runSync(
    entry: 'evaluate' | 'evaluateSites',
    inputs: tf.Tensor,
    labels: tf.Tensor1D,
  ): Record<string, tf.Tensor>;
  runSync(entry: `site.${string}`, inputs: tf.Tensor): tf.Tensor;
}

/** Measures a split in one pass where the activations of all sites fit into memory, else in a further pass for each. */
export async function measureSplit<M>(
  program: Evaluator,
  options: SplitOptions<M>,
): Promise<SplitResult<Record<string, M>>> {
  const { examples, count, sites, measureSite, split, step, memory } = options;
  const widths = widthsOf(options);
  const bytes = 4 * count * [...widths.values()].reduce((sum, width) => sum + width, 0);
  const together = sites.length > 0 && bytes <= memory;
  const labels = examples.labels.slice(0, count);
  const [hits, collected] = [new Float32Array(count), new Map<string, ActivationRows>()];
  const keep = (site: string, activation: tf.Tensor): void => {
    if (!collected.has(site)) collected.set(site, activationRows(count, widths.get(site)!, memory));
    collected.get(site)!.append(activation.dataSync() as Float32Array);
  };
  const id: Record<string, M> = {};

  let loss = 0;
  try {
    for (const { inputs, labels, start, size } of chunks(options)) {
      const entry = together ? 'evaluateSites' : 'evaluate';
      const { loss: mean, correct, ...activations } = program.runSync(entry, inputs, labels);
      loss += (mean!.dataSync()[0]! * size) / count;
      hits.set(correct!.dataSync(), start);
      for (const site of together ? sites : []) keep(site, activations[site]!);
      tf.dispose([mean!, correct!, ...Object.values(activations)]);
    }
    for (const site of sites) {
      for (const { inputs } of together ? [] : chunks(options)) {
        const activation = program.runSync(`site.${site}`, inputs);
        keep(site, activation);
        activation.dispose();
      }
      const points = collected.get(site)!;
      id[site] = await measureSite({ site, split, step, points, labels });
      points.close();
      collected.delete(site);
    }
  } finally {
    for (const points of collected.values()) points.close();
  }
  return { loss, ...accuracies(hits, labels, options.classes), id };
}

/** The examples in tensors, at most `batchSize` at a time; each is disposed of when the next is asked for. */
function* chunks({ examples, count, batchSize }: SplitOptions<unknown>): Generator<{
  inputs: tf.Tensor;
  labels: tf.Tensor1D;
  start: number;
  size: number;
}> {
  for (let start = 0; start < count; start += batchSize) {
    const size = Math.min(batchSize, count - start);
    const batch = toBatch(
      examples,
      Int32Array.from({ length: size }, (_, i) => start + i),
    );
    try {
      yield { inputs: batch.inputs, labels: batch.labels, start, size };
    } finally {
      batch.dispose();
    }
  }
}

/** Numbers of one example's activation at each site. */
function widthsOf({ model, examples, sites }: SplitOptions<unknown>): ReadonlyMap<string, number> {
  if (sites.length === 0) return new Map();
  const one = toBatch(examples, Int32Array.of(0));
  const { logits, activations } = model.apply(one.inputs, { activations: sites });
  const widths = new Map(sites.map((site) => [site, activations[site]!.size]));
  tf.dispose([logits, activations]);
  one.dispose();
  return widths;
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
