/** The interface of a network: variables, and a function from inputs to logits and named activations. */
import type * as tf from '@tensorflow/tfjs';
import type { RandomSource } from '../runtime/random/stateless-random';
import type { Choosable, Settings, ValuesOf } from '../setting';

/** Options of applying a model. */
export interface ApplyOptions {
  /** Uses dropout and batch statistics as in training. @default false */
  training?: boolean;
  /** Sites whose activations are returned; no others are computed. @default [] */
  activations?: readonly string[];
  /** Source of the dropout masks, which is required to train a model with dropout. */
  random?: RandomSource;
}

/** The result of a model. */
export interface ModelOutput {
  /** [batch, classes] */
  logits: tf.Tensor2D;
  /** The activations by site, [batch, ...]. */
  activations: Readonly<Record<string, tf.Tensor>>;
}

/** A classifier whose activations have names. */
export interface Model {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The variables by their names in PyTorch. */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /** The variables that gradients train; the others are running statistics. @default all of them */
  readonly trainable?: Readonly<Record<string, tf.Variable>>;
  /** The sites where activations can be collected, from input to output. */
  readonly sites: readonly string[];
  /** The site just before the classifier, whose intrinsic dimension is LLID. */
  readonly lastSite: string;
  readonly parameterCount: number;
  apply(inputs: tf.Tensor, options?: ApplyOptions): ModelOutput;
  dispose(): void;
}

/** A network that an experiment can choose; `Data` describes what it must know about the data. */
export interface Network<Data, Name extends string = string, S extends Settings = Settings>
  extends Choosable<Name, S> {
  /** Its name in the title of a figure. */
  readonly title: string;
  /** The sites of the network that `make` makes, from input to output. */
  sites(values: ValuesOf<S>): readonly string[];
  /** Makes the untrained network. */
  make(values: ValuesOf<S>, data: Data & { readonly classes: number; readonly seed: number }): Model;
}

/** What a network has to know of pictures: their shape. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The properties of token sequences that a network must know. */
export interface SequenceShape {
  readonly vocabularySize: number;
}
