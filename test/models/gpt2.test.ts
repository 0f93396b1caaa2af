import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { gpt2 } from '../../src/models/gpt2';
import type { Model } from '../../src/models/model';
import { loadBackend, tensorflowBackend, usesTensorFlow } from '../../src/runtime/backend';
import { compile } from '../../src/runtime/compile/program';
import { softmaxCrossEntropy } from '../../src/runtime/operations/fused-operations';
import { statelessRandom } from '../../src/runtime/random/stateless-random';
import { createOptimizer } from '../../src/training/optimizers';

// What PyTorch and transformers computed: fixtures/gpt2/make.py.
const PRIME = 97;
const BATCH = 64;
const STEPS = 20;
const reference = readSafetensors(join(__dirname, '../fixtures/gpt2/gpt2.safetensors'));

const small = { vocabularySize: 7, classes: 5, positions: 4, nEmbd: 8, nHead: 2, nLayer: 3 };

describe('gpt2 beside PyTorch', () => {
  let model: Model;
  beforeEach(async () => {
    await loadBackend();
    model = gpt2({ vocabularySize: PRIME + 4, classes: PRIME, dropoutRate: 0 });
    fill(model);
  });
  afterEach(() => model.dispose());

  it('has the names, shapes and order of size of the state dict', () => {
    const names = Object.keys(reference).filter((name) => name.startsWith('final/'));
    assert.deepEqual(
      Object.keys(model.variables).sort(),
      names.map((name) => name.slice('final/'.length)).sort(),
    );
    for (const [name, variable] of Object.entries(model.variables))
      assert.deepEqual(variable.shape, reference[`final/${name}`]!.shape, name);
    assert.equal(model.parameterCount, 422_656); // sum(p.numel() for p in model.parameters())
  });

  it('logits and activations are within 1e-5 of the largest', () => {
    tf.tidy(() => {
      const { inputs } = batch(0);
      const { logits, activations } = model.apply(inputs, { activations: model.sites });
      close(logits, 'logits', 1e-5);
      close(model.apply(inputs).logits, 'logits', 1e-5);
      assert.deepEqual(Object.keys(activations), model.sites);
      for (const site of model.sites) {
        assert.deepEqual(activations[site]!.shape, [BATCH, 4, 128]);
        close(tf.slice(activations[site]!, 0, 4), `activation/${site}`, 1e-5);
      }
    });
  });

  it('every gradient is within 1e-4 of its norm, and its largest element within 1e-4 of the largest', () => {
    const { loss, gradients } = lossAndGradients(model, batch(0));
    assert.ok(Math.abs(loss - reference.losses!.data[0]!) < 1e-5);
    for (const [name, gradient] of Object.entries(gradients)) {
      const expected = reference[`gradient/${name}`]!.data;
      // The bias of the keys has no gradient at all (softmax does not see it), so its third is rounding noise.
      const difference = gradient.map((g, i) => g - expected[i]!);
      assert.ok(norm(difference) < 1e-4 * norm(expected), `${name}: ${norm(difference) / norm(expected)}`);
      assert.ok(largest(difference) < 1e-4 * largest(expected), `${name}: ${largest(difference)}`);
    }
  });

  it('20 steps of Adam with L2, compiled, end within 1e-3 in every weight', () => {
    const { step, state } = adam(model);
    const program = compile({ variables: { ...model.variables, ...state }, entries: { step } });
    for (let i = 0; i < STEPS; i++) {
      const { inputs, labels } = batch(i);
      const loss = program.runSync('step', inputs, labels);
      assert.ok(Math.abs(loss.dataSync()[0]! - reference.losses!.data[i]!) < 1e-4, `loss of step ${i}`);
      tf.dispose([loss, inputs, labels]);
    }
    const final = program.read();
    // Adam moves a weight by up to 1e-3 a step, however small its gradient, whose sign rounding may turn: of 20 steps one.
    for (const name of Object.keys(model.variables)) {
      const { data } = reference[`final/${name}`]!;
      close(final[name]!, `final/${name}`, 1e-3 / largest(data));
    }
    tf.dispose(final);
    program.dispose();
    tf.dispose(Object.values(state));
  });
});

