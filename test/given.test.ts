import { strict as assert } from 'node:assert';
import { activations } from '../src/activations/activations';
import { profile } from '../src/activations/file-profile';
import { layerProfile } from '../src/activations/profile';
import { modelSource } from '../src/activations/sources/inputs';
import { informationImbalance } from '../src/intrinsic-dimension/comparison/information-imbalance';
import {
  labelOverlap,
  neighbourhoodOverlap,
} from '../src/intrinsic-dimension/comparison/neighbourhood-overlap';
import { idDecimation } from '../src/intrinsic-dimension/decimation';
import { ESTIMATORS } from '../src/intrinsic-dimension/estimators/registry';
import { intrinsicDimension } from '../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../src/intrinsic-dimension/local-id';
import { cube } from '../src/intrinsic-dimension/manifolds/manifolds';
import { hidalgo } from '../src/intrinsic-dimension/mixture/hidalgo';
import { idScale } from '../src/intrinsic-dimension/scale';

/** As plain JavaScript may call it. */
type Loose = (options: unknown) => Promise<unknown>;

const points = cube({ points: 60, dimension: 2 });
const labels = Array.from({ length: 60 }, (_, i) => i % 3);
/** Options are looked at before these. */
const [model, inputs] = [{} as never, {} as never];

const READERS: Readonly<Record<string, Loose>> = {
  intrinsicDimension: (options) => intrinsicDimension(points, options as never),
  idScale: (options) => idScale(points, options as never),
  localId: (options) => localId(points, options as never),
  idDecimation: (options) => idDecimation(points, options as never),
  hidalgo: (options) => hidalgo(points, options as never),
  informationImbalance: (options) => informationImbalance(points, points, options as never),
  neighbourhoodOverlap: (options) => neighbourhoodOverlap(points, points, options as never),
  labelOverlap: (options) => labelOverlap(points, labels, options as never),
  layerProfile: (options) => layerProfile(model, inputs, options as never),
  profile: (options) => profile('none.npy', options as never),
  modelSource: (options) => modelSource(model, inputs, options as never),
  activations: (options) => activations({} as never, [], options as never).next(),
};

describe('options', () => {
  it('that are no object are refused', async () => {
    for (const [name, call] of Object.entries(READERS))
      for (const options of ['two-nn', 5, null, ['k', 5]])
        await assert.rejects(
          call(options),
          (error: Error) => error instanceof TypeError && error.message.startsWith(`the options of ${name}`),
          name,
        );
  });

  it('of another estimator are refused, with what the chosen one reads', async () => {
    const message =
      /two-nn has no option k, which belongs to levina-bickel, .*; two-nn reads discardFraction, fit/;
    for (const name of ['intrinsicDimension', 'idDecimation', 'layerProfile', 'profile'])
      await assert.rejects(READERS[name]!({ k: 5 }), message);
    await assert.rejects(
      READERS['localId']!({ n1: 5 }),
      /levina-bickel has no option n1, .* reads k, unbiased/,
    );
    await assert.rejects(
      READERS['localId']!({ interval: 'iid' }),
      /localId with levina-bickel has no option interval/,
    );
    await assert.rejects(
      READERS['idDecimation']!({ subsamples: {} }),
      /idDecimation with two-nn has no option subsamples/,
    );
    await assert.rejects(READERS['idScale']!({ k: 5 }), /idScale has no option k: it reads metric, memory/);
    await assert.rejects(READERS['idScale']!({ interval: 'bogus' }), /idScale has no option interval/);
  });

  it('that are undefined count as not given', async () => {
    const { value } = await intrinsicDimension(points);
    const loose = { k: undefined, nonsense: undefined, metric: undefined } as never;
    assert.equal((await intrinsicDimension(points, loose)).value, value);
  });

  const wrong: [string, object, RegExp][] = [];
  for (const k of ['5', 2.5, Number.NaN, -5, null, true, [5], Number.POSITIVE_INFINITY, 5n]) {
    const given =
      typeof k === 'string' ? `'${k}'` : typeof k === 'bigint' ? '5n' : Array.isArray(k) ? '\\[5\\]' : `${k}`;
    wrong.push([
      'intrinsicDimension',
      { estimator: 'levina-bickel', k },
      new RegExp(`^k must be a whole number.*, got ${given}$`),
    ]);
    wrong.push(['localId', { k }, new RegExp(`^k must be a whole number.*, got ${given}$`)]);
    wrong.push(['informationImbalance', { k }, new RegExp(`^k must be a .*, got ${given}$`)]);
    wrong.push(['labelOverlap', { k }, new RegExp(`^k must be a .*, got ${given}$`)]);
    wrong.push([
      'hidalgo',
      { components: k },
      k === Number.POSITIVE_INFINITY
        ? /components must be/
        : new RegExp(`^components must be a .*, got ${given}$`),
    ]);
  }
  // 5 is a number of components.
  for (const [name, options, message] of wrong.filter(
    ([, { components }]: [string, { components?: unknown }, RegExp]) => components !== 5,
  ))
    it(`of the wrong kind are refused: ${name} ${Object.entries(options).map(([key, value]) => `${key} ${typeof value} ${String(value)}`)}`, async () => {
      await assert.rejects(READERS[name]!(options), (error: Error) => message.test(error.message));
    });

  it('common to all are of their kind', async () => {
    for (const [options, message] of [
      [{ level: '0.95' }, /^level must be a number, got '0\.95'$/],
      [{ level: null }, /^level must be a number, got null$/],
      [{ metric: 5 }, /^metric must be one of euclidean, cosine, got 5$/],
      [{ memory: '1e9' }, /^memory must be a number of bytes, got '1e9'$/],
      [{ onProgress: true }, /^onProgress must be a function, got true$/],
      [{ signal: {} }, /^signal must be the signal of an AbortController, got an object$/],
      [{ estimator: null }, /^no estimator null: did you mean/],
      [{ interval: null }, /^interval must be one of sandwich, iid, subsamples, got null$/],
      [{ subsamples: 20 }, /^the options of subsamples must be an object/],
      [
        { subsamples: { cuont: 20 } },
        /^subsamples has no option cuont: did you mean count\? It reads count, fraction, seed$/,
      ],
      // Nothing that it reads is like this.
      [
        { subsamples: { bandwidth: 1 } },
        /^subsamples has no option bandwidth: it reads count, fraction, seed$/,
      ],
      [{ subsamples: { fraction: '.9' } }, /^fraction must be a number, got '\.9'$/],
      [{ subsamples: { seed: 'x' } }, /^seed must be a whole number of at least 0, got 'x'$/],
    ] as const)
      await assert.rejects(READERS['intrinsicDimension']!(options), (error: Error) =>
        message.test(error.message),
      );
  });

  it('have bounds', async () => {
    for (const [name, options, message] of [
      [
        'hidalgo',
        { chains: 1e6, sweeps: 1e6 },
        /^chains x sweeps must be at most 100,000,000, got 1,000,000,000,000$/,
      ],
      ['hidalgo', { level: 95 }, /^level must be in \(0, 1\), got 95$/],
      ['idScale', { maxNeighbour: 2.5 }, /^maxNeighbour must be a whole number, got 2\.5$/],
      [
        'intrinsicDimension',
        { subsamples: { count: 1e12 } },
        /^subsamples\.count must be a whole number of at most 1,000,000/,
      ],
    ] as const)
      await assert.rejects(READERS[name]!(options), (error: Error) => message.test(error.message), name);
  });

  it('are read by every estimator as its definition says', async () => {
    for (const estimator of ESTIMATORS)
      await assert.rejects(
        READERS['intrinsicDimension']!({ estimator, nieghbours: 3 }),
        new RegExp(
          `intrinsicDimension with ${estimator} has no option nieghbours: (did you mean \\w+\\? I|i)t reads estimator, `,
        ),
      );
  });
});

