import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend } from '../../../src/runtime/backend';
import { compileModel } from '../../../src/runtime/compile/compile-model';
import { compile } from '../../../src/runtime/compile/program';

/** A layer of a user's own that works with a layer inside, of which tf.layers knows nothing. */
class Around extends tf.layers.Layer {
  static className = 'Around';
  readonly inner = tf.layers.dense({
    units: 3,
    kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }),
  });

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return [shape[0]!, 3];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return this.inner.apply(Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor;
  }
}

/** A layer that reads its input's values, which a graph has not got yet. */
class Reading extends tf.layers.Layer {
  static className = 'Reading';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.mul(x, x.dataSync()[0]!);
  }
}

function withInner(): { model: tf.Sequential; around: Around } {
  const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
  const around = new Around({});
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [4], kernelInitializer: seeded(1) }),
      around,
      tf.layers.dense({ units: 1, kernelInitializer: seeded(2) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
  return { model, around };
}

describe('layers of the user', () => {
  const x = (): tf.Tensor => tf.randomNormal([8, 4], 0, 1, 'float32', 3);
  before(loadBackend);

  for (const hasRun of [false, true])
    it(`trains a layer inside a layer as model.fit, ${hasRun ? 'which has run before' : 'which has never run'}`, async () => {
      const losses: number[][] = [];
      for (const isCompiled of [false, true]) {
        const { model, around } = withInner();
        if (hasRun) tf.dispose(model.predict(x()));
        const compiled = isCompiled ? compileModel(model, { check: true }) : undefined;
        const train = async () => (await model.trainOnBatch(x(), tf.ones([8, 1]))) as number;
        const own = [await train(), await train(), await train()];
        compiled?.dispose();
        own.push(await train()); // eagerly again
        assert.equal(around.inner.getWeights().length, 2);
        losses.push(own);
      }
      // Losses are below 3, where a rounding of float32 is 2e-7.
      losses[0]!.forEach((loss, i) => {
        assert.ok(Math.abs(loss - losses[1]![i]!) < 1e-5, `${losses}`);
      });
      assert.ok(losses[0]![3]! < losses[0]![0]!);
    });

  it('leaves a layer without weights as it was where it refuses to make them', () => {
    const inner = tf.layers.dense({ units: 3, name: 'inside' });
    const program = compile({ variables: {}, entries: { f: (x: tf.Tensor) => inner.apply(x) as tf.Tensor } });
    assert.throws(
      () => program.runSync('f', x()),
      /'f' creates a variable of shape \[4,3\].*first run.*\(in layer 'inside'\)/,
    );
    program.dispose();
    assert.deepEqual((inner.apply(x()) as tf.Tensor).shape, [8, 3]);
  });

  it('names the layer in which a trace fails', async () => {
    const dense = tf.layers.dense({ units: 4, inputShape: [4] });
    const model = tf.sequential({ layers: [dense, new Reading({ name: 'reading' })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const compiled = compileModel(model);
    await assert.rejects(model.trainOnBatch(x(), x()), /reads a tensor's data.*\(in layer 'reading'\)$/);
    compiled.dispose();
    await model.trainOnBatch(x(), x());
  });

  it('names the entry, the operation and the layer in which a graph fails', async () => {
    const words = tf.layers.embedding({ name: 'words', inputDim: 10, outputDim: 4, inputLength: 3 });
    const model = tf.sequential({ layers: [words, tf.layers.flatten(), tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const batch = (index: number): Promise<unknown> =>
      model.trainOnBatch(tf.fill([2, 3], index), tf.ones([2, 1]));
    const compiled = compileModel(model, { audit: false });
    await batch(1);
    await assert.rejects(
      batch(12),
      /^Error: 'train' fails in GatherV2 of layer 'words': indices\[0\] = 12 is not in \[0, 10\)$/,
    );
    await batch(9);
    compiled.dispose();
    compileModel(model);
    await assert.rejects(batch(12), /12 is not in \[0, 10\) \(in layer 'words'\)$/, 'while it is traced');
  });
});
