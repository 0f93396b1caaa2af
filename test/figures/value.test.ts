import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { layerProfile } from '../../src/activations/profile';
import { mnist } from '../../src/data/mnist';
import { modularArithmetic } from '../../src/data/modular-arithmetic';
import { parseGrid } from '../../src/experiments/registry';
import { sweepCells } from '../../src/experiments/sweep';
import type { MimeBundle } from '../../src/figures/notebook-output';
import { line } from '../../src/figures/plots/by-name';
import { estimateInWords, valueBundles } from '../../src/figures/value';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { cube } from '../../src/intrinsic-dimension/manifolds/manifolds';
import { idScale } from '../../src/intrinsic-dimension/scale';
import { recordedRuns } from '../../src/records/recorded-runs';

/** As much of danfojs as a frame has; the kernel's test shows a real one. */
const FRAME = {
  columns: ['a', 'name'],
  index: [0, 1],
  values: [
    [1.5, 'x'],
    [2, null],
  ],
};

async function textOf(value: unknown): Promise<string> {
  const bundles = await valueBundles(value);
  return bundles.map((bundle) => String(bundle['text/plain'])).join('\n');
}
const kinds = (bundles: readonly MimeBundle[]): string[][] => bundles.map((bundle) => Object.keys(bundle));
const FIGURE = ['application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain'];
const CAPTION = ['text/markdown', 'text/plain'];
const TABLE = ['text/html', 'text/markdown', 'text/plain'];