describe('nested arrays', () => {
  const rows = (): unknown[][] => Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
  for (const [value, shown] of [
    [null, 'null'],
    [undefined, 'undefined'],
    ['2', "'2'"],
    ['', "''"],
    [true, 'true'],
    [5n, '5n'],
    [[1], '\\[1\\]'],
    [{}, 'an object'],
    [new Date(0), 'an object'],
  ] as const) {
    it(`with ${typeof value} ${shown} are refused with the place and the cure`, async () => {
      const points = rows();
      points[7]![1] = value;
      const message = new RegExp(
        `^row 7, column 1 is ${shown}, which is not a number: remove this row, or put a number there$`,
      );
      const check = (error: Error): boolean => message.test(error.message);
      await assert.rejects(intrinsicDimension(points as never), check);
      await assert.rejects(intrinsicDimension({ distances: points as never }), check);
      await assert.rejects(informationImbalance(rows() as never, points as never), check);
    });
  }

  it('of another form are refused with what they are', async () => {
    const data = new Float64Array(6);
    for (const [given, message] of [
      [data, /got numbers without a shape$/],
      [Promise.resolve(rows()), /got a promise: await it$/],
      [{ x: [1], y: [2] }, /got an object with x, y$/],
      [{ distances: rows(), data, shape: [3, 2] }, /as distances and as coordinates: give one of them$/],
      [{ data, shape: null }, /points\.shape must be \[points, dimensions\], got null/],
      [{ row: () => data }, /got an object with row$/],
      [{ row: () => data, shape: '3,2' }, /points\.shape must be \[points, dimensions\], got '3,2'/],
      [
        { data: new Float64Array(0), shape: [5, 0] },
        /got shape \[5, 0\]: points need at least one coordinate$/,
      ],
    ] as const)
      await assert.rejects(intrinsicDimension(given as never), message);
    await assert.rejects(
      intrinsicDimension(rows() as never, { through: 'guessing' as never }),
      /through must be one of projection, bfloat16, float32, got 'guessing'/,
    );
  });

  it('with holes and NaN are refused, and rows of typed arrays are read', async () => {
    const holes = rows();
    delete holes[3]![0];
    await assert.rejects(intrinsicDimension(holes as never), /row 3, column 0 is undefined/);
    const nan = rows();
    nan[2]![1] = Number.NaN;
    await assert.rejects(intrinsicDimension(nan as never), /1 of 40 values is NaN .* in row 2, column 1/);
    await assert.rejects(
      intrinsicDimension(['ab', 'cd', 'ef'] as never),
      /row 0 must be an array of numbers, got 'ab'/,
    );
    const typed = rows().map((row) => Float64Array.from(row as number[]));
    const { value } = await intrinsicDimension(rows() as never);
    assert.equal((await intrinsicDimension(typed as never)).value, value);
  });

  it('have shapes of whole numbers', async () => {
    const data = new Float64Array(6);
    for (const shape of [
      ['3', '2'],
      [1.5, 4],
      [-3, -2],
      [Number.NaN, 2],
      [null, 2],
    ])
      await assert.rejects(
        intrinsicDimension({ data, shape: shape as never }),
        /shape must be two whole numbers \[points, dimensions\], got/,
      );
  });

  it('come with labels that are all there', async () => {
    for (const label of [null, undefined, Number.NaN, {}])
      await assert.rejects(
        labelOverlap(points, labels.map((own, i) => (i === 5 ? label : own)) as never),
        /the label of row 5 is (null|undefined|NaN|an object): labels must be texts or numbers/,
      );
  });
});
