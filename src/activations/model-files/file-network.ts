/** A network that is read from a file: it takes named inputs, and returns the activations of a batch by name. */

/** An input of a network. */
export interface InputSpec {
  readonly name: string;
  /** float32, float64, float16, int64, int32, uint8, bool, ... */
  readonly type: string;
  /** The first axis counts the examples; null is an axis of any length. */
  readonly shape: readonly (number | null)[];
}

/** A tensor outside of any framework. */
export interface Numbers {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

/** An activation of a batch. */
export interface Activation extends Numbers {
  readonly data: Float32Array;
}

/** A tensor that a network computes. */
export interface NetworkSite {
  readonly name: string;
  /** The operator that computes it, such as Conv or Relu. */
  readonly operator: string;
  /** Null is an axis of any length; the shape is missing if the file does not tell it. */
  readonly shape?: readonly (number | null)[];
}

/** A network that was read from a file. */
export interface FileNetwork {
  readonly inputs: readonly InputSpec[];
  /** All tensors that are computed from the inputs, in the order in which they are computed. */
  readonly sites: readonly NetworkSite[];
  /** The input of the classifier, whose dimension is LLID; undefined if the graph does not end in a classifier. */
  readonly lastSite?: string;
  /** The files that the values depend on. */
  readonly files: readonly string[];
  /** Remarks that a reader of the values should know. */
  readonly notes?: readonly string[];
  /**
   * The activations of a batch at some sites; those that are not floating-point tensors are left out.
   *
   * @param inputs by name, with the numbers as the input files hold them
   */
  run(
    inputs: Readonly<Record<string, Numbers>>,
    sites: readonly string[],
  ): Promise<ReadonlyMap<string, Activation>>;
  /** The memory that each example took in the first run, in bytes, if it is known. */
  bytesPerExample?(): number;
  close(): Promise<void>;
}

/** `float32 [examples, 3, ?, ?]` */
export function specInWords({ type, shape }: InputSpec): string {
  return `${type} ${shapeInWords(shape)}`;
}

/** `[examples, 3, ?, ?]` */
export function shapeInWords(shape: readonly (number | null)[]): string {
  return `[${shape.map((size, axis) => size ?? (axis === 0 ? 'examples' : '?')).join(', ')}]`;
}
