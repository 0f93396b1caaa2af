import assert from 'node:assert/strict';
import type { LayerProfile } from '../../src/activations/layer-profile';
import { categoryAxis } from '../../src/figures/category-axis';
import { twoNnFigure } from '../../src/figures/estimator';
import { type Figure, toSVG } from '../../src/figures/figure';
import { COLUMN_WIDTHS, type FrameOptions } from '../../src/figures/frame';
import { estimatorsFigure } from '../../src/figures/grokking-estimators';
import { BatchCurve, liveFigure } from '../../src/figures/live';
import { profileFigure, runsFigure } from '../../src/figures/profile';
import { DRAWINGS } from '../../src/figures/registry';
import { runFigure } from '../../src/figures/run';
import { sketch } from '../../src/figures/sketch';
import { recordedRuns } from '../../src/records/recorded-runs';
import { syntheticRun } from './synthetic-run';
import { svgFaults, textBoxes } from './text-boxes';

/** As wide as a small and a large cell of a notebook. */
const CELLS = [700, 1280];

/** Drawn for a page: arranged for 700 pixels, and as wide as the cell. Drawn for a paper: arranged for a column. */
async function faults(draw: (options: FrameOptions) => Figure): Promise<string[]> {
  const found: string[] = [];
  for (const width of CELLS) {
    const faulty = svgFaults(await toSVG(draw({}), { width }));
    found.push(...faulty.map((fault) => `${width} px: ${fault}`));
  }
  // The narrow column is the hard one: both are about as wide as a small cell.
  const column = svgFaults(await toSVG(draw({ width: COLUMN_WIDTHS[1], title: '' })));
  return [...found, ...column.map((fault) => `column: ${fault}`)];
}

function profileOf(values: readonly number[], name = 'layer'): LayerProfile {
  const order = values.map((_, i) => `${name}.${i}`);
  const estimates = values.map((value) => ({
    value,
    interval: { lower: value - 1, upper: value + 1, level: 0.95 },
  }));
  const peak = values.indexOf(Math.max(...values));
  return {
    order,
    sites: Object.fromEntries(order.map((site, i) => [site, estimates[i]])),
    notMeasurable: {},
    peakSite: order[peak],
    lastSite: order.at(-1),
    peakId: values[peak],
    lastLayerId: values.at(-1),
  } as unknown as LayerProfile;
}