describe('gpt2', () => {
  before(loadBackend);

  for (const backend of ['tensorflow', 'cpu'])
    describe(`on ${backend}`, () => {
      before(() => tf.setBackend(backend));
      after(() => tf.setBackend('tensorflow'));

      it('computing only what the last token needs changes neither logits nor gradients', () => {
        const model = gpt2({ ...small, dropoutRate: 0, seed: 1 });
        const examples = tokens(small.vocabularySize, small.classes, 20);
        const shortcut = lossAndGradients(model, examples);
        for (const activations of [['transformer.h.2.mlp'], ['transformer.h.2.attn'], model.sites]) {
          const full = lossAndGradients(model, examples, activations);
          // Numbers below 2, by sums of at most 32 products: 8 roundings of float32 there.
          assert.ok(Math.abs(full.loss - shortcut.loss) < 1e-6);
          for (const [name, gradient] of Object.entries(full.gradients)) {
            const difference = gradient.map((g, i) => g - shortcut.gradients[name]![i]!);
            assert.ok(largest(difference) < 1e-6, `${name}: ${largest(difference)}`);
          }
        }
        tf.dispose([examples.inputs, examples.labels]);
        model.dispose();
      });

      it('no position sees a later one', () => {
        const model = gpt2({ ...small, seed: 2 });
        tf.tidy(() => {
          const before = model.apply(tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32'), {
            activations: model.sites,
          });
          const after = model.apply(tf.tensor2d([[1, 2, 6, 4]], [1, 4], 'int32'), {
            activations: model.sites,
          });
          for (const site of model.sites) {
            const [x, y] = [before.activations[site]!, after.activations[site]!];
            const change = tf.sum(tf.abs(tf.sub(x, y)), [0, 2]).dataSync();
            assert.deepEqual([...change.slice(0, 2)], [0, 0], site);
            assert.ok(change[2]! > 0 && change[3]! > 0, site);
          }
        });
        model.dispose();
      });

      it('leaves no tensors but its results, and frees its variables', () => {
        const before = tf.memory().numTensors;
        const model = gpt2(small);
        const inputs = tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32');
        const count = tf.memory().numTensors;
        const { logits, activations } = model.apply(inputs, { activations: [model.lastSite] });
        assert.equal(tf.memory().numTensors, count + 2);
        tf.dispose([logits, activations, inputs]);
        model.dispose();
        assert.equal(tf.memory().numTensors, before);
      });
    });

  it('drops in training only, and differently at each step', () => {
    const model = gpt2({ ...small, dropoutRate: 0.5 });
    const logits = (step?: number) =>
      tf.tidy(() => {
        const random = statelessRandom(tf.tensor1d([0, step ?? 0], 'int32'));
        const options = step === undefined ? {} : { training: true, random };
        return model
          .apply(tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32'), options)
          .logits.dataSync()
          .join();
      });
    assert.equal(logits(), logits());
    assert.equal(logits(1), logits(1));
    assert.equal(new Set([logits(), logits(1), logits(2)]).size, 3);
    model.dispose();
  });

  it("drops where GPT-2 does: embeddings, attention's probabilities, and both branches of each block", () => {
    const model = gpt2(small);
    const shapes: number[][] = [];
    const random = {
      uniform: (shape: number[]) => {
        shapes.push(shape);
        return tf.ones(shape);
      },
    };
    tf.tidy(() => {
      const inputs = tf.tensor2d(
        [
          [1, 2, 3, 4],
          [5, 6, 0, 1],
        ],
        [2, 4],
        'int32',
      );
      model.apply(inputs, { training: true, random, activations: model.sites });
    });
    const block = [
      [2, 2, 4, 4],
      [8, 8],
      [8, 8],
    ];
    assert.deepEqual(shapes, [[2, 4, 8], ...block, ...block, ...block]);
    model.dispose();
  });

  it('starts as transformers does: normal of deviation .02, residual projections less, biases 0, scales 1', () => {
    const model = gpt2({ vocabularySize: 101, classes: 97, seed: 3 });
    for (const [name, variable] of Object.entries(model.variables)) {
      const values = variable.dataSync() as Float32Array;
      if (name.endsWith('bias'))
        assert.ok(
          values.every((v) => v === 0),
          name,
        );
      else if (name.includes('.ln_'))
        assert.ok(
          values.every((v) => v === 1),
          name,
        );
      else {
        const expected = name.includes('c_proj') ? 0.02 / Math.sqrt(4) : 0.02;
        const deviation = norm(values) / Math.sqrt(values.length);
        const tolerance = 4 / Math.sqrt(2 * values.length); // 4 standard errors
        assert.ok(Math.abs(deviation / expected - 1) < tolerance, `${name}: ${deviation}`);
      }
    }
    model.dispose();
  });

  it('repeats its initial weights with the seed', () => {
    const weights = [5, 5, 6].map((seed) => {
      const model = gpt2({ ...small, seed });
      const values = model.variables['transformer.h.1.mlp.c_fc.weight']!.dataSync().join();
      model.dispose();
      return values;
    });
    assert.equal(weights[0], weights[1]);
    assert.notEqual(weights[0], weights[2]);
  });

  it('takes shorter sequences', () => {
    const model = gpt2(small);
    tf.tidy(() => {
      const options = { activations: ['transformer.h.0.attn'] };
      const long = model.apply(tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32'), options);
      const short = model.apply(tf.tensor2d([[1, 2]], [1, 2], 'int32'), options);
      const [x, y] = [long, short].map(({ activations }) => activations['transformer.h.0.attn']!);
      // Products of other shapes may be added in another order: 170 roundings of 2^-24 of the largest.
      const difference = largest(tf.sub(tf.slice(x!, 0, [1, 2, 8]), y!).dataSync());
      assert.ok(difference < 1e-5 * largest(y!.dataSync()), `${difference}`);
      assert.deepEqual(short.logits.shape, [1, 5]);
    });
    model.dispose();
  });

  it('refuses what makes no sense, and says what would', () => {
    assert.throws(() => gpt2({ ...small, nHead: 3 }), /multiple of nHead, got 8 and 3; try nEmbd 9/);
    assert.throws(() => gpt2({ ...small, nLayer: 0 }), /nLayer must be a positive integer, got 0/);
    assert.throws(() => gpt2({ ...small, classes: 2.5 }), /classes must be a positive integer, got 2.5/);
    assert.throws(() => gpt2({ ...small, dropoutRate: 1 }), /dropoutRate must be in \[0, 1\), got 1/);
    const model = gpt2(small);
    tf.tidy(() => {
      const inputs = tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32');
      assert.throws(() => model.apply(tf.zeros([1, 5], 'int32')), /\[batch, 1 \.\. 4\], got int32 \[1,5\]/);
      assert.throws(() => model.apply(tf.zeros([1, 4])), /got float32/);
      assert.throws(
        () => model.apply(inputs, { activations: ['h.0'] }),
        /no site 'h\.0'; the sites are transformer\.h\.0\.attn/,
      );
      assert.throws(() => model.apply(inputs, { training: true }), /needs random; pass statelessRandom/);
      if (usesTensorFlow() && !tensorflowBackend().isUsingGpuDevice)
        assert.throws(() => model.apply(tf.fill([1, 4], 7, 'int32')), /= 7 is not in \[0, 7\)/);
    });
    model.dispose();
  });
});

interface Examples {
  inputs: tf.Tensor2D;
  labels: tf.Tensor1D;
}

/** The batches of make.py. */
function batch(step: number): Examples {
  const rows = Array.from({ length: BATCH }, (_, i) => ({
    a: (31 * i + 7 * step) % PRIME,
    b: 1 + ((17 * i + 5 * step) % (PRIME - 1)),
  }));
  const quotient = (a: number, b: number) =>
    Array.from({ length: PRIME }, (_, c) => c).find((c) => (c * b) % PRIME === a)!;
  return {
    inputs: tf.tensor2d(
      rows.map(({ a, b }) => [a, PRIME, b, PRIME + 1]),
      [BATCH, 4],
      'int32',
    ),
    labels: tf.tensor1d(
      rows.map(({ a, b }) => quotient(a, b)),
      'int32',
    ),
  };
}

function tokens(vocabulary: number, classes: number, n: number): Examples {
  return {
    inputs: tf.tensor2d(
      Array.from({ length: n }, (_, i) => [0, 1, 2, 3].map((j) => (i * i + 3 * j + i * j) % vocabulary)),
      [n, 4],
      'int32',
    ),
    labels: tf.tensor1d(
      Array.from({ length: n }, (_, i) => i % classes),
      'int32',
    ),
  };
}

/** The initial weights of make.py: sums of four numbers of a linear congruential generator. */
function fill(model: Model): void {
  let state = 1;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (const [name, variable] of Object.entries(model.variables)) {
    const scale = name.includes('.ln_') && name.endsWith('weight');
    const [centre, deviation] = scale ? [1, 0.2] : [0, 0.1];
    const sum = () => uniform() + uniform() + uniform() + uniform();
    const values = Float32Array.from(
      { length: variable.size },
      () => centre + deviation * 3 ** 0.5 * (sum() - 2),
    );
    const value = tf.tensor(values, variable.shape);
    variable.assign(value);
    value.dispose();
  }
}

function differentiate(model: Model, { inputs, labels }: Examples, activations: readonly string[] = []) {
  const { value, grads } = tf.variableGrads(
    () =>
      tf.mean(
        softmaxCrossEntropy(model.apply(inputs, { training: true, activations }).logits, labels),
      ) as tf.Scalar,
    Object.values(model.variables),
  );
  const gradients = Object.entries(model.variables).map(
    ([name, variable]) => [name, grads[variable.name]!] as const,
  );
  return { loss: value, gradients: Object.fromEntries(gradients) };
}

function lossAndGradients(model: Model, examples: Examples, activations: readonly string[] = []) {
  return tf.tidy(() => {
    const { loss, gradients } = differentiate(model, examples, activations);
    const values = Object.entries(gradients).map(
      ([name, g]) => [name, g.dataSync() as Float32Array] as const,
    );
    return { loss: loss.dataSync()[0]!, gradients: Object.fromEntries(values) };
  });
}

/** torch.optim.Adam(lr=1e-3, betas=(.9, .98), eps=1e-8, weight_decay=1e-2) */
function adam(model: Model) {
  const optimizer = createOptimizer({ kind: 'adam', beta2: 0.98, weightDecay: 1e-2 }, model.variables);
  const t = tf.variable(tf.scalar(0));
  const step = (inputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar => {
    t.assign(tf.add(t, 1));
    const { loss, gradients } = differentiate(model, { inputs, labels });
    optimizer.apply(gradients, tf.scalar(1e-3), t as unknown as tf.Scalar);
    return loss;
  };
  return { step, state: { ...optimizer.variables, t } };
}

/** Within a share of the largest expected number: 1e-5 are 170 roundings of float32, 2^-24 each. */
function close(got: tf.Tensor, name: string, tolerance: number): void {
  const { shape, data } = reference[name]!;
  assert.deepEqual(got.shape, shape, name);
  const worst = largest(got.dataSync().map((v, i) => v - data[i]!)) / largest(data);
  assert.ok(worst < tolerance, `${name} differs by ${worst}`);
}

function norm(values: ArrayLike<number>): number {
  return Math.hypot(...Array.from(values));
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}

/** A length, a JSON header, and raw little-endian floats. */
function readSafetensors(path: string): Record<string, { shape: number[]; data: Float32Array }> {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__, ...tensors } = JSON.parse(bytes.toString('utf8', 8, start));
  return Object.fromEntries(
    Object.entries(tensors as Record<string, { shape: number[]; data_offsets: [number, number] }>).map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => [
        name,
        {
          shape,
          data: new Float32Array(
            bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to),
          ),
        },
      ],
    ),
  );
}
