import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { type FileProfileOptions, profile } from '../../../src/activations/file-profile';
import { axesOf } from '../../../src/activations/saved/axes';
import { openSavedLayers } from '../../../src/activations/saved/saved-layers';
import { readPoints } from '../../../src/intrinsic-dimension/files/points-file';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';

const FIXTURES = join(__dirname, '..', '..', 'fixtures', 'arrays');
const fixture = (name: string): string => join(FIXTURES, name);

/** The points that PyTorch took: last, first, mean and all tokens of each layer. */
const expected = (rule: string, layer: number): ReturnType<typeof readPoints> =>
  readPoints(fixture('points.safetensors'), { key: `${rule}.${layer}` });

const FORMS: readonly [string, FileProfileOptions, readonly string[]][] = [
  ['stack.npy', { axes: 'LNTD' }, ['0', '1', '2']],
  ['stack-f16.npy', { axes: 'LNTD' }, ['0', '1', '2']],
  ['stack-fortran.npy', { axes: 'LNTD' }, ['0', '1', '2']],
  ['stack.pt', { axes: 'lntd' }, ['0', '1', '2']],
  ['layers.npz', {}, ['block.0', 'block.1', 'block.2']],
  ['layers-compressed.npz', {}, ['block.0', 'block.1', 'block.2']],
  ['layers.safetensors', {}, ['layer_2', 'layer_10', 'layer_11']],
  ['shards', {}, ['layer_2', 'layer_10', 'layer_11']],
  ['files', {}, ['layer_2', 'layer_10', 'layer_11']],
  ['tuple.pt', {}, ['0', '1', '2']],
  ['views.pt', {}, ['hidden.first', 'hidden.second', 'hidden.third']],
  ['parameters.pth', {}, ['0', '1', '2']],
];

