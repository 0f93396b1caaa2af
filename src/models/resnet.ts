/** ResNet for images of 32 x 32 pixels: the public code's ResNet-18, variable by variable. */
import * as tf from '@tensorflow/tfjs';
import { ANYTHING, assertGiven, type Kinds, NUMBER } from '../given';
import { mulberry32, streamSeed } from '../random';
import {
  type BatchNorm,
  batchNormInference,
  batchNormTraining,
} from '../runtime/operations/batch-normalization';
import { convolution } from '../runtime/operations/convolution';
import { biasAdd, dropout, matMul, relu } from '../runtime/operations/fused-operations';
import { belowOne, defaultsOf, list, type OptionalSetting, type Setting, wholeNumber } from '../setting';
import type { ApplyOptions, ImageShape, Model, ModelOutput, Network } from './model';

const SETTINGS: {
  readonly width: Setting<number>;
  readonly numBlocks: Setting<number[]>;
  readonly blockDropout: Setting<number>;
  readonly classifierDropout: OptionalSetting<number>;
} = {
  width: wholeNumber({
    default: 64,
    min: 1,
    max: 1024,
    description: 'number of channels in the first stage of the ResNet; each further stage doubles it',
    inWords: (width) => `ResNet of width ${width}`,
  }),
  numBlocks: list(
    {
      default: [2, 2, 2, 2],
      min: 1,
      max: 64,
      description: 'number of residual blocks in each of the four stages of the ResNet',
    },
    { whole: true, length: 4 },
  ),
  blockDropout: belowOne({
    default: 0,
    description: 'dropout rate after each of conv1 to conv5_x',
    inWords: (rate) => `dropout ${rate}`,
  }),
  classifierDropout: belowOne({
    absent: 'the value of blockDropout',
    description: 'dropout rate before the classifier',
  }),
};

/** The paper's network for pictures. */
export const RESNET: Network<ImageShape, 'resnet', typeof SETTINGS> = {
  name: 'resnet',
  title: 'ResNet',
  summary: 'ResNet-18 of the paper, for pictures whose sides are multiples of 8',
  settings: SETTINGS,
  // The dropout before the classifier is that of the blocks because of a slip in the paper's public code.
  sites: () => SITES,
  make: ({ width, numBlocks, blockDropout, classifierDropout = blockDropout }, { channels, classes, seed }) =>
    resnet({ channels, classes, seed, width, numBlocks, blockDropout, classifierDropout }),
};

/** Size of the network. */
export interface ResnetConfig {
  classes: number;
  /** Number of channels of the images. @default 3 */
  channels?: number;
  /** Number of channels of the stem and the first stage, which each further stage doubles. @default that of the setting */
  width?: number;
  /** Number of residual blocks in each of the four stages. @default that of the setting */
  numBlocks?: readonly number[];
  /** Elementwise dropout after conv1 .. conv5_x. @default that of the setting */
  blockDropout?: number;
  /** Dropout before the classifier. @default 0 */
  classifierDropout?: number;
  /** Seed of the initial weights. @default 0 */
  seed?: number;
}

const RESNET_KINDS: Kinds<ResnetConfig> = {
  classes: NUMBER,
  channels: NUMBER,
  width: NUMBER,
  numBlocks: ANYTHING,
  blockDropout: NUMBER,
  classifierDropout: NUMBER,
  seed: NUMBER,
};

type FullConfig = Required<ResnetConfig>;
type Variables = Readonly<Record<string, tf.Variable>>;

const STAGES = ['conv2_x', 'conv3_x', 'conv4_x', 'conv5_x'] as const;
const SITES: readonly string[] = ['conv1', ...STAGES, 'avg_pool'];

/**
 * A residual network of basic blocks (He et al. 2015) with a 3 x 3 stem and without max-pooling. The stages from conv3_x on
 * halve height and width, which must be multiples of 8.
 *
 * Variables have the names and shapes of PyTorch's state dict, except for the weights of convolutions, which are
 * [height, width, in, out] as TensorFlow needs them (PyTorch's `.permute(2, 3, 1, 0)`). The running statistics of batch
 * normalisation are variables that training updates without gradients; `num_batches_tracked` is left out.
 *
 * Sites are `conv1`, `conv2_x` .. `conv5_x` [batch, height, width, channels] and `avg_pool` [batch, channels], each
 * before its dropout.
 *
 * Source: models/resnet.py of the paper's public code (Brown et al. 2022, arXiv 2211.13239).
 */