describe('the text of figures', function () {
  this.timeout(120_000);

  for (const { name, records, draw } of DRAWINGS) {
    it(`of ${name} overlaps nowhere, is whole, and has contrast`, async () => {
      const runs = recordedRuns(records);
      assert.deepEqual(await faults((options) => draw(runs, options)), []);
    });
  }

  it('has room for whichever runs stand beside one', async () => {
    const others = [1e-3, 1e-4, 1e-5, 1e-6].map((weightDecay) => {
      const run = syntheticRun({ weightDecay, half: 4000 });
      return { ...run, config: { ...run.config, learningRate: 2e-3, batchSize: 123, dropoutRate: 0.25 } };
    });
    for (const count of [1, 4]) {
      const beside = others.slice(0, count);
      assert.deepEqual(await faults((options) => runFigure(syntheticRun(), { ...options, beside })), []);
    }
    const state = { run: syntheticRun(), batches: new BatchCurve(), step: 4000, steps: 5000 };
    const live = liveFigure(state, { beside: others });
    assert.deepEqual(svgFaults(await toSVG(live)), []);
    assert.deepEqual(svgFaults(sketch(live)), []);
    assert.deepEqual(svgFaults(sketch(liveFigure(state))), []);
    const [estimators] = recordedRuns('grokking-estimators');
    assert.deepEqual(await faults((options) => estimatorsFigure(estimators!, options)), []);
  });

  it('has room for PID beside LLID, and for many sites with long names', async () => {
    for (const values of [
      [5, 9, 8.8],
      [5, 9],
      [9, 5, 4],
      Array.from({ length: 40 }, (_, i) => 10 + (i % 7)),
    ]) {
      const profile = profileOf(values, 'transformer.h.attention');
      assert.deepEqual(await faults((options) => profileFigure(profile, options)), []);
    }
    const runs = Object.fromEntries(
      [1, 2, 3, 4, 5, 6, 7, 8].map((step) => [`checkpoint-${step}000.safetensors`, profileOf([4, 9, 6])]),
    );
    assert.deepEqual(await faults((options) => runsFigure(runs, options)), []);
  });

  it('has room for a fit', async () => {
    const x = Float64Array.from({ length: 300 }, (_, i) => (i + 1) / 300);
    const estimate = { value: 2, interval: { lower: 1.9, upper: 2.1, level: 0.95 }, fit: { x, kept: 270 } };
    assert.deepEqual(await faults((options) => twoNnFigure(estimate as never, { ...options, truth: 2 })), []);
  });

  it('notices what overlaps, what is cut off, and what is faint', () => {
    const svg = (inside: string): string =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" font-size="12">${inside}</svg>`;
    const text = (x: number, y: number, words: string, more = ''): string =>
      `<text x="${x}" y="${y}" fill="#222222"${more}>${words}</text>`;
    assert.deepEqual(
      svgFaults(svg(text(10, 20, 'here') + text(60, 20, 'there') + text(10, 40, 'below'))),
      [],
    );
    assert.deepEqual(svgFaults(svg(text(10, 20, 'here') + text(20, 24, 'there'))), [
      "'here' and 'there' overlap",
    ]);
    assert.deepEqual(svgFaults(svg(text(150, 20, 'far too wide'))), ["'far too wide' is cut off"]);
    const turned = ' transform="rotate(-90 10 20)"';
    assert.deepEqual(svgFaults(svg(text(10, 20, 'upright', turned))), ["'upright' is cut off"]);
    assert.deepEqual(
      svgFaults(svg(text(40, 80, 'upright', ' transform="rotate(-90 40 80)"') + text(50, 60, 'beside'))),
      [],
    );
    const moved = `<g transform="translate(100,0)">${text(10, 20, 'moved')}</g>`;
    assert.deepEqual(svgFaults(svg(text(10, 20, 'here') + moved)), []);
    const grey = svg('<text x="10" y="20" fill="#777777">grey</text>');
    assert.deepEqual(svgFaults(grey), ["'grey' has contrast 4.5", "dark: 'grey' has contrast 4.2"]);
    const faint = svg(text(10, 20, 'faint', ' opacity="0.5"'));
    assert.match(svgFaults(faint).join(), /'faint' has contrast/);
    assert.deepEqual(svgFaults(svg('')), ['it has no text']);
  });

  it('measures lines of several sizes as plotly.js sets them', () => {
    const line = (dy: string, inside: string): string =>
      `<tspan class="line" dy="${dy}" x="10" y="12">${inside}</tspan>`;
    const first = line('0em', 'Title');
    const second = line('1.3em', '<tspan style="font-size:11px">below</tspan>');
    const { boxes } = textBoxes(
      `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><text x="10" y="12" dy="0.7em" style="font-size: 15px; fill: rgb(34, 34, 34);">${first}${second}</text></svg>`,
    );
    // The baselines are 1.3 x 15 apart, and the first is at y: the dy of the text counts only without lines.
    const baselines = boxes.map(({ corners }) => corners[2]!.y - 0.24 * 15);
    assert.ok(
      Math.abs(baselines[0]! - 12) < 1e-9 && Math.abs(baselines[1]! - 12 - 19.5) < 1e-9,
      `${baselines}`,
    );
    assert.equal(boxes.length, 2);
  });
});

describe('an axis of names', () => {
  it('turns the names where they have no room, and writes every second where they are too many', () => {
    const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `layer-${i}`);
    assert.equal(categoryAxis(names(6), 600, '').axis.tickangle, 0);
    assert.equal(categoryAxis(names(20), 600, '').axis.tickangle, -90);
    assert.deepEqual(categoryAxis(names(20), 600, '').axis.ticktext, names(20));
    const every2nd = names(80).filter((_, i) => i % 2 === 0);
    assert.deepEqual(categoryAxis(names(80), 600, '').axis.tickvals, every2nd);
  });

  it('shows long names by their ends', () => {
    const { tickvals, ticktext } = categoryAxis(
      ['features.0.conv', 'a.module.of.a.very.long.name.conv1'],
      600,
      '',
    ).axis;
    assert.deepEqual(tickvals, ['features.0.conv', 'a.module.of.a.very.long.name.conv1']);
    assert.deepEqual(ticktext, ['features.0.conv', '….a.very.long.name.conv1']);
  });
});
