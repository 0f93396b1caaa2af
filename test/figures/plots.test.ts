import assert from 'node:assert/strict';
import type { Layout, LayoutAxis } from 'plotly.js';
import { toSVG } from '../../src/figures/figure';
import * as plot from '../../src/figures/plots/by-name';
import { svgFaults } from './text-boxes';

const rows = ['train', 'validation'].flatMap((split) =>
  [0, 1, 10, 100, 1000].map((step) => {
    const loss = 3 / (1 + step / (split === 'train' ? 10 : 40));
    return { step, split, loss, low: 0.8 * loss, high: 1.2 * loss, seed: step % 3 };
  }),
);

/** As danfo has them. */
const frame = {
  columns: ['step', 'loss'],
  values: [
    [1, 3],
    [2, 2],
    [4, 1],
  ],
};

const GALLERY = {
  'numbers alone': plot.line([3, 2, 1.5, 1.2]),
  'columns x and y': plot.scatter({ x: Float64Array.of(1, 2, 3), y: [4, 5, 6] }, { title: 'Three points' }),
  'a data frame': plot.line(frame, { x: 'step', y: 'loss', xAxis: { log: true } }),
  'records with bands on a log axis': plot.line(rows, {
    x: 'step',
    y: 'loss',
    by: 'split',
    lower: 'low',
    upper: 'high',
    interval: '95 % interval',
    xAxis: { log: true },
    title: 'Loss over the steps, with an interval around each of the two curves',
  }),
  panels: plot.scatter(rows, {
    x: 'step',
    y: 'loss',
    by: 'split',
    facet: 'seed',
    title: 'One panel for each seed',
  }),
  bars: plot.bar(
    {
      layer: ['conv1', 'conv2', 'avg_pool'],
      share: [0.2, 0.5, 0.9],
      from: [0.1, 0.4, 0.8],
      to: [0.3, 0.6, 0.95],
    },
    { x: 'layer', y: 'share', lower: 'from', upper: 'to', yAxis: { percent: true, label: 'accuracy' } },
  ),
  'a histogram': plot.histogram(
    {
      value: Array.from({ length: 200 }, (_, i) => (i * 37) % 101),
      of: Array.from({ length: 200 }, (_, i) => (i < 100 ? 'first' : 'second')),
    },
    { x: 'value', by: 'of', bins: 10, share: true },
  ),
  'a manifold': plot.scatter(
    { x: [0, 1, 2], y: [0, 1, 0], height: [1, 2, 3] },
    { colour: 'height', equalScales: true, title: 'A rolled-up sheet' },
  ),
  dates: plot.line({ day: [new Date(0), new Date(86_400_000)], count: [1, 2] }, { x: 'day', y: 'count' }),
};

