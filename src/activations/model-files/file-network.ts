/** What a network in a file is here: it takes named inputs, and gives the activations of a batch by name. */

/** An input of a network. */
export interface InputSpec {
  readonly name: string;
  /** float32, float64, float16, int64, int32, uint8, bool, ... */
  readonly type: string;
  /** The first axis is the examples; an axis of any length is null. */
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
  /** What computes it: Conv, Relu, ... */
  readonly operator: string;
  /** With null for an axis of any length, where the file tells. */
  readonly shape?: readonly (number | null)[];
}

/** A network that was read from a file. */
export interface FileNetwork {
  readonly inputs: readonly InputSpec[];
  /** All that is computed from the inputs, in the order in which it is computed. */
  readonly sites: readonly NetworkSite[];
  /** What the classifier takes, whose dimension is LLID; undefined where the graph does not end in one. */
  readonly lastSite?: string;
  /** The files that the values depend on. */
  readonly files: readonly string[];
  /** What a reader of the values should know. */
  readonly notes?: readonly string[];
  /**
   * The activations of a batch at some sites; those that are not floating-point tensors are left out.
   *
   * @param inputs by name, of the numbers that the files of inputs hold
   */
  run(
    inputs: Readonly<Record<string, Numbers>>,
    sites: readonly string[],
  ): Promise<ReadonlyMap<string, Activation>>;
  /** Bytes that passing an example took in the first run, where they are known. */
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
