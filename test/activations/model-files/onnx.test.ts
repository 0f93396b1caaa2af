import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activations } from '../../../src/activations/activations';
import { profile } from '../../../src/activations/file-profile';
import { modelFileSource } from '../../../src/activations/model-files/model-layers';
import { readOnnxGraph, withOutputs } from '../../../src/activations/model-files/onnx-graph';
import { hasOnnxRuntime, INSTALL_ONNX_RUNTIME } from '../../../src/activations/model-files/onnx-runtime';
import { openArrays } from '../../../src/intrinsic-dimension/files/open-arrays';
import { readBox, type StoredArrays } from '../../../src/intrinsic-dimension/files/stored-array';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'networks');
const fixture = (name: string): string => join(FIXTURES, name);

/** The values that onnxruntime's Python has at each tensor. */
async function expected(model: string): Promise<Map<string, { shape: readonly number[]; values: number[] }>> {
  const content = await openArrays(fixture(`${model}-expected.npz`));
  const found = valuesOf(content);
  content.close();
  return found;
}

function valuesOf({ arrays }: StoredArrays): Map<string, { shape: readonly number[]; values: number[] }> {
  return new Map(
    arrays.map((array) => {
      const { shape } = array;
      const box = { from: shape.map(() => 0), count: shape };
      const values = Array.from(
        readBox(
          array,
          box,
          shape.map((_, axis) => axis),
        ),
      );
      return [array.name, { shape, values }];
    }),
  );
}

/** All points at each site. */
async function pointsOf(
  model: string,
  options: Parameters<typeof modelFileSource>[1] = {},
  memory = 2 ** 30,
): Promise<Map<string, number[][]>> {
  const source = await modelFileSource(fixture(`${model}.onnx`), {
    inputs: fixture(`${model}-inputs.npz`),
    ...options,
  });
  try {
    const found = new Map<string, number[][]>();
    for await (const { site, points } of activations(source, undefined, { memory }))
      found.set(
        site,
        Array.from({ length: points.shape[0] }, (_, i) => Array.from(points.row(i))),
      );
    return found;
  } finally {
    source.close();
  }
}

const MODELS = ['cnn', 'encoder', 'sklearn'];

describe('the graph of an ONNX file', () => {
  it('tells the tensors that depend on the inputs, and what the classifier takes', () => {
    const found = MODELS.map((model) => readOnnxGraph(readFileSync(fixture(`${model}.onnx`))));
    const [cnn, encoder, sklearn] = found as [(typeof found)[0], (typeof found)[0], (typeof found)[0]];
    assert.deepEqual(
      cnn.sites.map(({ operator }) => operator),
      ['Conv', 'Relu', 'Conv', 'Relu', 'ReduceMean', 'Gemm', 'Softmax'],
    );
    assert.equal(cnn.lastSite, 'mean');
    assert.deepEqual(cnn.weightFiles, ['cnn.onnx.data']);
    assert.deepEqual(encoder.inputs, ['input_ids', 'attention_mask']);
    // It ends in a sum of two branches.
    assert.equal(encoder.lastSite, undefined);
    assert.equal(sklearn.lastSite, 'next_activations1');
  });

  it('gets further outputs behind its last byte', () => {
    const model = readFileSync(fixture('encoder.onnx'));
    const names = ['/Softmax_output_0', 'ü'.repeat(100)];
    const { outputs, sites } = readOnnxGraph(withOutputs(model, names));
    assert.deepEqual(outputs, ['hidden', ...names]);
    assert.deepEqual(sites, readOnnxGraph(model).sites);
  });

  it('is refused when it is damaged or none', () => {
    const model = readFileSync(fixture('encoder.onnx'));
    for (const bytes of [model.subarray(0, 3000), Buffer.from('not a model'), Buffer.alloc(0)])
      assert.throws(() => readOnnxGraph(bytes), /^Error: it is (damaged, or )?no ONNX model/);
  });
});

