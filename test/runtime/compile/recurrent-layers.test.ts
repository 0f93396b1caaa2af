import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend, tensorflowBackend } from '../../../src/runtime/backend';
import { compileModel } from '../../../src/runtime/compile/compile-model';
import { compile } from '../../../src/runtime/compile/program';

/** Enough to become a loop. */
const STEPS = 26;
const BATCH = 4;

let seed = 0;
const start = () => ({
  kernelInitializer: tf.initializers.glorotUniform({ seed: ++seed }),
  recurrentInitializer: tf.initializers.glorotUniform({ seed: ++seed }),
});

/** Models of sequences [26, 3] with one output. */
const MODELS: Record<string, () => tf.LayersModel> = {
  'two LSTMs': () => ending(tf.layers.lstm({ units: 4, returnSequences: true, ...start() }), lstm()),
  'a GRU with the bias after': () =>
    ending(tf.layers.gru({ units: 4, ...start(), recurrentActivation: 'sigmoid' })),
  'a simple layer backwards': () =>
    ending(tf.layers.simpleRNN({ units: 4, goBackwards: true, useBias: false, ...start() })),
  'an LSTM both ways that begins at a mask': () =>
    ending(
      tf.layers.masking({ maskValue: 0, inputShape: [STEPS, 3] }),
      tf.layers.bidirectional({ layer: lstm() as tf.RNN, inputShape: [STEPS, 3] }),
    ),
  'cells on top of each other': () => {
    const cells = [tf.layers.lstmCell({ units: 3, ...start() }), tf.layers.gruCell({ units: 4, ...start() })];
    return ending(tf.layers.rnn({ cell: cells }) as tf.layers.Layer);
  },
  'an encoder whose states begin a decoder': () => {
    const x = tf.input({ shape: [STEPS, 3] });
    const encoder = tf.layers.lstm({ units: 4, returnState: true, ...start() });
    const [, h, c] = encoder.apply(x) as tf.SymbolicTensor[];
    const decoder = tf.layers.lstm({ units: 4, ...start() });
    const decoded = decoder.apply(x, { initialState: [h!, c!] }) as tf.SymbolicTensor;
    return tf.model({ inputs: x, outputs: last().apply(decoded) as tf.SymbolicTensor });
  },
  'dropout of inputs and of states': () =>
    ending(tf.layers.lstm({ units: 4, dropout: 0.3, recurrentDropout: 0.2, ...start() })),
};

function lstm(): tf.layers.Layer {
  return tf.layers.lstm({ units: 4, ...start() });
}

function last(): tf.layers.Layer {
  return tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: ++seed }) });
}

function ending(...layers: tf.layers.Layer[]): tf.Sequential {
  const input = tf.layers.inputLayer({ inputShape: [STEPS, 3] });
  return tf.sequential({ layers: [input, ...layers, last()] });
}

/** Sequences that end with zeros, some sooner. */
function sequences(): tf.Tensor3D {
  return tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R3>([BATCH, STEPS, 3], 0, 1, 'float32', 1);
    const length = tf.reshape(tf.tensor1d([26, 25, 20, 9]), [BATCH, 1, 1]);
    return tf.mul(x, tf.cast(tf.less(tf.reshape(tf.range(0, STEPS), [1, STEPS, 1]), length), 'float32'));
  });
}

/** The operations that tfjs runs, those of a trace included. */
function operationsOf(body: () => void): number {
  const backend = tensorflowBackend();
  const { executeSingleOutput } = backend;
  let count = 0;
  backend.executeSingleOutput = (...from) => {
    count++;
    return executeSingleOutput.apply(backend, from);
  };
  try {
    body();
  } finally {
    Reflect.deleteProperty(backend, 'executeSingleOutput');
  }
  return count;
}

describe('recurrent layers as loops', () => {
  before(loadBackend);

  for (const [name, make] of Object.entries(MODELS))
    it(`train ${name} as step by step`, async () => {
      const [x, y] = [sequences(), tf.tensor2d([0.5, -1, 1, 0], [BATCH, 1])];
      seed = 0;
      const model = make();
      model.compile({ optimizer: tf.train.sgd(0.3), loss: 'meanSquaredError' });
      const before = tf.memory().numTensors;
      const kernel = model.getWeights()[0]!.dataSync().slice();
      // The check runs each step eagerly as well, with the same masks, and compares the loss and every weight.
      const compiled = compileModel(model, { check: { tolerance: 1e-4 } });
      for (let i = 0; i < 2; i++) await model.trainOnBatch(x, y);
      assert.notDeepEqual(model.getWeights()[0]!.dataSync(), kernel);
      const outputs = [
        model.predictOnBatch(x) as tf.Tensor,
        tf.tidy(() => tf.clone(model.predict(x) as tf.Tensor)),
      ];
      const [graph, steps] = outputs.map((output) => output.dataSync());
      graph!.forEach((value, i) => {
        assert.ok(Math.abs(value - steps![i]!) < 1e-5, `${graph}, ${steps}`);
      });
      tf.dispose(outputs);
      compiled.dispose();
      // tf.layers keeps four masks of inputs and four of states.
      assert.equal(tf.memory().numTensors - before, /dropout/.test(name) ? 8 : 0);
    });

  it('take no more operations for more steps', () => {
    const operations = [30, 90].map((steps) => {
      const layer = tf.layers.lstm({ units: 3, inputShape: [steps, 2], ...start() });
      const model = tf.sequential({ layers: [layer] });
      const variables = Object.fromEntries(model.weights.map((w) => [w.name, w.read() as tf.Variable]));
      const list = Object.values(variables);
      const step = (x: tf.Tensor): tf.Tensor =>
        tf.variableGrads(() => tf.mean(model.apply(x) as tf.Tensor), list).value;
      const program = compile({ variables, entries: { step } });
      const x = tf.ones([2, steps, 2]);
      return operationsOf(() => program.prepare('step', x));
    });
    assert.equal(operations[0], operations[1]);
    assert.ok(operations[0]! < 500, `${operations}`);
  });
});