export function resnet(options: ResnetConfig): Model {
  assertGiven('resnet', options, RESNET_KINDS);
  const config: FullConfig = {
    channels: 3,
    ...defaultsOf(SETTINGS),
    classifierDropout: 0,
    seed: 0,
    ...options,
  };
  checkConfig(config);
  const variables = initialVariables(config);
  const trainable = Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.includes('.running_')),
  );
  return {
    name: 'resnet',
    config: { ...config },
    variables,
    trainable,
    sites: SITES,
    lastSite: 'avg_pool',
    parameterCount: Object.values(trainable).reduce((sum, { size }) => sum + size, 0),
    apply: (inputs, options = {}) => {
      checkInputs(inputs, options, SITES, config);
      const run = () => forward(inputs as tf.Tensor4D, options, variables, config);
      return tf.tidy(run as () => never);
    },
    dispose: () => tf.dispose(Object.values(variables)),
  };
}

/** float32 [batch, height, width, channels] -> logits [batch, classes] */
function forward(
  images: tf.Tensor4D,
  options: ApplyOptions,
  variables: Variables,
  config: FullConfig,
): ModelOutput {
  const { training = false, activations: sites = [], random } = options;
  const activations: Record<string, tf.Tensor> = {};
  /** Stores the activation of a site if it is wanted, and applies dropout in training. */
  const leave = <T extends tf.Tensor>(site: string, x: T, rate: number): T => {
    if (sites.includes(site)) activations[site] = x;
    return training && rate > 0 ? dropout(x, rate, random!) : x;
  };
  const conv = (x: tf.Tensor4D, name: string, stride: 1 | 2 = 1): tf.Tensor4D =>
    convolution(x, variables[`${name}.weight`] as unknown as tf.Tensor4D, stride);
  const norm = (x: tf.Tensor4D, name: string): tf.Tensor4D =>
    (training ? batchNormTraining : batchNormInference)(x, batchNorm(variables, name));
  const block = (x: tf.Tensor4D, name: string, stride: 1 | 2): tf.Tensor4D => {
    const residual = `${name}.residual_function`;
    const hidden = relu(norm(conv(x, `${residual}.0`, stride), `${residual}.1`));
    const out = norm(conv(hidden, `${residual}.3`), `${residual}.4`);
    const shortcut = variables[`${name}.shortcut.0.weight`]
      ? norm(conv(x, `${name}.shortcut.0`, stride), `${name}.shortcut.1`)
      : x;
    return relu(tf.add(out, shortcut));
  };

  let x = leave('conv1', relu(norm(conv(images, 'conv1.0'), 'conv1.1')), config.blockDropout);
  STAGES.forEach((stage, s) => {
    for (let i = 0; i < config.numBlocks[s]!; i++) x = block(x, `${stage}.${i}`, s > 0 && i === 0 ? 2 : 1);
    x = leave(stage, x, config.blockDropout);
  });
  const [batch, height, width, channels] = x.shape;
  const pooled = tf.reshape(tf.avgPool(x, [height, width], 1, 'valid'), [batch, channels]) as tf.Tensor2D;
  const features = leave('avg_pool', pooled, config.classifierDropout);
  const { 'fc.weight': weight, 'fc.bias': bias } = variables;
  const logits = matMul(features, weight as unknown as tf.Tensor2D, true); // [batch, classes]
  return { logits: biasAdd(logits, bias as unknown as tf.Tensor1D), activations };
}

function batchNorm(variables: Variables, name: string): BatchNorm {
  return {
    weight: variables[`${name}.weight`] as unknown as tf.Tensor1D,
    bias: variables[`${name}.bias`] as unknown as tf.Tensor1D,
    runningMean: variables[`${name}.running_mean`]!,
    runningVariance: variables[`${name}.running_var`]!,
  };
}

