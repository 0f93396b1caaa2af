/**
 * Makes the layers of tfjs that correspond to layers of Keras and their options. A test compares the outputs of each with those
 * of Keras.
 */
import * as tf from '@tensorflow/tfjs';
import { LayerOptions, Untranslated } from './layer-options';
import { GlobalPooling, ResetAfterGru, Subtract } from './own-layers';

type Make = (options: LayerOptions) => tf.layers.Layer;

/** A layer in the configuration of another one. */
interface Part {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The name of any activation function, since tfjs does not export the type of these names. */
type Activation = 'linear';

const window = (o: LayerOptions) => ({
  strides: o.numbers('strides') as [number, number],
  padding: o.one('padding', ['valid', 'same']),
});

const convolution = (o: LayerOptions) => ({
  name: o.name,
  kernelSize: o.numbers('kernel_size') as [number, number],
  ...window(o),
  dilationRate: o.numbers('dilation_rate') as [number, number],
  activation: o.activation() as Activation,
  useBias: o.flag('use_bias', true),
});

const pooling = (o: LayerOptions) => ({
  name: o.name,
  poolSize: o.numbers('pool_size') as [number, number],
  ...window(o),
});

const pooling1d = (o: LayerOptions) => ({
  name: o.name,
  poolSize: o.axis('pool_size'),
  strides: o.axis('strides'),
  padding: o.one('padding', ['valid', 'same']),
});

const globally =
  (reduce: typeof tf.mean, make: (args: { name: string }) => tf.layers.Layer): Make =>
  (o) => {
    const { name } = o;
    return o.flag('keepdims', false) ? new GlobalPooling({ name, reduce }) : make({ name });
  };

const named =
  (make: (args: { name: string }) => tf.layers.Layer): Make =>
  ({ name }) =>
    make({ name });

const recurrent = (o: LayerOptions) => ({
  name: o.name,
  units: o.number('units'),
  activation: o.activation() as Activation,
  useBias: o.flag('use_bias', true),
  returnSequences: o.flag('return_sequences', false),
  returnState: o.flag('return_state', false),
  goBackwards: o.flag('go_backwards', false),
  stateful: o.flag('stateful', false),
});

const gru: Make = (o) => {
  const args = { ...recurrent(o), recurrentActivation: o.activation('recurrent_activation') as Activation };
  // Files without this option come from versions of Keras that applied the gate before the product.
  if (!o.flag('reset_after', false)) return tf.layers.gru(args);
  return new ResetAfterGru(args);
};

/** Layers that return their input outside of training. */
const unchanged: Make = (o) => {
  for (const option of Object.keys(o.config)) o.value(option);
  return tf.layers.activation({ name: o.name, activation: 'linear' });
};

/** The layer inside another one. */
function inner(o: LayerOptions): tf.layers.Layer {
  const { class_name: type, config } = o.value('layer') as Part;
  const options = new LayerOptions(config, o.keras);
  // Keras sets this option in bidirectional layers, which get no mask here.
  options.value('zero_output_for_mask');
  return makeLayer(type, options);
}

const MAKERS: Readonly<Record<string, Make>> = {
  Dense: (o) =>
    tf.layers.dense({
      name: o.name,
      units: o.number('units'),
      activation: o.activation() as Activation,
      useBias: o.flag('use_bias', true),
    }),
  Activation: (o) => tf.layers.activation({ name: o.name, activation: o.activation() as Activation }),
  Embedding: (o) =>
    tf.layers.embedding({
      name: o.name,
      inputDim: o.number('input_dim'),
      outputDim: o.number('output_dim'),
      maskZero: o.flag('mask_zero', false),
    }),

  Conv1D: (o) =>
    tf.layers.conv1d({
      name: o.name,
      filters: o.number('filters'),
      kernelSize: o.axis('kernel_size'),
      strides: o.axis('strides'),
      padding: o.one('padding', ['valid', 'same']),
      dilationRate: o.axis('dilation_rate'),
      activation: o.activation() as Activation,
      useBias: o.flag('use_bias', true),
    }),
  Conv2D: (o) => tf.layers.conv2d({ ...convolution(o), filters: o.number('filters') }),
  Conv2DTranspose: (o) => {
    o.only('output_padding', null);
    const { dilationRate, ...args } = convolution(o);
    if (dilationRate.some((rate) => rate !== 1)) throw new Untranslated(`its dilation is ${dilationRate}`);
    return tf.layers.conv2dTranspose({ ...args, filters: o.number('filters') });
  },
  DepthwiseConv2D: (o) =>
    tf.layers.depthwiseConv2d({ ...convolution(o), depthMultiplier: o.number('depth_multiplier') }),
  SeparableConv2D: (o) =>
    tf.layers.separableConv2d({
      ...convolution(o),
      filters: o.number('filters'),
      depthMultiplier: o.number('depth_multiplier'),
    }),

  MaxPooling1D: (o) => tf.layers.maxPooling1d(pooling1d(o)),
  MaxPooling2D: (o) => tf.layers.maxPooling2d(pooling(o)),
  AveragePooling1D: (o) => tf.layers.averagePooling1d(pooling1d(o)),
  AveragePooling2D: (o) => tf.layers.averagePooling2d(pooling(o)),
  GlobalMaxPooling1D: globally(tf.max, tf.layers.globalMaxPooling1d),
  GlobalMaxPooling2D: globally(tf.max, (args) => tf.layers.globalMaxPooling2d(args)),
  GlobalAveragePooling1D: globally(tf.mean, tf.layers.globalAveragePooling1d),
  GlobalAveragePooling2D: globally(tf.mean, (args) => tf.layers.globalAveragePooling2d(args)),
  UpSampling2D: (o) => {
    // tfjs interpolates between other positions.
    o.only('interpolation', 'nearest');
    return tf.layers.upSampling2d({ name: o.name, size: o.numbers('size') });
  },
  ZeroPadding2D: (o) =>
    tf.layers.zeroPadding2d({
      name: o.name,
      padding: o.value('padding') as [[number, number], [number, number]],
    }),
  Cropping2D: (o) =>
    tf.layers.cropping2D({
      name: o.name,
      cropping: o.value('cropping') as [[number, number], [number, number]],
    }),

  BatchNormalization: (o) =>
    tf.layers.batchNormalization({
      name: o.name,
      axis: o.axis('axis'),
      epsilon: o.number('epsilon'),
      center: o.flag('center', true),
      scale: o.flag('scale', true),
    }),
  LayerNormalization: (o) =>
    tf.layers.layerNormalization({
      name: o.name,
      axis: o.numbers('axis'),
      epsilon: o.number('epsilon'),
      center: o.flag('center', true),
      scale: o.flag('scale', true),
    }),

  ReLU: (o) => {
    o.only('negative_slope', 0);
    o.only('threshold', 0);
    const most = o.value('max_value') ?? undefined;
    return tf.layers.reLU({ name: o.name, ...(most === undefined ? {} : { maxValue: most as number }) });
  },
  LeakyReLU: (o) =>
    tf.layers.leakyReLU({ name: o.name, alpha: o.number('alpha' in o.config ? 'alpha' : 'negative_slope') }),
  PReLU: (o) => {
    const shared = o.value('shared_axes') ?? undefined;
    return tf.layers.prelu({
      name: o.name,
      ...(shared === undefined ? {} : { sharedAxes: shared as number[] }),
    });
  },
  ELU: (o) => {
    o.only('alpha', 1);
    return tf.layers.elu({ name: o.name });
  },
  Softmax: (o) => {
    o.only('axis', -1);
    return tf.layers.softmax({ name: o.name, axis: -1 });
  },

  Flatten: named((args) => tf.layers.flatten(args)),
  Reshape: (o) => tf.layers.reshape({ name: o.name, targetShape: o.numbers('target_shape') }),
  Permute: (o) => tf.layers.permute({ name: o.name, dims: o.numbers('dims') }),
  RepeatVector: (o) => tf.layers.repeatVector({ name: o.name, n: o.number('n') }),
  Rescaling: (o) =>
    tf.layers.rescaling({ name: o.name, scale: o.number('scale'), offset: o.number('offset', 0) }),

  Add: named(tf.layers.add),
  Subtract: named((args) => new Subtract(args)),
  Multiply: named(tf.layers.multiply),
  Average: named(tf.layers.average),
  Maximum: named(tf.layers.maximum),
  Minimum: named(tf.layers.minimum),
  Concatenate: (o) => tf.layers.concatenate({ name: o.name, axis: o.number('axis') }),

  LSTM: (o) =>
    tf.layers.lstm({
      ...recurrent(o),
      recurrentActivation: o.activation('recurrent_activation') as Activation,
    }),
  GRU: gru,
  SimpleRNN: (o) => tf.layers.simpleRNN(recurrent(o)),
  Bidirectional: (o) => {
    // The layer that runs backwards is a copy of the other one unless it was given.
    const { config: forward } = o.value('layer') as Part;
    const { config: backward = forward } = (o.value('backward_layer') ?? {}) as Partial<Part>;
    const other = Object.keys(forward).find(
      (option) =>
        !(option === 'name' || option === 'go_backwards') &&
        typeof forward[option] !== 'object' &&
        forward[option] !== backward[option],
    );
    if (other !== undefined) throw new Untranslated(`its layers have another ${other}`);
    const mergeMode = o.one('merge_mode', ['concat', 'sum', 'ave', 'mul']);
    return tf.layers.bidirectional({ name: o.name, layer: inner(o) as tf.RNN, mergeMode });
  },
  TimeDistributed: (o) => tf.layers.timeDistributed({ name: o.name, layer: inner(o) }),

  Dropout: unchanged,
  SpatialDropout1D: unchanged,
  SpatialDropout2D: unchanged,
  GaussianDropout: unchanged,
  GaussianNoise: unchanged,
  ActivityRegularization: unchanged,
  RandomFlip: unchanged,
  RandomRotation: unchanged,
  RandomTranslation: unchanged,
  RandomZoom: unchanged,
};

/** The classes of Keras that are translated. */
export const TRANSLATED: readonly string[] = Object.keys(MAKERS);

/** Operations of keras.ops on two tensors, which have the names of layers. */
export const OPERATIONS: readonly string[] = ['Add', 'Subtract', 'Multiply', 'Maximum', 'Minimum'];

/** Layers that skip the tokens that a mask leaves out. */
export const RECURRENT: readonly string[] = ['LSTM', 'GRU', 'SimpleRNN'];

/** Layers that treat each token separately, so that a mask has an effect only in the layers after them. */
export const BY_TOKEN: readonly string[] = [
  'Dense',
  'Activation',
  'BatchNormalization',
  'LayerNormalization',
  ...Object.keys(MAKERS).filter((type) => MAKERS[type] === unchanged),
];

/**
 * Makes a layer, without its weights.
 *
 * @throws Untranslated for a class or an option that tfjs does not compute as Keras does
 */
export function makeLayer(type: string, options: LayerOptions): tf.layers.Layer {
  const make = MAKERS[type];
  if (!make) throw new Untranslated(`it is none of the layers that are translated`);
  const layer = make(options);
  options.assertAllRead();
  return layer;
}
