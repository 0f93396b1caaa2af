/** From points to neighbours to estimates and intervals: the public interface of this station and of the package `intrinsic-dimension`. */

export {
  type ImbalanceOptions,
  type InformationImbalance,
  informationImbalance,
} from './comparison/information-imbalance';
export {
  type LabelOverlapOptions,
  labelOverlap,
  type NeighbourhoodOverlap,
  neighbourhoodOverlap,
  type OverlapOptions,
} from './comparison/neighbourhood-overlap';
export {
  type DecimationCurve,
  type DecimationOptions,
  idDecimation,
} from './decimation';
export { ESTIMATORS, type EstimatorName } from './estimators/registry';
// points
export { FORMATS, type Format } from './files/format';
export type { OptionWords, ReadOption } from './files/option-words';
export {
  type DistancesFile,
  type PointsFile,
  type ReadPointsOptions,
  readDistances,
  readPoints,
} from './files/points-file';
export {
  type IdEstimate,
  type IdOptions,
  intrinsicDimension,
} from './intrinsic-dimension';
export { type LocalId, type LocalIdOptions, localId } from './local-id';
// points of known dimension
export {
  BENCHMARK_MANIFOLDS,
  MANIFOLDS,
  type ManifoldInfo,
  type ManifoldName,
  manifold,
  type NamedManifoldOptions,
  type NamedPointSet,
} from './manifolds/manifold';
export {
  cube,
  embed,
  flatTorus,
  gaussian,
  type PointSet,
  sphere,
  swissRoll,
} from './manifolds/manifolds';
export {
  type Hidalgo,
  type HidalgoOptions,
  hidalgo,
} from './mixture/hidalgo';
export { NoEstimateError } from './no-estimate';
export type { Points, TensorLike } from './points/points';
export { type IdReport, type IdReportOptions, idReport } from './report/report';
export { idScale, type ScaleCurve, type ScaleOptions } from './scale';
export {
  TRIAL_ESTIMATORS,
  type Trial,
  type TrialEstimator,
  type TrialOptions,
  trials,
} from './trials';