describe('the activations of an ONNX file', () => {
  before(function () {
    if (!hasOnnxRuntime()) {
      console.log(`      skipped: ${INSTALL_ONNX_RUNTIME}`);
      this.skip();
    }
  });

  for (const model of MODELS) {
    it(`are those of onnxruntime's Python at every tensor of ${model}, whatever the batch and the memory`, async () => {
      const wanted = await expected(model);
      // The same for all examples, and so no sites.
      for (const name of wanted.keys()) if (name.includes('Constant')) wanted.delete(name);
      for (const [batchSize, memory] of [
        [24, 2 ** 30],
        [5, 0],
      ] as const) {
        const found = await pointsOf(model, { batchSize }, memory);
        assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
        for (const [site, { values }] of wanted) {
          const numbers = found.get(site)!.flat();
          assert.equal(numbers.length, values.length);
          // Two versions of onnxruntime sum in another order: some units in the last place of float32 numbers.
          const worst = Math.max(
            ...numbers.map((x, i) => Math.abs(x - values[i]!) / Math.max(1, Math.abs(values[i]!))),
          );
          assert.ok(worst <= 1e-6, `${site}: ${worst}`);
        }
      }
    });
  }

  it('are of the tokens wanted, without padding', async () => {
    const { values, shape } = (await expected('encoder')).get('hidden')!;
    const [, tokens, width] = shape as [number, number, number];
    const content = await openArrays(fixture('encoder-inputs.npz'));
    const mask = valuesOf(content).get('attention_mask')!.values;
    content.close();
    const maskFile = `${fixture('encoder-inputs.npz')}:attention_mask`;
    const at = (example: number, token: number): number[] =>
      values.slice((example * tokens + token) * width, (example * tokens + token + 1) * width);
    const valid = (example: number): number[] =>
      Array.from({ length: tokens }, (_, token) => token).filter((token) => mask[example * tokens + token]);
    const last = await pointsOf('encoder', {
      tokens: 'last',
      mask: maskFile,
      sites: ['hidden'],
      batchSize: 7,
    });
    const all = await pointsOf('encoder', { tokens: 'all', mask: maskFile, sites: ['hidden'], batchSize: 7 });
    const mean = await pointsOf('encoder', {
      tokens: 'mean',
      mask: maskFile,
      sites: ['hidden'],
      batchSize: 7,
    });
    const examples = Array.from({ length: 24 }, (_, example) => example);
    const near = (found: number[][], points: number[][]): void => {
      assert.equal(found.length, points.length);
      // As above; the mean is rounded once more.
      assert.ok(found.flat().every((x, i) => Math.abs(x - points.flat()[i]!) < 2e-6));
    };
    near(
      last.get('hidden')!,
      examples.map((example) => at(example, valid(example).at(-1)!)),
    );
    near(
      all.get('hidden')!,
      examples.flatMap((example) => valid(example).map((token) => at(example, token))),
    );
    near(
      mean.get('hidden')!,
      examples.map((example) =>
        Array.from({ length: width }, (_, c) => {
          const column = valid(example).map((token) => at(example, token)[c]!);
          return column.reduce((sum, x) => sum + x, 0) / column.length;
        }),
      ),
    );
  });

  it('give a profile whose LLID is that of the layer before the classifier', async () => {
    const notes: string[] = [];
    const { order, lastSite, sites } = await profile(fixture('cnn.onnx'), {
      inputs: fixture('cnn-inputs.npz'),
      sites: ['relu*', 'mean', 'linear'],
      onNote: (note) => notes.push(note),
    });
    assert.deepEqual(order, ['relu', 'relu_1', 'mean', 'linear']);
    assert.equal(lastSite, 'mean');
    assert.deepEqual(sites['relu']!.shape, [4, 4, 4]);
    assert.match(notes.join('\n'), /sites of 4 axes are NDDD: all axes behind the examples are flattened/);
  });

  it('are refused with what the network takes and what the file has', async () => {
    const cases: readonly [string, string, object, RegExp][] = [
      [
        'cnn',
        'sklearn-inputs.npz',
        {},
        /another shape .* takes 'pictures' float32 \[examples, 3, 8, 8\]; the file has 'X' \[24,6\]/,
      ],
      ['encoder', 'cnn-inputs.npz', {}, /has no array for the input 'input_ids'/],
      ['cnn', 'none.npy', {}, /cannot read the inputs .*none\.npy: there is no such file/],
      ['cnn', 'cnn-inputs.npz', { sites: ['rule'] }, /no layer is called 'rule': did you mean 'relu'/],
      ['cnn', 'cnn-inputs.npz', { pixels: 'unit' }, /pixels is for a folder of pictures/],
      ['cnn', 'cnn-inputs.npz', { tokens: 'mean' }, /no site has tokens/],
      ['cnn', 'cnn-inputs.npz', { axes: 'LND' }, /the first axis of a network's activations is the examples/],
    ];
    for (const [model, inputs, options, message] of cases)
      await assert.rejects(
        profile(fixture(`${model}.onnx`), { inputs: fixture(inputs), ...options }),
        message,
      );
    await assert.rejects(profile(fixture('cnn.onnx')), /give --inputs/);
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    try {
      const damaged = join(folder, 'damaged.onnx');
      writeFileSync(damaged, readFileSync(fixture('cnn.onnx')).subarray(0, 1000));
      await assert.rejects(profile(damaged, { inputs: fixture('cnn-inputs.npz') }), /damaged/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
