/** Train a network, measure the intrinsic dimension of its activations as it learns, and draw what happened. */

// 1. runtime: TensorFlow under Node, and functions compiled into graphs
export * as tf from '@tensorflow/tfjs';
export { type BackendInfo, loadBackend } from './runtime/backend';
export {
  type CompileOptions,
  compile,
  type Entries,
  type Program,
  type Variables,
} from './runtime/compile/program';
export { type CompiledModel, compileModel } from './runtime/compile/compile-model';
export { interruptible } from './runtime/interrupt';

// 2. intrinsic dimension: points -> estimate and interval
export * from './intrinsic-dimension/index';

// 3. data: labelled examples
export type { Augmentation, Normalization } from './data/augment';
export { type CifarOptions, cifar10, cifar100 } from './data/cifar';
export { type Batch, batches, type Dataset, type Examples, toBatch } from './data/dataset';
export { type IdxOptions, idxFolder } from './data/idx';
export { type ImageFolderOptions, imageFolder } from './data/image-folder';
export type { ImageOptions } from './data/image-set';
export { mnist } from './data/mnist';
export { type ModularArithmeticOptions, modularArithmetic } from './data/modular-arithmetic';
export { type PermutationGroupOptions, permutationGroup } from './data/permutation-group';
export { classCounts, ofClass, rawPoints, select } from './data/select';

// 4. models: inputs -> logits and named activations
export type { ApplyOptions, Model, ModelOutput } from './models/model';
export { type Gpt2Config, gpt2 } from './models/gpt2';
export { type ResnetConfig, resnet } from './models/resnet';

// 5. activations: a network and inputs -> points, site by site
export {
  type ActivationSource,
  activations,
  type CollectOptions,
  type SitePoints,
} from './activations/activations';
export { modelSites } from './activations/sources/any-model';
export {
  type ModelInputs,
  type ModelSource,
  modelSource,
  type SourceOptions,
} from './activations/sources/inputs';
export type { LayerProfile } from './activations/layer-profile';
export { layerProfile, type ProfileOptions } from './activations/profile';
export { type FileProfileOptions, profile } from './activations/file-profile';
export { type ModelFileOptions, modelFileSource } from './activations/model-files/model-layers';
export type { TokenRule } from './activations/saved/tokens';

// 6. training: fit
export {
  type CheckpointEvent,
  type DoneEvent,
  type MeasurementEvent,
  type StepEvent,
  type TrainEvent,
  type TrainOptions,
  train,
} from './training/trainer';
export type { AdamConfig, OptimizerConfig, SgdConfig } from './training/optimizers';
export { constant, cosine, multiStep, type Schedule, warmup } from './training/schedules';
export { type Checkpoint, type CheckpointState, loadCheckpoint } from './training/checkpoint';
export { loadWeights } from './training/load-weights';

// 7. records: keep
export { type CurvePoint, readCurves } from './records/curves';
export { type Measurement, type RunRecord, readRun } from './records/run-record';
export { RECORDED, readRuns, recordedRuns } from './records/recorded-runs';
export { recordedProfile, recordProfile } from './records/recorded-profiles';
export { readTrials, recordedTrials, type TrialRecord } from './records/trial-record';
export { runs } from './records/table';

// 8. experiments: one run, many runs
export * as grokking from './experiments/grokking-by-name';
export * as images from './experiments/images-by-name';
export { parseGrid, type RunConfig, runName } from './experiments/registry';
export { PAPER, type Paper, SMALL } from './experiments/presets';
export { ESTIMATOR_PANEL, type Estimators, remeasure } from './experiments/remeasure';
export { type RunOptions, runExperiment } from './experiments/run';
export { type IdCallback, type IdCallbackOptions, idCallback } from './experiments/id-callback';
export { type SweepCell, type SweepOptions, sweepCells } from './experiments/sweep';

// 9. analysis: numbers from records
export { lastLayerId, peakId } from './records/layer-ids';
export { grokkingStep, type Transition, transition } from './analysis/transition';
export { type GrokkingRow, grokkingRows, type LeadRow, leadRows } from './analysis/grokking-runs';
export {
  type Outcome,
  onsetOfHarm,
  type Regularization,
  type StrengthSweep,
  sweepsOf,
} from './analysis/regularization';
export { generalizationCorrelation, strengthCorrelation } from './analysis/paper-correlations';
export { type Prediction, predictions } from './analysis/predictors';
export { type Bootstrapped, type BootstrapOptions, bootstrap } from './analysis/bootstrap';
export {
  type Correlation,
  correlation,
  partialCorrelation,
  pearson,
} from './analysis/correlation';
export { type ProfileShape, profileShape } from './analysis/profile-shape';
export { type Recommendation, recommendations } from './analysis/recommendation';
export { type TrialSummary, trialCells, trialSummaries } from './analysis/trial-summary';

// 10. figures: draw
export * as figures from './figures/by-name';
export * as plot from './figures/plots/by-name';
export * as tables from './figures/tables-by-name';
export { type LiveRun, type TrainLiveOptions, trainLive } from './figures/train-live';
export { toPDF } from './figures/pdf';
export { type Figure, show, toHTML, toPNG, toSVG } from './figures/figure';
export { reportPage } from './figures/report-page';
export { liveChart } from './figures/live';
export { progressLine } from './figures/progress-line';
export { sweep } from './figures/sweep-live';
export type { Table } from './figures/table';
