import assert from 'node:assert/strict';
import type { PlotData } from 'plotly.js';
import { grokkingStep } from '../../src/analysis/transition';
import { type Figure, toSVG } from '../../src/figures/figure';
import { grokkingGrid } from '../../src/figures/grokking-grid';
import { grokkingTable } from '../../src/figures/grokking-table';
import { BatchCurve, liveFigure } from '../../src/figures/live';
import { siteCurves } from '../../src/figures/profile';
import { provenance } from '../../src/figures/provenance';
import { runFigure } from '../../src/figures/run';
import { RANGE } from '../../src/figures/run-axes';
import { sketch } from '../../src/figures/sketch';
import type { RunSoFar } from '../../src/records/run-record';
import { syntheticRun } from './synthetic-run';

const liveFigureOf = (run: RunSoFar): Figure =>
  liveFigure({ run, batches: new BatchCurve(), step: 5000, steps: 5000 });

describe('grokking figures', () => {
  it('finds the step of 50 % between two measurements', () => {
    // The made-up curve is logistic; the line between its points, 250 steps apart, is off by less than 10 steps.
    const step = grokkingStep(syntheticRun({ half: 2700 }).measurements);
    assert.ok(step !== undefined && Math.abs(step - 2700) < 10, `got ${step}`);
    assert.equal(grokkingStep(syntheticRun({ half: 1e9 }).measurements), undefined);
    assert.equal(grokkingStep([]), undefined);
  });

  it('puts accuracy left, LLID right, says the settings in the title, and hardware and commit in the caption', () => {
    const run = syntheticRun();
    const { data, layout, caption } = runFigure(run);
    assert.deepEqual(
      data.map(({ name, yaxis }) => [name, yaxis]),
      [
        ['train accuracy', undefined],
        ['validation accuracy', undefined],
        ['LLID (right axis)', 'y2'],
      ],
    );
    const title = (layout!.title as { text: string }).text;
    assert.equal(title, 'Modular division mod 97, p = 0.3, weight decay 1e-2, seed 0');
    assert.match(caption!, /AMD EPYC 7763.*; commit unknown\.$/);
    assert.equal(layout?.xaxis?.type, 'log');
    assert.match(String(layout?.annotations?.[0]?.text), /50 % at step 2,69\d/);
    // Step 0 has no place on a log axis.
    assert.equal((data[0]!.x as number[])[0], 1);
  });

  it('draws the loss of a run without accuracy, such as that of an autoencoder', () => {
    const { measurements, ...run } = syntheticRun();
    const without = measurements.map((line) => ({
      ...line,
      train: { ...line.train, accuracy: Number.NaN },
      validation: { ...line.validation, accuracy: Number.NaN },
    }));
    const { data, layout, caption } = runFigure({ ...run, measurements: without });
    assert.deepEqual(
      data.slice(0, 2).map(({ name, y }) => [name, (y as number[])[0]]),
      [
        ['train loss', 1],
        ['validation loss', 2],
      ],
    );
    assert.deepEqual(layout!.yaxis!.title, { text: 'loss' });
    assert.match(caption!, /^Training and validation loss /);
  });

  it('marks no step of 50 % before the first that is drawn', () => {
    const run = syntheticRun();
    const measurements = run.measurements.filter(({ step }) => step === 0 || step >= 4000);
    const { layout } = runFigure({ ...run, measurements });
    assert.deepEqual(layout?.annotations ?? [], []);
  });

  it('says the instructions of the processor where the record has them', () => {
    const run = syntheticRun();
    const told = { ...run.environment!, instructions: 'AVX2, oneDNN asked for SSE41, kernels avx2' };
    const titleOf = (environment: typeof told | typeof run.environment): string =>
      provenance([{ ...run, environment: environment! }]);
    assert.match(titleOf(told), / 16 GiB, AVX2, oneDNN asked for SSE41; commit unknown\.$/);
    assert.match(titleOf(run.environment), / 16 GiB; commit unknown\.$/);
  });

  it('says in a caption what the runs share, and each value that differs', () => {
    const settings = {
      experiment: 'images',
      dataset: 'mnist',
      images: 500,
      width: 16,
      batchSize: 32,
      labelNoise: 0.3,
    };
    const runs = [2000, 6000].map((steps) => ({ config: { ...settings, steps }, measurements: [] }));
    const shared = 'mnist, 500 pictures, ResNet of width 16, batches of 32, 2,000 steps or 6,000 steps';
    assert.equal(provenance(runs), `Data: 2 runs (${shared}).`);
    // A folder of pictures is named by its own name; records of early versions have one for every data set.
    const folder = { ...settings, folder: 'data/downloads/cifar10-jpeg' };
    const words = (dataset: string): string =>
      provenance([{ config: { ...folder, dataset, steps: 9 }, measurements: [] }]);
    assert.match(words('folder'), /\(folder cifar10-jpeg, 500 pictures,/);
    assert.match(words('mnist'), /\(mnist, 500 pictures,/);
    // The width is a setting of the ResNet, which every config has.
    const other = { config: { ...settings, model: 'another' }, measurements: [] };
    assert.doesNotMatch(provenance([other]), /ResNet/);
  });

  it('draws other runs beside it, named by what differs', () => {
    const other = syntheticRun({ weightDecay: 1e-3, half: 4000, steps: 9000 });
    const { data } = runFigure(syntheticRun(), { beside: [other] });
    assert.deepEqual(
      data.slice(3).map(({ name, yaxis }) => [name, yaxis]),
      [
        ['validation: weightDecay=0.001', undefined],
        ['LLID: weightDecay=0.001', 'y2'],
      ],
    );
  });

  it('draws LLID where it was measured, and neither curve nor axis where it never was', () => {
    const without = (every: number): RunSoFar => {
      const run = syntheticRun();
      const measurements = run.measurements.map((each, i) =>
        i % every === 0
          ? each
          : { ...each, train: { ...each.train, id: {} }, validation: { ...each.validation, id: {} } },
      );
      return { ...run, measurements };
    };
    const rarely = without(3);
    const llid = runFigure(rarely).data.find(({ name }) => name === 'LLID (right axis)')!;
    assert.equal(llid.x!.length, rarely.measurements.filter((_, i) => i > 0 && i % 3 === 0).length);
    const off = { ...without(1000), measurements: without(1000).measurements.slice(1) };
    for (const figure of [runFigure(off), liveFigureOf(off)]) {
      assert.equal(figure.layout?.yaxis2, undefined);
      assert.doesNotMatch(sketch(figure), /LLID/);
    }
    const beside = runFigure(syntheticRun(), { beside: [off] });
    assert.deepEqual(
      beside.data.slice(2).map(({ name }) => name),
      ['LLID (right axis)', 'validation: same settings, recorded'],
    );
    const grid = grokkingGrid([off, syntheticRun({ weightDecay: 0.1 })]);
    assert.equal(
      grid.data.filter(({ name, showlegend }) => name?.startsWith('LLID') && showlegend).length,
      1,
    );
    assert.deepEqual(
      siteCurves(rarely.measurements, [0, 10, 5000]).map(({ sites }) => Object.keys(sites).length),
      [4, 4, 4],
    );
    assert.deepEqual(siteCurves(off.measurements, [0, 5000]), []);
  });

  it('names a site that was not measured', () => {
    assert.throws(() => runFigure(syntheticRun(), { site: 'conv1' }), /'conv1'.*transformer\.h\.0\.attn/);
  });

  it('refuses a run without measurements, and draws one that never groks', () => {
    assert.throws(
      () => runFigure({ config: {}, measurements: [] }),
      /figures\.run needs at least one measurement/,
    );
    const never = runFigure(syntheticRun({ half: 1e9 }));
    assert.equal(never.layout?.annotations, undefined);
  });

  it('draws a grid on shared axes, with empty panels where runs are missing', async () => {
    const settings = [
      { trainFraction: 0.2, weightDecay: 0, half: 1e9 },
      { trainFraction: 0.3, weightDecay: 0, half: 4000 },
      { trainFraction: 0.3, weightDecay: 1e-2, half: 2700 },
    ];
    const figure = grokkingGrid(settings.map(syntheticRun));
    const texts = figure.layout?.annotations?.map(({ text }) => text);
    assert.deepEqual(
      texts?.map((text) => text?.split('<br>').at(-1)),
      ['never', 'not run yet', texts?.[2], '2,698'],
    );
    assert.equal(
      figure.data.filter(({ showlegend }) => showlegend).length,
      3,
      'one legend entry for each curve',
    );
    // As wide as the cell in which it is shown.
    assert.equal(figure.layout?.width, undefined);
    // three curves a run, and one without points that gives the empty panel its axes
    assert.equal((await toSVG(figure)).match(/class="trace scatter/g)?.length, 3 * 3 + 1);
  });

  it('draws the mean and the range of several seeds, and tells their steps', () => {
    const seeds = [2500, 2700, 2900].map((half) => syntheticRun({ half }));
    const figure = grokkingGrid([...seeds, syntheticRun({ weightDecay: 0.1 })], {
      paper: { '0.3': { '0.01': 2600 } },
    });
    const accuracy = figure.data.filter(({ xaxis, yaxis }) => xaxis === 'x1' && yaxis === 'y1');
    const [range, curve] = accuracy.slice(-2) as [Partial<PlotData>, Partial<PlotData>];
    assert.equal(curve.name, 'validation accuracy');
    const at = (curve.x as number[]).indexOf(2500);
    const own = seeds.map(({ measurements }) => {
      return 100 * measurements.find(({ step }) => step === 2500)!.validation.accuracy;
    });
    // Percentages have 6 digits.
    const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-3, `${a}, ${b}`);
    close((curve.y as number[])[at]!, (own[0]! + own[1]! + own[2]!) / 3);
    const ends = (range.y as number[]).filter((_, i) => (range.x as number[])[i] === 2500);
    close(Math.min(...ends), Math.min(...own));
    close(Math.max(...ends), Math.max(...own));
    assert.equal(figure.data.filter(({ name, showlegend }) => name === RANGE && showlegend).length, 1);
    const texts = figure.layout?.annotations?.map(({ text }) => text?.split('<br>').at(-1));
    assert.deepEqual(texts, ['2,500–2,899 (2,600)', '2,698']);
    assert.match(figure.caption!, /lines are their means/);
    const never = syntheticRun({ half: 1e9 });
    const rows = grokkingTable([...seeds, never], { '0.3': { '0.01': 2600 } }).rows;
    assert.equal(rows.length, 1);
    assert.equal(rows[0]!['seeds'], 4);
    assert.equal(rows[0]!['of the seeds'], '3 at 2,500–2,899');
    assert.equal(rows[0]!['50 % at step'], 2699);
  });
});