describe('plots of one’s own', function () {
  this.timeout(60_000);

  for (const [name, figure] of Object.entries(GALLERY)) {
    it(`draw ${name}, with room for all text at 700 and 1,280 pixels and in a column`, async () => {
      for (const width of [700, 1280]) assert.deepEqual(svgFaults(await toSVG(figure, { width })), []);
      const column = plot.overlay([figure], { width: 312, title: '' });
      assert.deepEqual(svgFaults(await toSVG(column)), []);
    });
  }

  it('give one unit the same length on both axes, in any figure, and leave no axis empty', () => {
    const wide = { x: [0, 8, 16], y: [0, 2, 1], of: ['a', 'a', 'b'] };
    const tall = { x: wide.y, y: wide.x, of: wide.of };
    for (const [data, options] of [
      [wide, {}],
      [tall, {}],
      [wide, { facet: 'of' }],
      [tall, { facet: 'of', height: 200 }],
      [wide, { width: 312 }],
    ] as const) {
      const { layout } = plot.scatter(data, { ...options, equalScales: true });
      const { width, height, margin } = layout as Required<Layout>;
      // plotly.js takes the number of the first axis, which its types do not know.
      const { xaxis1: xaxis, yaxis1: yaxis } = layout as Record<string, Required<LayoutAxis>>;
      const pixels = (axis: Required<LayoutAxis>, whole: number): number =>
        (whole * (axis.domain[1]! - axis.domain[0]!)) / (axis.range[1] - axis.range[0]);
      const unit = pixels(xaxis!, width - margin.l! - margin.r!);
      assert.ok(Math.abs(pixels(yaxis!, height - margin.t! - margin.b!) / unit - 1) < 1e-9);
      assert.ok(Math.min(xaxis!.range[1], yaxis!.range[1]) / 16 < 1.1);
    }
    assert.throws(
      () => plot.scatter(wide, { equalScales: true, xAxis: { log: true } }),
      /plot\.scatter: equalScales needs numbers on two linear axes, and one is logarithmic/,
    );
    assert.throws(
      () => plot.bar({ x: ['a', 'b'], y: [1, 2] }, { equalScales: true }),
      /plot\.bar: equalScales needs numbers on two linear axes, and x holds 'a'/,
    );
  });

  it('name a group without a name, count in whole numbers, and write thousands out', async () => {
    const groups = plot.bar({ x: ['a', 'b'], y: [1, 2], of: ['left', null] }, { facet: 'of' });
    assert.deepEqual(
      groups.layout!.annotations!.map(({ text }) => text),
      ['left', 'missing'],
    );
    const svg = await toSVG(plot.histogram([58, 61, 66, 71]));
    assert.ok(!/>0\.\d</.test(svg), svg);
    assert.match(await toSVG(plot.scatter({ x: [1, 2], y: [5, 12345] })), />12,000</);
  });

  it('take numbers from arrays, records, columns and frames alike', () => {
    const points = (figure: plot.Plot): unknown => figure.data.map(({ x, y }) => [x, y]);
    const columns = { step: [1, 2, 4], loss: [3, 2, 1] };
    const records = [
      { step: 1, loss: 3 },
      { step: 2, loss: 2 },
      { step: 4, loss: 1 },
    ] as const;
    const expected = [
      [
        [1, 2, 4],
        [3, 2, 1],
      ],
    ];
    assert.deepEqual(points(plot.line(columns, { x: 'step', y: 'loss' })), expected);
    assert.deepEqual(points(plot.line(records, { x: 'step', y: 'loss' })), expected);
    assert.deepEqual(points(plot.line(frame, { x: 'step', y: 'loss' })), expected);
    assert.deepEqual(points(plot.line(records, { x: ({ step }) => step, y: [3, 2, 1] })), expected);
    assert.deepEqual(points(plot.line([3, 2, 1])), [
      [
        [0, 1, 2],
        [3, 2, 1],
      ],
    ]);
  });

  it('have a band around a line, in the colour of the line, named on the axis', () => {
    const { data, layout } = GALLERY['records with bands on a log axis'];
    assert.deepEqual(
      data.map(({ fill, name, showlegend }) => [fill, name, showlegend]),
      [
        ['toself', 'train', false],
        [undefined, 'train', true],
        ['toself', 'validation', false],
        [undefined, 'validation', true],
      ],
    );
    assert.equal(data[0]!.fillcolor, 'rgba(0,114,178,0.25)');
    assert.equal(data[1]!.line!.color, '#0072B2');
    const axis = (layout as Record<string, { title: { text: string } }>)['yaxis1']!;
    assert.equal(axis.title.text, 'loss, band: 95 % interval');
    // Zero stands behind a break of axis and line, and outside of the band that goes on.
    assert.equal((data[1]!.y as unknown[])[1], null);
    assert.equal(layout!.shapes!.length, 3);
    assert.ok((data[1]!.x as number[])[0]! < 1 && (data[1]!.x as number[])[0]! > 0);
  });

  it('compose: one legend, one colour for a name, and a mark without panels in every panel', () => {
    const points = plot.scatter(rows, { x: 'step', y: 'loss', by: 'split', facet: 'seed' });
    const curve = plot.line({ step: [0, 1000], bound: [1, 1] }, { x: 'step', y: 'bound', name: 'bound' });
    const { data, layout } = plot.overlay([points, curve], { title: 'Both', yAxis: { label: 'loss' } });
    const bounds = data.filter(({ name }) => name === 'bound');
    assert.deepEqual(
      bounds.map(({ xaxis, showlegend }) => [xaxis, showlegend]),
      [
        ['x1', true],
        ['x2', false],
      ],
    );
    const listed = data.filter(({ showlegend }) => showlegend).map(({ name }) => name);
    assert.deepEqual(listed, ['train', 'validation', 'bound']);
    assert.deepEqual(
      layout!.annotations!.map(({ text }) => text),
      ['seed 0', 'seed 1'],
    );
  });

  it('count every value once, in bins that series share', () => {
    const { data } = plot.histogram([0, 1, 1, 2, 10], { bins: 5 });
    assert.deepEqual(
      [...(data[0]!.y as number[])].reduce((a, b) => a + b),
      5,
    );
    assert.deepEqual(data[0]!.y, [3, 1, 0, 0, 0, 1]); // [0, 2), [2, 4) ... [10, 12)
    const log = plot.histogram([1, 10, 100, 1000], { bins: 3, log: true }).data[0]!;
    assert.equal(
      (log.y as number[]).reduce((a, b) => a + b),
      4,
    );
    assert.deepEqual(plot.histogram([7, 7]).data[0]!.y, [2]);
    const shares = GALLERY['a histogram'].data.map(({ y }) => (y as number[]).reduce((a, b) => a + b));
    for (const share of shares) assert.ok(Math.abs(share - 100) < 1e-9);
  });

  it('have a date axis for dates, also for those that a file holds as texts', () => {
    const axisOf = (layout: unknown): Partial<LayoutAxis> =>
      (layout as { xaxis1: Partial<LayoutAxis> }).xaxis1;
    const days = ['2024-01-03', '2024-01-05', '2024-02-11'];
    const y = [1, 2, 3];
    const ends = ['2024-01-03T00:00:00.000Z', '2024-02-11T00:00:00.000Z'];
    for (const x of [days, days.map((day) => new Date(day))]) {
      const { data, layout } = plot.line({ x, y });
      assert.equal(axisOf(layout).type, 'date');
      assert.deepEqual([(data[0]!.x as string[])[0], (data[0]!.x as string[])[2]], ends);
    }
    const [time] = plot.line({ x: ['2024-01-03 18:30'], y: [1] }).data;
    assert.deepEqual(time!.x, ['2024-01-03T18:30:00.000Z']);
    // One that is none makes names of all.
    const named = plot.line({ x: [...days, '2024-13-01'], y: [...y, 4] });
    assert.deepEqual(axisOf(named.layout).ticktext, [...days, '2024-13-01']);
  });

  it('leave gaps for missing numbers, in bands too', () => {
    const { data } = plot.line(
      { x: [1, 2, 3], y: [1, Number.NaN, 3], l: [0, Number.NaN, 2], u: [2, 3, 4] },
      { lower: 'l', upper: 'u' },
    );
    assert.deepEqual(data[0]!.x, [1, 1, null, 3, 3, null]);
    assert.deepEqual(data[1]!.y, [1, null, 3]);
  });

  it('say what is wrong, where, and what to do', () => {
    const columns = { step: [1, 2], loss: [1, 2] };
    const refused: [() => unknown, RegExp][] = [
      [
        // @ts-expect-error no such column
        () => plot.line(columns, { x: 'step', y: 'lose' }),
        /^plot\.line: y names no column 'lose': did you mean 'loss'\? the columns are step, loss$/,
      ],
      [() => plot.line(columns), /say which column is y, as \{ y: 'step' \}: there are step, loss/],
      [() => plot.line(columns, { y: [1, 2, 3] }), /y has 3 values, and the data have 2 rows/],
      [() => plot.line({ x: [1, 2], y: [1] }), /column 'y' has 1 value, and 'x' has 2/],
      [() => plot.line([]), /the data are empty/],
      [
        () => plot.scatter({ x: [1, 2], y: [1, 'two'] }),
        /plot\.scatter: y\[1\] is 'two', which is not a number/,
      ],
      [
        () => plot.scatter({ x: [1, 'b'], y: [1, 2] }),
        /x\[0\] is 1, but x\[1\] is 'b': give values of one kind/,
      ],
      [() => plot.line([Number.NaN, Number.NaN]), /y has 2 values, and none is a number that can be drawn/],
      [
        () => plot.line({ x: [-1, 1], y: [1, 2] }, { xAxis: { log: true } }),
        /x holds -1, which a log axis cannot show/,
      ],
      [
        () => plot.line({ x: [1, 2], y: [0, 2] }, { yAxis: { log: true } }),
        /y holds 0, .*yAxis: \{ log: false \}/,
      ],
      [() => plot.bar([1, 2], { yAxis: { log: true } }), /bars begin at 0/],
      [() => plot.line(columns, { x: 'step', y: 'loss', lower: 'loss' }), /give upper as well/],
      [
        () => plot.bar(columns, { x: 'step', y: 'loss', interval: '95 % interval' }),
        /there are none: name their columns/,
      ],
      [() => plot.histogram([1, 0], { log: true }), /x\[1\] is 0, which a log axis cannot show/],
      [() => plot.histogram([1, 2], { bins: 0 }), /bins is 0: it must be a whole number/],
      [() => plot.overlay([]), /there are no plots/],
      // @ts-expect-error a word is no data
      [() => plot.line('points.csv'), /the data are 'points\.csv': give numbers, records/],
    ];
    for (const [body, message] of refused) assert.throws(body, { message });
  });
});
