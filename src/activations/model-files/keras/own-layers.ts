/** Layers of Keras that tfjs lacks, or has in another form. */
import * as tf from '@tensorflow/tfjs';

type LayerArgs = ConstructorParameters<typeof tf.layers.Layer>[0];
type Inputs = tf.Tensor | tf.Tensor[];

function only(inputs: Inputs): tf.Tensor {
  return Array.isArray(inputs) ? inputs[0]! : inputs;
}

/** The difference of two tensors. */
export class Subtract extends tf.layers.Layer {
  static readonly className = 'Subtract';

  override call(inputs: Inputs): tf.Tensor {
    const [a, b] = inputs as tf.Tensor[];
    return tf.sub(a!, b!);
  }

  override computeOutputShape(shapes: tf.Shape | tf.Shape[]): tf.Shape {
    return (shapes as tf.Shape[])[0]!;
  }
}

interface GlobalPoolingArgs extends NonNullable<LayerArgs> {
  readonly reduce: typeof tf.mean;
}

/** The mean, or the largest value, of each channel, whose other axes then have length 1. [N, ..., C] -> [N, 1, ..., C] */
export class GlobalPooling extends tf.layers.Layer {
  static readonly className = 'GlobalPooling';
  readonly #reduce: typeof tf.mean;

  constructor(args: GlobalPoolingArgs) {
    super(args);
    this.#reduce = args.reduce;
  }

  override call(inputs: Inputs): tf.Tensor {
    const x = only(inputs);
    const places = x.shape.map((_, axis) => axis).slice(1, -1);
    return this.#reduce(x, places, true);
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [examples, ...rest] = shape as tf.Shape;
    return [examples!, ...rest.slice(1).map(() => 1), rest.at(-1)!];
  }
}

interface ResetAfterArgs extends NonNullable<LayerArgs> {
  readonly units: number;
  readonly activation: string;
  readonly recurrentActivation: string;
  readonly useBias: boolean;
}

/**
 * A step of the gated recurrent unit of Keras and CuDNN: the reset gate is applied after the product with the recurrent kernel,
 * and the recurrence has a bias of its own (Keras, GRU with `reset_after=True`). The unit of tfjs is that of Cho et al. 2014.
 */
class ResetAfterCell extends tf.layers.Layer {
  static readonly className = 'ResetAfterCell';
  readonly stateSize: number;
  readonly #args: ResetAfterArgs;
  readonly #activation: tf.layers.Layer;
  readonly #gate: tf.layers.Layer;
  #weights: readonly tf.LayerVariable[] = [];

  constructor(args: ResetAfterArgs) {
    super(args);
    this.#args = args;
    this.stateSize = args.units;
    this.#activation = tf.layers.activation({ activation: args.activation as 'tanh' });
    this.#gate = tf.layers.activation({ activation: args.recurrentActivation as 'tanh' });
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const width = (shape as tf.Shape).at(-1)!;
    const { units, useBias } = this.#args;
    const zeros = tf.initializers.zeros();
    this.#weights = [
      this.addWeight('kernel', [width, 3 * units], 'float32', zeros),
      this.addWeight('recurrent_kernel', [units, 3 * units], 'float32', zeros),
      ...(useBias ? [this.addWeight('bias', [2, 3 * units], 'float32', zeros)] : []),
    ];
    this.built = true;
  }

  /** @param inputs [N, features] and the state [N, units] */
  override call(inputs: Inputs): tf.Tensor[] {
    return tf.tidy(() => {
      const [x, state] = inputs as [tf.Tensor2D, tf.Tensor2D];
      const [kernel, recurrent, bias] = this.#weights.map((weight) => weight.read());
      const [own, other] = bias ? tf.unstack(bias) : [0, 0];
      const fromInput = tf.add(tf.matMul(x, kernel as tf.Tensor2D), own!);
      const fromState = tf.add(tf.matMul(state, recurrent as tf.Tensor2D), other!);
      const [xz, xr, xh] = tf.split(fromInput, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const [sz, sr, sh] = tf.split(fromState, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const update = this.#gate.apply(tf.add(xz, sz)) as tf.Tensor;
      const reset = this.#gate.apply(tf.add(xr, sr)) as tf.Tensor;
      const candidate = this.#activation.apply(tf.add(xh, tf.mul(reset, sh))) as tf.Tensor;
      const next = tf.add(tf.mul(update, state), tf.mul(tf.sub(1, update), candidate));
      return [next, next];
    });
  }
}

type ResetAfterGruArgs = ResetAfterArgs & Omit<ConstructorParameters<typeof tf.RNN>[0], 'cell'>;

/** {@link ResetAfterCell} over a sequence. */
export class ResetAfterGru extends tf.RNN {
  static override readonly className = 'ResetAfterGru';
  readonly #args: ResetAfterGruArgs;

  constructor(args: ResetAfterGruArgs) {
    const { units, activation, recurrentActivation, useBias } = args;
    const cell = new ResetAfterCell({ units, activation, recurrentActivation, useBias });
    super({ ...args, cell: cell as unknown as ReturnType<typeof tf.layers.gruCell> });
    this.#args = args;
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const own = { ...this.#args, name: this.name, goBackwards: this.goBackwards };
    return own as object as tf.serialization.ConfigDict;
  }
}

// tfjs makes both halves of a bidirectional layer from the configuration of one, and so looks up its class by name.
tf.serialization.registerClass(ResetAfterGru);