describe('profile of saved activations', () => {
  for (const [name, options, names] of FORMS) {
    it(`takes from ${name} the tokens that PyTorch takes, in memory and row by row`, async () => {
      for (const tokens of ['last', 'first', 'mean', 'all'] as const) {
        const { layers, close } = await openSavedLayers([fixture(name)], {
          ...options,
          tokens,
          mask: fixture('mask.npy'),
        });
        assert.deepEqual(
          layers.map(({ site }) => site),
          names,
        );
        for (const [i, { points, shape }] of layers.entries()) {
          const { data, shape: size } = await expected(tokens, i);
          assert.deepEqual(shape, [6]);
          for (const memory of [1e9, 0]) {
            const found = points(memory);
            assert.deepEqual(found.shape, size);
            const numbers = Array.from({ length: size[0] }, (_, n) => Array.from(found.row(n))).flat();
            // A mean of three float32 numbers below 16 is rounded once or twice: 16 * 2**-23.
            const allowed = tokens === 'mean' ? 2e-6 : 0;
            assert.ok(
              numbers.every((value, p) => Math.abs(value - data[p]!) <= allowed),
              `${tokens}, ${i}`,
            );
          }
        }
        close();
      }
    });
  }

  it('gives what intrinsicDimension gives on the same rows, with PID and LLID', async () => {
    const found = await profile(fixture('files'), { mask: fixture('mask.pt') });
    for (const [i, estimate] of Object.values(found.sites).entries()) {
      const { value, interval } = await intrinsicDimension(await expected('last', i));
      assert.deepEqual([estimate.value, estimate.interval], [value, interval]);
    }
    assert.deepEqual([found.lastSite, found.peakSite], ['layer_11', 'layer_11']);
    const first = await profile(fixture('files'), {
      sites: ['*_11', 'layer_2'],
      lastSite: 'layer_2',
      tokens: 'all',
    });
    assert.deepEqual([Object.keys(first.sites), first.lastSite], [['layer_11', 'layer_2'], 'layer_2']);
  });

  it('samples the same tokens of every layer, none of them padding', async () => {
    const options = { tokens: { sample: 50 }, mask: fixture('mask.npy') } as const;
    const notes: string[] = [];
    const { layers, close } = await openSavedLayers([fixture('files')], {
      ...options,
      onNote: (note) => notes.push(note),
    });
    const all = await Promise.all([0, 1, 2].map((i) => expected('all', i)));
    const places = layers.map(({ points }, i) => {
      const { data } = all[i]!;
      const rows = Array.from({ length: data.length / 6 }, (_, n) => data.subarray(6 * n, 6 * n + 6).join());
      const { row, shape } = points(1e9);
      return Array.from({ length: shape[0] }, (_, n) => rows.indexOf(row(n).join()));
    });
    close();
    assert.equal(new Set(places[1]).size, 50);
    assert.ok(places[1]!.every((place, i) => place >= 0 && (i === 0 || place > places[1]![i - 1]!)));
    assert.deepEqual(places[1], places[2]);
    assert.match(notes.join('\n'), /points: 50 of 210 tokens/);
  });

  it('keeps the other layers when one has a value that is not a number', async () => {
    const { sites, notMeasurable } = await profile(fixture('nan-row.npy'), { axes: 'LNTD' });
    assert.deepEqual(Object.keys(sites), ['0', '2']);
    assert.match(
      notMeasurable['1']!,
      /1 of 480 values is NaN or infinite, the first \(NaN\) in row 17, column 3/,
    );
    const elsewhere = await profile(fixture('nan-row.npy'), { axes: 'LNTD', tokens: 'first' });
    assert.deepEqual(elsewhere.notMeasurable, {});
  });

  it('says what is wrong with masks, layers and folders', async () => {
    const cases: readonly [string, FileProfileOptions, RegExp][] = [
      [
        'stack.npy',
        { axes: 'LNTD', mask: fixture('files/layer_2.npy') },
        /mask has shape \[80,3,6\], but .* 80 examples of 3 tokens: give a mask \[80, 3\]/,
      ],
      [
        'files',
        { tokens: 'last', sites: ['layer_3'] },
        /no layer is called 'layer_3': did you mean 'layer_2'\?/,
      ],
      [
        'files',
        { tokens: 'last', lastSite: 'logits' },
        /lastSite 'logits' is not one of the layers: layer_2/,
      ],
      [
        'mask.npy',
        { mask: fixture('layers.npz') },
        /has the arrays block\.0, .*: choose one as .*layers\.npz:NAME/,
      ],
      ['none', {}, /none: there is no such file or folder/],
      ['refused', {}, /cannot read .*refused\/build\.pt/],
      ['files', { tokens: { sample: 1000 } }, /a sample must have 3 to 240 tokens/],
      ['files', { axes: 'ND' }, /shape \[80,3,6\] has 3 axes, but --axes ND names 2/],
      ['files', { axes: 'NXD' }, /letters L, N, T and D.*got 'NXD'/],
    ];
    for (const [name, options, message] of cases)
      await assert.rejects(profile(fixture(name), options), message);
  });

  it('refuses two layers of one name', async () => {
    const paths = [fixture('files/layer_2.npy'), fixture('shards/model-00002-of-00002.safetensors')];
    await assert.rejects(
      profile(paths, { tokens: 'last' }),
      /two layers are called 'layer_2', in .*npy and .*shards/,
    );
  });

  it('finds axes from shapes that leave one reading, and asks otherwise', () => {
    const alone = { shared: false, tokens: false };
    assert.equal(axesOf([500, 64], alone).text, 'ND');
    assert.equal(axesOf([13, 10_000, 768], alone).text, 'LND');
    assert.equal(axesOf([13, 10_000, 768], { ...alone, tokens: true }).text, 'NTD');
    assert.equal(axesOf([1000, 128, 768], alone).text, 'NTD');
    assert.equal(axesOf([12, 1000, 16, 64], alone).text, 'LNTD');
    assert.equal(axesOf([1000, 64, 8, 8], { ...alone, shared: true }).text, 'NDDD');
    for (const shape of [
      [64, 64, 768],
      [200, 128, 64],
      [1000, 13, 128, 768],
      [64, 13, 128, 768],
    ])
      assert.throws(() => axesOf(shape, alone), /can be read in several ways: choose with --axes one of/);
    assert.throws(() => axesOf([7], alone), /shape is \[7\]/);
  });
});
