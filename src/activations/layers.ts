/** Layers whose points are had one after another, whatever file they come from. */
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';
import type { CollectOptions } from './activations';
import type { Selection } from './saved/tokens';

/** One layer. */
export interface Layer {
  readonly site: string;
  /** The shape of one point before it is flattened: the axes of features. */
  readonly shape: readonly number[];
  /** Which examples and tokens the points are. */
  readonly selection: Selection;
  /** What computes the layer, where the file tells: Conv, Relu, ... */
  readonly operator?: string;
}

/** Layers of open files, from input to output. */
export interface Layers {
  readonly layers: readonly Layer[];
  /** Files that the values depend on. */
  readonly files: readonly string[];
  /** The layer before the classifier, where the file tells. */
  readonly lastSite?: string;
  /** The points of some layers, which must be in the order of {@link layers}. */
  collect(
    sites: readonly string[],
    options?: CollectOptions,
  ): AsyncIterable<{ readonly site: string; readonly points: PointsOnDemand }>;
  close(): void;
}
