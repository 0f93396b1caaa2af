/** Trains a run again from its settings, and measures its last layer at every checkpoint by several estimators. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { activations } from '../activations/activations';
import { modelSource } from '../activations/sources/inputs';
import { batchCount, type Examples, toBatch } from '../data/dataset';
import { ANYTHING, assertGiven, SIGNAL, TEXT } from '../given';
import type { EstimatorOptions } from '../intrinsic-dimension/estimators/registry';
import { intrinsicDimension } from '../intrinsic-dimension/intrinsic-dimension';
import { estimateOrReason } from '../intrinsic-dimension/no-estimate';
import type { Model } from '../models/model';
import { environment } from '../records/environment';
import { openRun, readRun, type SplitMeasurement } from '../records/run-record';
import { loadBackend } from '../runtime/backend';
import { loadCheckpoint } from '../training/checkpoint';
import { accuracy, crossEntropy } from '../training/losses';
import type { TrainEvent } from '../training/trainer';
import type { GrokkingConfig } from './config-types';
import type { SiteIds } from './experiment';
import { grokkingData, grokkingModel } from './grokking';
import { grokkingConfig } from './grokking-config';
import { withDefaults } from './registry';
import { runExperiment } from './run';

/** The estimators of a run, by the names under which a record keeps their values. */
export type Estimators = Readonly<Record<string, EstimatorOptions>>;

/** TwoNN measures the smallest scale, GRIDE of higher order larger ones, and the participation ratio the whole set. */
export const ESTIMATOR_PANEL: Estimators = {
  'two-nn': { estimator: 'two-nn' },
  'gride 2:4': { estimator: 'gride', n1: 2, n2: 4 },
  'gride 16:32': { estimator: 'gride', n1: 16, n2: 32 },
  'participation-ratio': { estimator: 'participation-ratio' },
};

/**
 * Trains again and measures the last site on train and validation, at step 0 and at every checkpoint, as `checkpointEvery` says.
 * The record has the form of other records, with estimators in place of sites, each with its `value` and standard error. If it is
 * stopped at any moment, the same call continues.
 *
 * @param options.path of the record; the training's own record and checkpoints are in the folder `<name>` beside it
 */
export async function* remeasure(
  settings: Readonly<Partial<GrokkingConfig>>,
  options: { readonly path: string; readonly estimators?: Estimators; readonly signal?: AbortSignal },
): AsyncGenerator<TrainEvent<SiteIds>, void, void> {
  assertGiven('remeasure', options, { path: TEXT, estimators: ANYTHING, signal: SIGNAL });
  const { path, estimators = ESTIMATOR_PANEL, signal } = options;
  const { steps } = grokkingConfig(settings);
  const config = grokkingConfig({ ...settings, measureEvery: steps, earlyMeasurements: 0 });
  const backend = await loadBackend();
  const data = grokkingData(config);
  const model = grokkingModel(config, data);
  const training = join(path.replace(/\.jsonl$/, ''), 'training');
  const last = join(training, 'last.safetensors');
  const record = openRun(path, {
    config: { ...config, site: model.lastSite, estimators: Object.keys(estimators) },
    environment: environment(backend),
    complete: withDefaults,
    resumeFrom: existsSync(last) ? Number.POSITIVE_INFINITY : -1,
  });
  let measured = readRun(path).measurements.at(-1)?.step ?? -1;
  const perEpoch = batchCount(data.train, config.batchSize);
  const measure = async (step: number): Promise<void> => {
    // A stop writes an additional checkpoint, which an undisturbed run does not have.
    const due = step % config.checkpointEvery === 0 || step === steps;
    if (step <= measured || !due) return;
    const [train, validation] = [
      await measureSplit(model, data.train, estimators),
      await measureSplit(model, data.validation, estimators),
    ];
    record.append({
      type: 'measurement',
      step,
      epoch: Math.floor(Math.max(0, step - 1) / perEpoch),
      train,
      validation,
    });
    measured = step;
  };
  const load = (from: string): number => {
    const { tensors, state } = loadCheckpoint(from);
    for (const [name, variable] of Object.entries(model.variables)) variable.assign(tensors[name]!);
    tf.dispose(tensors);
    return state.step;
  };
  try {
    await measure(existsSync(last) ? load(last) : 0);
    const events = runExperiment(config, {
      path: `${training}.jsonl`,
      resume: true,
      ...(signal ? { signal } : {}),
    });
    for await (const event of events) {
      if (event.type === 'checkpoint' && event.kind === 'last') await measure(load(event.path));
      if (event.type === 'done' && !event.interrupted) record.done({ step: event.step });
      yield event;
    }
  } finally {
    record.close();
    model.dispose();
  }
}

/** Loss and accuracy, and the last site's dimension by each estimator, over all examples. */
async function measureSplit(
  model: Model,
  examples: Examples,
  estimators: Estimators,
): Promise<SplitMeasurement> {
  const { inputs, labels, dispose } = toBatch(examples);
  try {
    const id: SplitMeasurement['id'] = {};
    const source = await modelSource(model, inputs, { sites: [model.lastSite] });
    for await (const { points } of activations(source)) {
      for (const [name, estimator] of Object.entries(estimators)) {
        const found = await estimateOrReason(intrinsicDimension(points, estimator));
        id[name] = found.value === null ? found : { value: found.value, std: found.standardError };
      }
    }
    const [loss, share] = tf.tidy(() => {
      const { logits } = model.apply(inputs);
      return [crossEntropy(logits, labels), accuracy(logits, labels)].map((scalar) => scalar.dataSync()[0]!);
    }) as unknown as [number, number];
    return { loss, accuracy: share, id };
  } finally {
    dispose();
  }
}
