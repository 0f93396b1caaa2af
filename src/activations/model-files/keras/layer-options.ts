/** The options of a Keras layer. Each of them must be read, so that an option that tfjs would ignore is refused. */

/** The error for a part of a file that cannot be computed here as Keras computes it. */
export class Untranslated extends Error {}

/** Options without influence on what a trained layer computes. */
const WITHOUT_INFLUENCE =
  /^(name|trainable|dtype|seed|.*_(initializer|regularizer|constraint)|batch_input_shape|unit_forget_bias|dropout|recurrent_dropout|implementation|unroll|momentum|renorm_momentum|input_length|synchronized)$/;

/** Values of options that change nothing. In an option that a layer does not read, null and false change nothing, either. */
const NEUTRAL: Readonly<Record<string, unknown>> = { groups: 1, data_format: 'channels_last' };

/** The names of activation functions in tfjs by their names in Keras. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  selu: 'selu',
  gelu: 'gelu',
  silu: 'swish',
  swish: 'swish',
  mish: 'mish',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softmax: 'softmax',
  log_softmax: 'logSoftmax',
  softplus: 'softplus',
  softsign: 'softsign',
};

/** The configuration of a layer (its `get_config()`). */
export class LayerOptions {
  readonly #read = new Set<string>();

  /** @param keras the major version of Keras that wrote it */
  constructor(
    readonly config: Readonly<Record<string, unknown>>,
    readonly keras: number,
  ) {}

  get name(): string {
    return String(this.config.name);
  }

  /** The value of an option, which then counts as read. */
  value(option: string): unknown {
    this.#read.add(option);
    return this.config[option];
  }

  number(option: string, otherwise?: number): number {
    return this.#valid(option, this.value(option) ?? otherwise, (value) => typeof value === 'number');
  }

  /** @param otherwise the default of Keras, for files of versions that do not have the option */
  flag(option: string, otherwise: boolean): boolean {
    return this.#valid(option, this.value(option) ?? otherwise, (value) => typeof value === 'boolean');
  }

  numbers(option: string): number[] {
    const value = this.value(option);
    const list = Array.isArray(value) ? value : [value];
    return this.#valid(option, list, () => list.length > 0 && list.every((one) => typeof one === 'number'));
  }

  /** A number, which some versions of Keras write as a list of one number. */
  axis(option: string): number {
    const numbers = this.numbers(option);
    return this.#valid(option, numbers[0], () => numbers.length === 1);
  }

  one<T extends string>(option: string, allowed: readonly T[]): T {
    return this.#valid(option, this.value(option), (value) => allowed.includes(value as T));
  }

  /** Refuses all values except the one that can be computed here. */
  only(option: string, allowed: unknown): void {
    this.#valid(option, this.value(option) ?? allowed, (value) => value === allowed);
  }

  /** The name of an activation function in tfjs. */
  activation(option = 'activation'): string {
    const value = this.value(option) ?? 'linear';
    const { class_name: type, config } = value as { class_name?: unknown; config?: unknown };
    const name = type === 'function' ? config : value;
    // The slope of Keras 3 is 1/6 instead of 1/5.
    if (name === 'hard_sigmoid' && this.keras < 3) return 'hardSigmoid';
    return this.#valid(option, ACTIVATIONS[String(name)], (found) => found !== undefined);
  }

  /** @throws Untranslated for an option that was not read and may have an influence */
  assertAllRead(): void {
    const unread = Object.entries(this.config).find(
      ([option, value]) =>
        !(this.#read.has(option) || WITHOUT_INFLUENCE.test(option)) &&
        !(value === null || value === false || value === NEUTRAL[option]),
    );
    if (unread) throw refused(...unread);
  }

  #valid<T>(option: string, value: unknown, isValid: (value: unknown) => boolean): T {
    if (!isValid(value)) throw refused(option, this.config[option]);
    return value as T;
  }
}

function refused(option: string, value: unknown): Untranslated {
  const text = JSON.stringify(value) ?? 'missing';
  return new Untranslated(`its ${option} is ${text.length > 80 ? `${text.slice(0, 80)} ...` : text}`);
}
