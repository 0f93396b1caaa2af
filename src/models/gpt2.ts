/** GPT-2 as a classifier of token sequences: transformers' GPT2ForSequenceClassification, variable by variable. */
import * as tf from '@tensorflow/tfjs';
import { assertGiven, type Kinds, NUMBER } from '../given';
import { mulberry32, normals, streamSeed } from '../random';
import { dropout, embedding, gelu, matMul } from '../runtime/operations/fused-operations';
import { belowOne, defaultsOf, type Setting, wholeNumber } from '../setting';
import { attention, type Linear, lastRows, linear, type Norm, norm } from './layers';
import type { ApplyOptions, Model, ModelOutput, Network, SequenceShape } from './model';

const SETTINGS: Readonly<Record<'nLayer' | 'nHead' | 'nEmbd' | 'dropoutRate', Setting<number>>> = {
  nLayer: wholeNumber({ default: 2, min: 1, max: 48, description: 'number of transformer blocks' }),
  nHead: wholeNumber({ default: 4, min: 1, max: 64, description: 'number of attention heads in each block' }),
  nEmbd: wholeNumber({
    default: 128,
    min: 1,
    max: 4096,
    description: 'width of the embeddings, a multiple of nHead',
  }),
  dropoutRate: belowOne({
    default: 0.1,
    description: 'dropout rate of the embeddings, the attention and the residual branches',
  }),
};

/** The paper's network for sequences. */
export const GPT2: Network<SequenceShape, 'gpt2', typeof SETTINGS> = {
  name: 'gpt2',
  title: 'GPT-2',
  summary: 'GPT-2 as a classifier, a transformer with causal attention',
  settings: SETTINGS,
  check: ({ nEmbd, nHead }, refuse) => {
    if (nEmbd % nHead !== 0) refuse('nEmbd', `is not a multiple of nHead=${nHead}`);
  },
  sites: ({ nLayer }) => sitesOf(nLayer!),
  make: ({ nLayer, nHead, nEmbd, dropoutRate }, data) => gpt2({ ...data, nLayer, nHead, nEmbd, dropoutRate }),
};

/** Size of the network. The names are those of transformers' GPT2Config. */
export interface Gpt2Config {
  vocabularySize: number;
  classes: number;
  /** Length of the longest sequence. @default 4 */
  positions?: number;
  /** Number of transformer blocks. @default that of the setting */
  nLayer?: number;
  /** Number of attention heads in each block. @default that of the setting */
  nHead?: number;
  /** Width of the embeddings. @default that of the setting */
  nEmbd?: number;
  /** Dropout of embeddings, attention probabilities and both residual branches. @default that of the setting */
  dropoutRate?: number;
  /** Seed of the initial weights. @default 0 */
  seed?: number;
}

const GPT2_KINDS: Kinds<Gpt2Config> = {
  vocabularySize: NUMBER,
  classes: NUMBER,
  positions: NUMBER,
  nLayer: NUMBER,
  nHead: NUMBER,
  nEmbd: NUMBER,
  dropoutRate: NUMBER,
  seed: NUMBER,
};

type FullConfig = Required<Gpt2Config>;
type Variables = Readonly<Record<string, tf.Variable>>;

/**
 * A pre-norm transformer with causal attention; the logits come from the last token, by a head without bias.
 * There is no padding: all sequences of a batch have the same length, and every token id must be in 0 .. vocabularySize - 1
 * (TensorFlow rejects others on the CPU; on a GPU they give zeros).
 *
 * Variables have the names and shapes of PyTorch's state dict, so that checkpoints can be exchanged in both directions: the
 * weights of attention and mlp are [in, out] (transformers' Conv1D), and `score.weight` is [classes, nEmbd] (torch's Linear).
 *
 * Sites are `transformer.h.{i}.attn` and `transformer.h.{i}.mlp`, the outputs of these modules,
 * [batch, positions, nEmbd].
 *
 * Source: Radford et al. 2019; settings of the paper: Brown et al. 2022, arXiv 2211.13239.
 */
