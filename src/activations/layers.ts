/** Layers whose points are read one layer after another, independent of the file format. */
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';
import type { CollectOptions } from './activations';
import type { Selection } from './saved/tokens';

/** One layer. */
export interface Layer {
  readonly site: string;
  /** The shape of one point before it is flattened: the axes of features. */
  readonly shape: readonly number[];
  /** The examples and tokens that the points belong to. */
  readonly selection: Selection;
  /** The operator that computes the layer, if the file names it: Conv, Relu, ... */
  readonly operator?: string;
}

/** Layers of open files, from input to output. */
export interface Layers {
  readonly layers: readonly Layer[];
  /** The files that the values depend on. */
  readonly files: readonly string[];
  /** The layer before the classifier, if the file shows it. */
  readonly lastSite?: string;
  /** The points of some layers, which must be in the order of {@link layers}. */
  collect(
    sites: readonly string[],
    options?: CollectOptions,
  ): AsyncIterable<{ readonly site: string; readonly points: PointsOnDemand }>;
  close(): void;
}
