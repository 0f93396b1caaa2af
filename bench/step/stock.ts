/** The same transformer as a user of tfjs-node would write it: stock operations called one by one, and tf.train.adam. */
import * as tf from '@tensorflow/tfjs';
import { ADAM, read, type Step, type TransformerCase } from './transformer';

const HEADS = 4;
const DROPOUT = 0.1;

export function stockTransformer(options: TransformerCase): Step {
  const { weights, next } = read(options);
  const { tokens, labels, ...parameters } = weights;
  tf.dispose([tokens!, labels!]);
  const variables = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, tf.variable(value)]),
  );
  const optimizer = tf.train.adam(ADAM.learningRate, ADAM.beta1, ADAM.beta2, 1e-8);
  return () => {
    const { x, y } = next();
    const { value: loss, grads } = tf.variableGrads(() => meanLoss(x, y, variables, options));
    const decayed = tf.tidy(() =>
      Object.fromEntries(
        Object.values(variables).map((w) => [w.name, tf.add(grads[w.name]!, tf.mul(w, ADAM.weightDecay))]),
      ),
    );
    optimizer.applyGradients(decayed as Parameters<typeof optimizer.applyGradients>[0]);
    const value = loss.dataSync()[0]!;
    tf.dispose([x, y, loss, grads, decayed]);
    return value;
  };
}

function meanLoss(
  x: tf.Tensor2D,
  y: tf.Tensor1D,
  variables: Readonly<Record<string, tf.Variable>>,
  { batch, width, depth }: TransformerCase,
): tf.Scalar {
  const w = (name: string): tf.Tensor => variables[name]!;
  const dense = (h: tf.Tensor, name: string): tf.Tensor =>
    tf.add(tf.matMul(h as tf.Tensor2D, w(`${name}.weight`) as tf.Tensor2D), w(`${name}.bias`));
  const norm = (h: tf.Tensor, name: string): tf.Tensor => {
    const { mean, variance } = tf.moments(h, -1, true);
    const normed = tf.mul(tf.sub(h, mean), tf.rsqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(normed, w(`${name}.weight`)), w(`${name}.bias`));
  };
  const gelu = (h: tf.Tensor): tf.Tensor => {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(h, tf.mul(0.044715, tf.pow(h, 3))));
    return tf.mul(tf.mul(0.5, h), tf.add(1, tf.tanh(inner)));
  };
  const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([4, 4]), -1, 0)), -1e9);
  const embedded = tf.add(tf.gather(w('transformer.wte.weight'), x), w('transformer.wpe.weight'));
  let h: tf.Tensor = tf.reshape(tf.dropout(embedded, DROPOUT), [-1, width]);
  for (let i = 0; i < depth; i++) {
    const block = `transformer.h.${i}`;
    const qkv = tf.reshape(dense(norm(h, `${block}.ln_1`), `${block}.attn.c_attn`), [
      batch,
      4,
      3,
      HEADS,
      width / HEADS,
    ]);
    const [q, k, v] = tf.unstack(tf.transpose(qkv, [2, 0, 3, 1, 4])) as tf.Tensor[];
    const scores = tf.add(tf.mul(tf.matMul(q!, k!, false, true), Math.sqrt(HEADS / width)), mask);
    const mixed = tf.matMul(tf.dropout(tf.softmax(scores), DROPOUT), v!);
    const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, width]);
    h = tf.add(h, tf.dropout(dense(joined, `${block}.attn.c_proj`), DROPOUT));
    const hidden = gelu(dense(norm(h, `${block}.ln_2`), `${block}.mlp.c_fc`));
    h = tf.add(h, tf.dropout(dense(hidden, `${block}.mlp.c_proj`), DROPOUT));
  }
  const last = tf.reshape(tf.slice(tf.reshape(h, [batch, 4, width]), [0, 3, 0], [batch, 1, width]), [
    batch,
    width,
  ]);
  const logits = tf.matMul(
    norm(last, 'transformer.ln_f') as tf.Tensor2D,
    w('score.weight') as tf.Tensor2D,
    false,
    true,
  );
  return tf.losses.softmaxCrossEntropy(tf.oneHot(y, logits.shape[1]!), logits) as tf.Scalar;
}