export function gpt2(options: Gpt2Config): Model {
  assertGiven('gpt2', options, GPT2_KINDS);
  const config = { positions: 4, ...defaultsOf(SETTINGS), seed: 0, ...options };
  checkConfig(config);
  const variables = initialVariables(config);
  const sites = sitesOf(config.nLayer);
  return {
    name: 'gpt2',
    config,
    variables,
    sites,
    lastSite: sites.at(-1)!,
    parameterCount: Object.values(variables).reduce((sum, { size }) => sum + size, 0),
    apply: (inputs, options = {}) => {
      checkInputs(inputs, options, sites, config);
      const run = () => forward(inputs as tf.Tensor2D, options, variables, config);
      return tf.tidy(run as () => never);
    },
    dispose: () => tf.dispose(Object.values(variables)),
  };
}

function sitesOf(nLayer: number): string[] {
  return Array.from({ length: nLayer }, (_, i) => [
    `transformer.h.${i}.attn`,
    `transformer.h.${i}.mlp`,
  ]).flat();
}

/** int32 [batch, positions] -> logits [batch, classes] */
function forward(
  ids: tf.Tensor2D,
  options: ApplyOptions,
  variables: Variables,
  config: FullConfig,
): ModelOutput {
  const [batch, positions] = ids.shape;
  const { nLayer, nEmbd, dropoutRate } = config;
  const { activations: sites = [], training = false } = options;
  const drop: Drop = (x) => (training && dropoutRate > 0 ? dropout(x, dropoutRate, options.random!) : x);
  const layer = (name: string) =>
    ({ weight: variables[`${name}.weight`], bias: variables[`${name}.bias`] }) as unknown as Linear & Norm;
  const table = (name: string) => variables[name] as unknown as tf.Tensor2D;
  const activations: Record<string, tf.Tensor> = {};
  const keep = (site: string, x: tf.Tensor2D) => {
    if (sites.includes(site)) activations[site] = tf.reshape(x, [batch, positions, nEmbd]);
  };

  const tokens = tf.reshape(embedding(table('transformer.wte.weight'), tf.reshape(ids, [-1])), [
    batch,
    positions,
    nEmbd,
  ]);
  const places = tf.slice(table('transformer.wpe.weight'), [0, 0], [positions, nEmbd]);
  let x = tf.reshape(drop(tf.add(tokens, places)), [-1, nEmbd]) as tf.Tensor2D; // [batch * positions, nEmbd]
  for (let i = 0; i < nLayer; i++) {
    const block = `transformer.h.${i}`;
    // Only the last token is classified. So in the last block, queries and mlp are computed for this token only, unless their
    // activations are asked for. The logits and gradients are the same, with a third less work.
    const lastMlp = i === nLayer - 1 && !sites.includes(`${block}.mlp`);
    const lastAttn = lastMlp && !sites.includes(`${block}.attn`);

    const normed = norm(x, layer(`${block}.ln_1`));
    const mixed = attention(normed, layer(`${block}.attn.c_attn`), {
      batch,
      heads: config.nHead,
      lastOnly: lastAttn,
      drop,
    });
    const attn = drop(linear(mixed, layer(`${block}.attn.c_proj`)));
    keep(`${block}.attn`, attn);
    x = tf.add(lastAttn ? lastRows(x, batch) : x, attn);

    if (lastMlp) x = lastRows(x, batch);
    const hidden = gelu(linear(norm(x, layer(`${block}.ln_2`)), layer(`${block}.mlp.c_fc`)));
    const mlp = drop(linear(hidden, layer(`${block}.mlp.c_proj`)));
    keep(`${block}.mlp`, mlp);
    x = tf.add(x, mlp);
  }
  const final = norm(lastRows(x, batch), layer('transformer.ln_f'));
  return { logits: matMul(final, table('score.weight'), true), activations };
}

type Drop = <T extends tf.Tensor>(x: T) => T;