/** PyTorch's defaults: weights and the classifier's bias are uniform within 1 / sqrt(number of inputs of an output). */
function initialVariables({ classes, channels, width, numBlocks, seed }: FullConfig): Variables {
  const variables: Record<string, tf.Variable> = {};
  const add = (name: string, value: tf.Tensor): void => {
    variables[name] = tf.variable(value);
    value.dispose();
  };
  const uniform = (name: string, shape: number[], inputs: number): void => {
    // Each variable has its own random stream.
    const draw = mulberry32(streamSeed(seed, Object.keys(variables).length));
    const bound = 1 / Math.sqrt(inputs);
    const values = Float32Array.from(
      { length: tf.util.sizeFromShape(shape) },
      () => bound * (2 * draw() - 1),
    );
    add(name, tf.tensor(values, shape));
  };
  const conv = (name: string, size: number, from: number, to: number): void =>
    uniform(`${name}.weight`, [size, size, from, to], size * size * from);
  const norm = (name: string, channels: number): void => {
    add(`${name}.weight`, tf.ones([channels]));
    add(`${name}.bias`, tf.zeros([channels]));
    add(`${name}.running_mean`, tf.zeros([channels]));
    add(`${name}.running_var`, tf.ones([channels]));
  };

  conv('conv1.0', 3, channels, width);
  norm('conv1.1', width);
  let from = width;
  STAGES.forEach((stage, s) => {
    const to = width * 2 ** s;
    for (let i = 0; i < numBlocks[s]!; i++) {
      const block = `${stage}.${i}`;
      conv(`${block}.residual_function.0`, 3, from, to);
      norm(`${block}.residual_function.1`, to);
      conv(`${block}.residual_function.3`, 3, to, to);
      norm(`${block}.residual_function.4`, to);
      if (from !== to) {
        conv(`${block}.shortcut.0`, 1, from, to);
        norm(`${block}.shortcut.1`, to);
      }
      from = to;
    }
  });
  uniform('fc.weight', [classes, from], from);
  uniform('fc.bias', [classes], from);
  return variables;
}

function checkConfig(config: FullConfig): void {
  for (const name of ['classes', 'channels', 'width'] as const)
    if (!(Number.isInteger(config[name]) && config[name] > 0))
      throw new Error(`resnet: ${name} must be a positive integer, got ${config[name]}`);
  const { numBlocks, seed } = config;
  if (numBlocks.length !== 4 || !numBlocks.every((blocks) => Number.isInteger(blocks) && blocks > 0))
    throw new Error(
      `resnet: numBlocks must be four positive integers, such as [2, 2, 2, 2], got [${numBlocks}]`,
    );
  for (const name of ['blockDropout', 'classifierDropout'] as const)
    if (!(config[name] >= 0 && config[name] < 1))
      throw new Error(`resnet: ${name} must be in [0, 1), got ${config[name]}`);
  if (!Number.isInteger(seed)) throw new Error(`resnet: seed must be an integer, got ${seed}`);
}

function checkInputs(
  images: tf.Tensor,
  options: ApplyOptions,
  sites: readonly string[],
  { channels, blockDropout, classifierDropout }: FullConfig,
): void {
  const [, height = 0, width = 0, depth] = images.shape;
  if (images.rank !== 4 || images.dtype !== 'float32' || depth !== channels)
    throw new Error(
      `resnet: inputs must be float32 images [batch, height, width, ${channels}], got ${images.dtype} [${images.shape}]`,
    );
  if (height === 0 || width === 0 || height % 8 !== 0 || width % 8 !== 0)
    throw new Error(
      `resnet: height and width must be multiples of 8, got ${height} x ${width}; pad the images`,
    );
  const unknown = options.activations?.find((site) => !sites.includes(site));
  if (unknown !== undefined)
    throw new Error(`resnet: no site '${unknown}'; the sites are ${sites.join(', ')}`);
  if (options.training && blockDropout + classifierDropout > 0 && !options.random)
    throw new Error('resnet: training with dropout needs random; pass statelessRandom(seedAndStep)');
}
