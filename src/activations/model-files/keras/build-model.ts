/** Builds a model of tfjs from the configuration of a Keras model. Models within the model become a part of it. */
import * as tf from '@tensorflow/tfjs';
import { counted } from '../../../number-format';
import { endsOf, isModel, type LayerConfig, layerConfig, type TensorRef } from './configuration';
import { LayerOptions, Untranslated } from './layer-options';
import { BY_TOKEN, makeLayer, OPERATIONS, RECURRENT } from './layers';

/** A layer of a model, or a model within it. */
export interface BuiltLayer {
  /** The class in Keras. */
  readonly type: string;
  /** The name in the file; the name of the tfjs layer begins with the names of the models around it. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly isOperation: boolean;
  readonly layer?: tf.layers.Layer;
  /** The layers of a model within the model, in the order of the configuration. */
  readonly layers?: readonly BuiltLayer[];
}

/** A model, and its layers in the order of the configuration. */
interface BuiltModel {
  readonly model: tf.LayersModel;
  readonly layers: readonly BuiltLayer[];
}

/**
 * Builds a model, whose weights are then to be set.
 *
 * @param keras the major version of Keras that wrote the configuration
 * @throws Untranslated that names the layer that cannot be translated, and says why
 */
export function buildModel(config: LayerConfig, keras: number): BuiltModel {
  if (config.custom !== undefined || !isModel(config))
    throw new Untranslated(`the model is of a class of its own, ${config.custom ?? config.type}`);
  const graph = new Graph(config, keras, '', new WeakSet(), hasStates(config.options));
  const { inputs, outputs } = graph.use();
  return { model: tf.model({ inputs, outputs, name: config.name }), layers: graph.layers };
}

/** Whether a layer keeps a state for each place in a batch, so that all batches must have the same size. */
function hasStates(options: LayerConfig['options']): boolean {
  return /"stateful":true/.test(JSON.stringify(options));
}

type Tensors = tf.SymbolicTensor[];

/** Adds to an error the layer to which it belongs. */
function ofLayer<T>({ name, type, custom }: LayerConfig, build: () => T): T {
  try {
    return build();
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith('layer ')) throw error;
    throw new Untranslated(`layer '${name}' (${custom ?? type}): ${message}`);
  }
}

/** The model of a configuration, which may be used several times within another model. */
class Graph {
  readonly #configs: readonly LayerConfig[];
  readonly #layers = new Map<string, tf.layers.Layer>();
  readonly #usesMask = new WeakSet<tf.layers.Layer>();
  readonly #graphs = new Map<string, Graph>();

  /**
   * @param prefix of the names of its layers
   * @param masked tensors whose tokens are masked
   * @param hasStates whether batches must have the size that the file gives; otherwise, that is only the size of the batch on
   *   which the model was built
   */
  constructor(
    readonly config: LayerConfig,
    readonly keras: number,
    readonly prefix: string,
    readonly masked: WeakSet<tf.SymbolicTensor>,
    readonly hasStates: boolean,
  ) {
    const { layers } = config.options;
    this.#configs = Array.isArray(layers) ? layers.map(layerConfig) : [];
    if (this.#configs.length === 0) throw new Untranslated(`model '${config.name}' has no layers`);
  }

  get layers(): readonly BuiltLayer[] {
    return this.#configs.flatMap(({ name, type, options, isOperation }) => {
      const [layer, layers] = [this.#layers.get(name), this.#graphs.get(name)?.layers];
      const own = { type, name, options, isOperation };
      return layer || layers ? [{ ...own, ...(layer ? { layer } : {}), ...(layers ? { layers } : {}) }] : [];
    });
  }

  /** @param given the inputs, if the model lies within another one; otherwise, the model makes its own */
  use(given?: Tensors): { inputs: Tensors; outputs: Tensors } {
    return this.config.type === 'Sequential' ? this.#useInOrder(given) : this.#useByNodes(given);
  }

