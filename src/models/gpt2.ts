/** GPT-2 as a classifier of token sequences: transformers' GPT2ForSequenceClassification, variable by variable. */
import * as tf from '@tensorflow/tfjs';
import { dropout, embedding, gelu } from '../runtime/native-ops';
import { mulberry32, normals, streamSeed } from '../runtime/random';
import { type Linear, linear, type Norm, norm } from './layers';
import type { ApplyOptions, Model, ModelOutput } from './model';

/** Size of the network. The names are those of transformers' GPT2Config. */
export interface Gpt2Config {
  vocabularySize: number;
  classes: number;
  /** Longest sequence. @default 4 */
  positions?: number;
  /** @default 2 */
  nLayer?: number;
  /** @default 4 */
  nHead?: number;
  /** @default 128 */
  nEmbd?: number;
  /** Of embeddings, attention probabilities and both residual branches. @default 0.1 */
  dropoutRate?: number;
  /** Of the initial weights. @default 0 */
  seed?: number;
}

type FullConfig = Required<Gpt2Config>;
type Variables = Readonly<Record<string, tf.Variable>>;

/**
 * A pre-norm transformer with causal attention; the logits come from the last token, by a head without bias.
 * There is no padding: all sequences of a batch have the same length, and every token id must lie in
 * 0 .. vocabularySize - 1 (TensorFlow on the CPU refuses others; on a GPU they give zeros).
 *
 * Variables have the names and shapes of PyTorch's state dict, so that checkpoints go both ways: the weights of
 * attention and mlp are [in, out] (transformers' Conv1D), `score.weight` is [classes, nEmbd] (torch's Linear).
 *
 * Sites are `transformer.h.{i}.attn` and `transformer.h.{i}.mlp`, the outputs of these modules,
 * [batch, positions, nEmbd].
 *
 * Source: Radford et al. 2019; settings of the paper: Brown et al. 2022, arXiv 2211.13239.
 */
export function gpt2(options: Gpt2Config): Model {
  const config = checked({ positions: 4, nLayer: 2, nHead: 4, nEmbd: 128, dropoutRate: 0.1, seed: 0, ...options });
  const variables = initialVariables(config);
  const sites = range(config.nLayer).flatMap((i) => [`transformer.h.${i}.attn`, `transformer.h.${i}.mlp`]);
  return {
    name: 'gpt2',
    config: { ...config },
    variables,
    sites,
    lastSite: sites.at(-1)!,
    parameterCount: Object.values(variables).reduce((sum, { size }) => sum + size, 0),
    apply: (inputs, options = {}) => {
      checkInputs(inputs, options, sites, config);
      return tf.tidy(() => forward(inputs as tf.Tensor2D, options, variables, config));
    },
    dispose: () => tf.dispose(Object.values(variables)),
  };
}

/** int32 [batch, positions] -> logits [batch, classes] */
function forward(ids: tf.Tensor2D, options: ApplyOptions, variables: Variables, config: FullConfig): ModelOutput {
  const [batch, positions] = ids.shape;
  const { nLayer, nEmbd, dropoutRate } = config;
  const { activations: wanted = [], random, training = false } = options;
  const parameters = <T>(name: string) => ({ weight: variables[`${name}.weight`], bias: variables[`${name}.bias`] }) as T;
  const drop = <T extends tf.Tensor>(x: T) => (training && dropoutRate > 0 ? dropout(x, dropoutRate, random!) : x);
  const lastRows = (x: tf.Tensor2D, of = positions) =>
    of === 1 ? x : tf.slice(tf.reshape(x, [batch, of, -1]), [0, of - 1, 0], [batch, 1, -1]).reshape<tf.Rank.R2>([batch, nEmbd]);
  const activations: Record<string, tf.Tensor> = {};
  const keep = (site: string, x: tf.Tensor) => {
    if (wanted.includes(site)) activations[site] = tf.reshape(x, [batch, positions, nEmbd]);
  };

  const tokens = embedding(variables['transformer.wte.weight'] as tf.Tensor2D, tf.reshape(ids, [-1]));
  const places = tf.slice(variables['transformer.wpe.weight'] as tf.Tensor2D, [0, 0], [positions, nEmbd]);
  let x: tf.Tensor2D = drop(tf.add(tf.reshape(tokens, [batch, positions, nEmbd]), places)).reshape([-1, nEmbd]);
  for (let i = 0; i < nLayer; i++) {
    const block = `transformer.h.${i}`;
    // The logits need the last block's output at the last token only: same logits, same gradients, a third less work.
    const last = i === nLayer - 1;
    const attnRows = last && !wanted.includes(`${block}.attn`) && !wanted.includes(`${block}.mlp`) ? 1 : positions;
    const mlpRows = last && !wanted.includes(`${block}.mlp`) ? 1 : positions;

    const normed = norm(x, parameters<Norm>(`${block}.ln_1`));
    const mixed = attention(normed, attnRows === 1 ? lastRows(normed) : normed, batch, parameters(`${block}.attn.c_attn`), config, drop);
    const attn = drop(linear(mixed, parameters(`${block}.attn.c_proj`)));
    keep(`${block}.attn`, attn);
    x = tf.add(attnRows === 1 ? lastRows(x) : x, attn);

    if (mlpRows < attnRows) x = lastRows(x);
    const hidden = gelu(linear(norm(x, parameters(`${block}.ln_2`)), parameters(`${block}.mlp.c_fc`)));
    const mlp = drop(linear(hidden, parameters(`${block}.mlp.c_proj`)));
    keep(`${block}.mlp`, mlp);
    x = tf.add(x, mlp);
  }
  const final = norm(lastRows(x, x.shape[0] / batch), parameters('transformer.ln_f'));
  return { logits: tf.matMul(final, variables['score.weight'] as tf.Tensor2D, false, true), activations };
}
