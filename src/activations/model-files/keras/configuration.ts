/** The configuration of a Keras model, as `get_config()` returns it and files store it. */
import { z } from 'zod';

/** A tensor: the layer that computes it, which use of the layer, and which of its outputs. */
export interface TensorRef {
  readonly layer: string;
  readonly use: number;
  readonly output: number;
}

/** A use of a layer. */
interface Use {
  readonly inputs: readonly TensorRef[];
  /** Undefined if the configuration does not say. */
  readonly isMasked: boolean | undefined;
}

/** A layer or a model within a model. */
export interface LayerConfig {
  /** Dense, LSTM, ..., Functional, Sequential, Add. */
  readonly type: string;
  readonly name: string;
  /** Whether it is an operation of keras.ops, which is not a layer and has no weights. */
  readonly isOperation: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  /** The shape for which it was built, if the configuration has it. */
  readonly builtFor?: unknown;
  /** The module and the name of a class that does not belong to Keras. */
  readonly custom?: string;
  /** @throws Error for a use that cannot be read */
  uses(): readonly Use[];
}

const LAYER = z.looseObject({
  class_name: z.string(),
  config: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]),
  module: z.string().nullish(),
  registered_name: z.string().nullish(),
  name: z.string().nullish(),
  inbound_nodes: z.array(z.unknown()).default([]),
  build_config: z.looseObject({ input_shape: z.unknown().optional() }).nullish(),
});

/**
 * Reads a part of a configuration.
 *
 * @throws Error if it is not a configuration
 */
export function layerConfig(json: unknown): LayerConfig {
  const read = LAYER.safeParse(json);
  if (!read.success) throw new Error('its configuration is none of a layer or a model: save it again');
  const { class_name: type, config, module, registered_name, inbound_nodes, build_config, name } = read.data;
  const isOperation = /^keras\.(src\.)?ops\b/.test(module ?? '');
  // A registered class has no module, and the name of a package before its own.
  const isKeras = module == null ? !registered_name?.includes('>') : /^(tf_)?keras(\.|$)/.test(module);
  // Sequential models of Keras before 2.2.3 are a list.
  const options: Record<string, unknown> = Array.isArray(config) ? { layers: config } : config;
  return {
    type,
    name: String(name ?? options.name ?? ''),
    isOperation,
    options,
    ...(build_config ? { builtFor: build_config.input_shape } : {}),
    ...(isKeras ? {} : { custom: registered_name ?? `${module}.${type}` }),
    uses: () => inbound_nodes.map((node) => useOf(node, type)),
  };
}

/** Whether a part is itself a model. */
export function isModel({ type }: LayerConfig): boolean {
  return type === 'Sequential' || type === 'Functional' || type === 'Model';
}

const TRIPLE = z.tuple([z.string(), z.number(), z.number()]);
const TENSOR = z.looseObject({
  class_name: z.literal('__keras_tensor__'),
  config: z.looseObject({ keras_history: TRIPLE }),
});
/** A call of a layer in Keras 3. */
const CALL = z.looseObject({ args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()) });
/** The inputs of a layer in Keras 2: for each, the layer before, its use, its output, and further arguments. */
const INPUTS = z.array(z.tuple([z.string(), z.number(), z.number()], z.record(z.string(), z.unknown())));

function useOf(node: unknown, type: string): Use {
  const call = CALL.safeParse(node);
  if (call.success) {
    const { args, kwargs } = call.data;
    const inputs = args.flat().map((arg) => {
      const tensor = TENSOR.safeParse(arg);
      if (!tensor.success) throw new Error(`it is called with ${JSON.stringify(arg)}`);
      return refOf(tensor.data.config.keras_history);
    });
    // Keras calls layers that change pictures at random with `training`, but they leave pictures alone when the network is run.
    assertPlain(/^Random/.test(type) ? { ...kwargs, training: null } : kwargs);
    return { inputs, isMasked: kwargs.mask != null };
  }
  const listed = INPUTS.safeParse(node);
  if (!listed.success) throw new Error('its inputs cannot be read');
  for (const [, , , kwargs = {}] of listed.data) {
    assertPlain(kwargs);
    if (kwargs.mask != null) throw new Error('it is called with a mask of its own');
  }
  return {
    inputs: listed.data.map(([layer, use, output]) => refOf([layer, use, output])),
    isMasked: undefined,
  };
}

/** Refuses arguments of a layer that could change what it computes outside of training. */
function assertPlain(kwargs: Readonly<Record<string, unknown>>): void {
  const other = Object.keys(kwargs).find(
    (name) => name !== 'mask' && kwargs[name] !== null && kwargs[name] !== false,
  );
  if (other !== undefined) throw new Error(`it is called with ${other}`);
}

function refOf([layer, use, output]: readonly [string, number, number]): TensorRef {
  return { layer, use, output };
}

/**
 * The inputs or outputs of a functional model: one, or a list of several.
 *
 * @throws Error for inputs or outputs that have names
 */
export function endsOf(value: unknown, what: string): TensorRef[] {
  const one = TRIPLE.safeParse(value);
  if (one.success) return [refOf(one.data)];
  const several = z.array(TRIPLE).nonempty().safeParse(value);
  if (!several.success) throw new Error(`its ${what} are no list of tensors`);
  return several.data.map(refOf);
}