describe('the value of a cell', () => {
  it('is a table for a data frame, with row names where it has some', async () => {
    const [bundle] = await valueBundles(FRAME);
    assert.deepEqual(Object.keys(bundle!), TABLE);
    assert.match(String(bundle!['text/html']), /<th [^>]*>a<.*>1\.5<.*>x</s);
    assert.equal(bundle!['text/plain'], '  a  name\n1.5  x\n2.0  –');
    const described = { ...FRAME, index: ['count', 'mean'] };
    assert.match(await textOf(described), /count +1\.5 +x\nmean +2\.0 +–/);
    assert.equal(await textOf({ columns: ['a'], index: [0, 1], values: [3, 4] }), 'a\n3\n4');
  });

  it('is a table for the runs of a sweep', async () => {
    const cells = sweepCells(parseGrid(['prime=11', 'weightDecay=1e-2,1e-1'], 'grokking'), 'nowhere');
    const [bundle] = await valueBundles(cells);
    assert.deepEqual(Object.keys(bundle!), TABLE);
    assert.match(
      String(bundle!['text/plain']),
      /^2 runs\nrun +state +step *\n\S+weightDecay0\.01 +waiting +0 *\n\S+weightDecay0\.1 +waiting +0 *$/,
    );
  });

  it('is the beginning of a long data frame, and says so', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => [i]);
    const text = await textOf({ columns: ['a'], index: values.map((_, i) => i), values });
    assert.match(text, /^The first 20 of 1,000 rows\n/);
    assert.equal(text.split('\n').length, 22);
  });

  it('is shape, type and first values for a tensor, however large', async () => {
    assert.equal(await textOf(tf.tensor2d([[1, 2.34567]])), 'Tensor [1, 2], float32:\n    1  2.346');
    assert.equal(await textOf(tf.scalar(3, 'int32')), 'Tensor [], int32:\n3');
    assert.equal(await textOf(tf.tensor1d(['a', 'bc'])), 'Tensor [2], string:\n a  bc');
    assert.equal(await textOf(tf.zeros([0, 3])), 'Tensor [0, 3], float32, empty');
    const before = tf.memory().numTensors;
    const large = tf.zeros([50, 40, 30]);
    assert.equal((await textOf(large)).split('\n').length, 8);
    large.dispose();
    assert.equal(await textOf(large), 'Tensor [50, 40, 30], float32, disposed');
    assert.equal(tf.memory().numTensors, before);
  });

  it('is one sentence for an estimate', async () => {
    const estimate = await intrinsicDimension(cube({ points: 500, dimension: 2 }));
    const words = estimateInWords(estimate);
    assert.match(
      words,
      /^Intrinsic dimension \d\.\d\d \(95 % interval \d\.\d\d to \d\.\d\d\) at distance [\d.]+, by two-nn from 500 points\.$/,
    );
    const [bundle] = await valueBundles(estimate);
    assert.equal(bundle!['text/markdown'], words);
  });

  it('is figure and table for a profile, a figure for scales, and a curve for a record', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [5] })] });
    const profiled = await valueBundles(await layerProfile(model, tf.randomNormal([100, 5])));
    assert.deepEqual(kinds(profiled), [FIGURE, CAPTION, TABLE]);
    assert.match(String(profiled[2]!['text/plain']), /dense_Dense\d+ .*\[6\] .*PID, LLID/);
    const scales = await valueBundles(await idScale(cube({ points: 300, dimension: 2 })));
    assert.deepEqual(kinds(scales), [FIGURE, CAPTION]);
    const [record] = recordedRuns('grokking');
    assert.deepEqual(kinds(await valueBundles(record)), [FIGURE, CAPTION]);
    assert.match(
      await textOf({ record, weights: 'run.weights' }),
      /^A run with \d+ measurements up to step 40,000, and its weights in run\.weights\.$/,
    );
  });

  it('has tensors within other values in the same words as tensors', async () => {
    assert.equal(
      await textOf([tf.scalar(4), new Map([['a', tf.zeros([1, 2])]])]),
      "[\n  Tensor [], float32:\n  4,\n  Map(1) {\n    'a' => Tensor [1, 2], float32:\n    0  0\n  }\n]",
    );
  });

  it('is a sentence about a data set, and its first pictures', async () => {
    const pairs = await valueBundles(modularArithmetic({ prime: 7 }));
    assert.deepEqual(kinds(pairs), [['text/plain', 'text/markdown', 'text/html']]);
    assert.match(String(pairs[0]!['text/plain']), /^a \/ b modulo 7: .*\d+.*\.$/);
    const [sentence, pictures] = await valueBundles(mnist({ images: 12, validationImages: 5 }));
    assert.match(String(sentence!['text/plain']), /^MNIST, .*: 12 pictures to train on and 5 to validate/);
    assert.deepEqual(kinds([pictures!]), [FIGURE]);
    assert.equal(String(pictures!['image/svg+xml']).match(/<image /g)!.length, 10);
  });

  it('is the drawing of a figure with its caption, and the summary of a model', async () => {
    const plain = { data: [{ type: 'scatter', x: [1], y: [2] }] };
    assert.deepEqual(kinds(await valueBundles(plain)), [FIGURE]);
    const [figure, caption] = await valueBundles({ ...plain, caption: 'One point.' });
    assert.deepEqual(kinds([figure!]), [FIGURE]);
    assert.deepEqual(kinds(await valueBundles(line([3, 2, 1]))), [FIGURE]);
    assert.deepEqual(caption, { 'text/markdown': '*One point.*', 'text/plain': 'One point.' });
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [5] })] });
    assert.match(await textOf(model), /Trainable params: 36/);
    const input = tf.input({ shape: [99] });
    const branches = ['wide', 'other'].map((name) => tf.layers.dense({ name, units: 30 }).apply(input));
    const outputs = tf.layers.add().apply(branches as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const summary = (await textOf(tf.model({ inputs: input, outputs }))).split('\n');
    assert.match(summary.join('\n'), /Trainable params: 6,000\n/);
    const at = (start: string, words: string): number | undefined =>
      summary.find((line) => line.trim().startsWith(start))?.indexOf(words);
    assert.ok(at('Layer', 'Receives inputs')! > 0);
    assert.equal(at('wide', 'input'), at('Layer', 'Receives inputs'), summary.join('\n'));
  });

  it('is as Node prints it for everything else, and bounded', async () => {
    assert.equal(await textOf({ a: 1, data: [] }), '{ a: 1, data: [] }');
    assert.equal(await textOf('text'), 'text');
    assert.equal(await textOf(7n), '7n');
    assert.match(await textOf(Promise.resolve(1)), /await/);
    const long = Array.from({ length: 1000 }, (_, i) => ({ name: 'x'.repeat(200), i }));
    assert.ok((await textOf({ long, other: long })).split('\n').length <= 61);
  });

  it('is as Node prints it for data of the user whose names are those of another kind', async () => {
    for (const value of [
      { rows: [1, 2], columns: 5 },
      { rows: [{ a: 1 }], columns: 2 },
      { measurements: [{ step: 1 }], config: {} },
      { order: ['a'], sites: {}, notMeasurable: {}, peakSite: 'a', lastSite: 'a' },
      { value: 1, interval: 2, estimator: 'mine', scale: 4, points: 5, duplicates: 6 },
      { curve: 5 },
      { curve: [null] },
      { layers: [], summary: 'short', trainableWeights: 3 },
      { data: [1], layout: {} },
    ])
      assert.equal(await textOf(value), inspect(value, { breakLength: 100 }));
  });
});