  #useInOrder(given: Tensors | undefined): { inputs: Tensors; outputs: Tensors } {
    const [first] = this.#configs as [LayerConfig];
    const hasInput = first.type === 'InputLayer';
    const inputs = given ?? [
      hasInput ? ofLayer(first, () => this.#inputOf(first)) : this.#inputBefore(first),
    ];
    let outputs = inputs;
    for (const layer of this.#configs.slice(hasInput ? 1 : 0))
      outputs = ofLayer(layer, () => {
        if (outputs.length > 1) throw new Untranslated('it takes several tensors of the layer before');
        return this.#useLayer(layer, outputs);
      });
    return { inputs, outputs };
  }

  #useByNodes(given: Tensors | undefined): { inputs: Tensors; outputs: Tensors } {
    const { name, options } = this.config;
    const known = new Map(this.#configs.map((layer) => [layer.name, layer]));
    const found = new Map<string, Tensors>();
    const underWay = new Set<string>();
    const layerOf = (wanted: string): LayerConfig => {
      const layer = known.get(wanted);
      if (!layer) throw new Error(`model '${name}' has no layer '${wanted}', which is named in it`);
      return layer;
    };
    /** The outputs of one use of a layer, which are computed after the inputs of that use. */
    const outputsOf = (layer: LayerConfig, use: number): Tensors => {
      const key = `${use} ${layer.name}`;
      const before = found.get(key);
      if (before) return before;
      if (underWay.has(key))
        throw new Error(`layer '${layer.name}' takes what it gives: save the model again`);
      underWay.add(key);
      const made = ofLayer(layer, () => {
        if (layer.type === 'InputLayer') return [this.#inputOf(layer)];
        const call = layer.uses()[use];
        if (!call) throw new Error(`it has no use ${use}`);
        const inputs = call.inputs.map((ref) =>
          tensorOf(ref, this.keras >= 3 ? 0 : this.#firstUse(layerOf(ref.layer))),
        );
        return this.#useLayer(layer, inputs, call.isMasked);
      });
      found.set(key, made);
      return made;
    };
    const tensorOf = ({ layer: from, use, output }: TensorRef, first: number): tf.SymbolicTensor => {
      const layer = layerOf(from);
      const tensor = outputsOf(layer, use - first)[output];
      if (!tensor) throw new Error(`layer '${from}' (${layer.type}): it has no output ${output}`);
      return tensor;
    };
    const [ins, outs] = ofLayer(this.config, () => [
      endsOf(options.input_layers, 'inputs'),
      endsOf(options.output_layers, 'outputs'),
    ]) as [TensorRef[], TensorRef[]];
    if (given && given.length !== ins.length)
      throw new Untranslated(`it takes ${counted(ins.length, 'input')}, and is given ${given.length}`);
    given?.forEach((tensor, i) => {
      found.set(`${ins[i]!.use} ${ins[i]!.layer}`, [tensor]);
    });
    const [inputs, outputs] = [ins, outs].map((refs) =>
      refs.map((ref) => tensorOf(ref, this.#firstUse(layerOf(ref.layer)))),
    ) as [Tensors, Tensors];
    return { inputs, outputs };
  }

  /**
   * The number that Keras gives to the first use of a layer. For a model, Keras has already counted one use when the model was
   * made.
   */
  #firstUse(layer: LayerConfig): number {
    if (!isModel(layer)) return 0;
    if (layer.type !== 'Sequential') return 1;
    const [first] = (layer.options.layers as { class_name?: string }[] | undefined) ?? [];
    return this.keras < 3 && first?.class_name === 'InputLayer' ? 1 : 0;
  }

  /** @param takesMask whether Keras 3 passes a mask to the layer; Keras 2 and sequential models do not say */
  #useLayer(config: LayerConfig, inputs: Tensors, takesMask?: boolean): Tensors {
    const { name, type, options, isOperation, custom } = config;
    if (custom !== undefined) throw new Untranslated('it is a class of its own');
    if (isOperation && !OPERATIONS.includes(type)) throw new Untranslated('it is an operation of keras.ops');
    this.#assertMask(config, inputs, takesMask);
    if (isModel(config)) {
      const graph =
        this.#graphs.get(name) ??
        new Graph(config, this.keras, `${this.prefix}${name}/`, this.masked, this.hasStates);
      this.#graphs.set(name, graph);
      const { outputs } = graph.use(inputs);
      if (outputs.some((tensor) => this.masked.has(tensor)))
        throw new Untranslated('what it gives is masked');
      return outputs;
    }
    const isMasked = inputs.some((input) => this.masked.has(input));
    const layer = this.#layers.get(name) ?? this.#make(config, isMasked);
    if (isMasked !== this.#usesMask.has(layer)) throw new Untranslated('it is used with and without a mask');
    const outputs = [layer.apply(inputs.length === 1 ? inputs[0]! : inputs)].flat() as Tensors;
    const passes = !RECURRENT.includes(type) || options.return_sequences === true;
    if ((isMasked && passes) || (type === 'Embedding' && options.mask_zero === true))
      this.masked.add(outputs[0]!);
    return outputs;
  }

  #make({ name, type, options }: LayerConfig, isMasked: boolean): tf.layers.Layer {
    const own = { ...options, name: `${this.prefix}${name}` };
    const layer = makeLayer(type, new LayerOptions(own, this.keras));
    this.#layers.set(name, layer);
    if (isMasked) this.#usesMask.add(layer);
    else {
      // Once a layer has a mask, tfjs passes it to all layers that are computed after it, whatever their inputs are.
      const call = layer.call.bind(layer);
      layer.call = (inputs, { mask: _, ...kwargs }) => call(inputs, kwargs);
    }
    return layer;
  }

  #assertMask({ type }: LayerConfig, inputs: Tensors, takesMask: boolean | undefined): void {
    const masked = inputs.some((input) => this.masked.has(input));
    const skips = RECURRENT.includes(type);
    const isKnown = skips || BY_TOKEN.includes(type);
    if (masked && !isKnown) throw new Untranslated('it takes the mask of an embedding');
    if (takesMask && !(masked && isKnown)) throw new Untranslated('it takes a mask of its own');
    if (masked && skips && takesMask === false) throw new Untranslated('it leaves out the mask of its input');
  }

  #inputOf({ name, options }: LayerConfig): tf.SymbolicTensor {
    const { dtype = 'float32', batch_shape, batch_input_shape, sparse, ragged } = options;
    const type = INPUT_TYPES[String(dtype)];
    if (!type) throw new Untranslated(`it takes ${JSON.stringify(dtype)}`);
    if (sparse || ragged) throw new Untranslated('it takes sparse or ragged tensors');
    return this.#input(batch_shape ?? batch_input_shape, type, name);
  }

  /** The input of a sequential model without an input layer, with the shape for which the model was built. */
  #inputBefore(first: LayerConfig): tf.SymbolicTensor {
    const { options, builtFor } = this.config;
    const shape = first.options.batch_input_shape ?? options.build_input_shape ?? builtFor;
    return this.#input(shape, first.type === 'Embedding' ? 'int32' : 'float32', `${first.name}_input`);
  }

  #input(shape: unknown, dtype: 'float32' | 'int32', name: string): tf.SymbolicTensor {
    if (!Array.isArray(shape))
      throw new Untranslated(
        `model '${this.config.name}' has no input shape: call it once before it is saved`,
      );
    const [batch, ...example] = shape as (number | null)[];
    return tf.input({ batchShape: [this.hasStates ? batch! : null, ...example], dtype, name });
  }
}

const INPUT_TYPES: Readonly<Record<string, 'float32' | 'int32'>> = {
  float32: 'float32',
  float64: 'float32',
  float16: 'float32',
  bfloat16: 'float32',
  int64: 'int32',
  int32: 'int32',
  uint8: 'int32',
};