/** Normal weights with standard deviation .02, smaller before the residual sums; biases 0, scales 1 (transformers' `_init_weights`). */
function initialVariables(config: FullConfig): Variables {
  const { vocabularySize, classes, positions, nLayer, nEmbd, seed } = config;
  const variables: Record<string, tf.Variable> = {};
  const add = (name: string, value: tf.Tensor) => {
    variables[name] = tf.variable(value);
    value.dispose();
  };
  const weight = (name: string, shape: [number, number], deviation = 0.02) => {
    // Each variable has its own random stream, so that a deeper network starts with the same first layers.
    const normal = normals(mulberry32(streamSeed(seed, Object.keys(variables).length)));
    add(
      name,
      tf.tensor2d(
        Float32Array.from({ length: shape[0] * shape[1] }, () => deviation * normal()),
        shape,
      ),
    );
  };
  const linearLayer = (name: string, shape: [number, number], deviation?: number) => {
    weight(`${name}.weight`, shape, deviation);
    add(`${name}.bias`, tf.zeros([shape[1]]));
  };
  const normLayer = (name: string) => {
    add(`${name}.weight`, tf.ones([nEmbd]));
    add(`${name}.bias`, tf.zeros([nEmbd]));
  };
  const residual = 0.02 / Math.sqrt(2 * nLayer);

  weight('transformer.wte.weight', [vocabularySize, nEmbd]);
  weight('transformer.wpe.weight', [positions, nEmbd]);
  for (let i = 0; i < nLayer; i++) {
    const block = `transformer.h.${i}`;
    normLayer(`${block}.ln_1`);
    linearLayer(`${block}.attn.c_attn`, [nEmbd, 3 * nEmbd]);
    linearLayer(`${block}.attn.c_proj`, [nEmbd, nEmbd], residual);
    normLayer(`${block}.ln_2`);
    linearLayer(`${block}.mlp.c_fc`, [nEmbd, 4 * nEmbd]);
    linearLayer(`${block}.mlp.c_proj`, [4 * nEmbd, nEmbd], residual);
  }
  normLayer('transformer.ln_f');
  weight('score.weight', [classes, nEmbd]);
  return variables;
}

function checkConfig(config: FullConfig): void {
  for (const name of ['vocabularySize', 'classes', 'positions', 'nLayer', 'nHead', 'nEmbd'] as const)
    if (!(Number.isInteger(config[name]) && config[name] > 0))
      throw new Error(`gpt2: ${name} must be a positive integer, got ${config[name]}`);
  const { nEmbd, nHead, dropoutRate, seed } = config;
  if (nEmbd % nHead !== 0)
    throw new Error(
      `gpt2: nEmbd must be a multiple of nHead, got ${nEmbd} and ${nHead}; try nEmbd ${nHead * Math.ceil(nEmbd / nHead)}`,
    );
  if (!(dropoutRate >= 0 && dropoutRate < 1))
    throw new Error(`gpt2: dropoutRate must be in [0, 1), got ${dropoutRate}`);
  if (!Number.isInteger(seed)) throw new Error(`gpt2: seed must be an integer, got ${seed}`);
}

function checkInputs(
  ids: tf.Tensor,
  options: ApplyOptions,
  sites: readonly string[],
  config: FullConfig,
): void {
  const { positions, dropoutRate } = config;
  if (ids.rank !== 2 || ids.dtype !== 'int32' || ids.shape[1]! > positions || ids.shape[1] === 0)
    throw new Error(
      `gpt2: inputs must be int32 token ids [batch, 1 .. ${positions}], got ${ids.dtype} [${ids.shape}]; ` +
        'longer sequences need a larger positions',
    );
  const unknown = options.activations?.find((site) => !sites.includes(site));
  if (unknown !== undefined) throw new Error(`gpt2: no site '${unknown}'; the sites are ${sites.join(', ')}`);
  if (options.training && dropoutRate > 0 && !options.random)
    throw new Error(
      `gpt2: training with dropoutRate ${dropoutRate} needs random; pass statelessRandom(seedAndStep)`,
    );
}
