import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import { runFigure } from '../../src/figures/run';
import { sketch } from '../../src/figures/sketch';
import { syntheticRun } from './synthetic-run';

describe('sketch', () => {
  it('draws a point where the axes say', () => {
    const svg = sketch({
      data: [{ type: 'scatter', x: [1, 10, 100], y: [0, 1, 2] }],
      layout: {
        width: 300,
        height: 200,
        margin: { l: 50, r: 50, t: 50, b: 50 },
        xaxis: { type: 'log', range: [0, 2] },
        yaxis: { range: [0, 2] },
      },
    });
    assert.match(svg, /M50 150L150 100L250 50"/);
  });

  it('is well-formed, with every name and label of the figure', () => {
    const run = syntheticRun();
    const figure = runFigure(run, { beside: [{ ...run, config: { ...run.config, weightDecay: 0.5 } }] });
    const { document } = new JSDOM(sketch(figure), { contentType: 'image/svg+xml' }).window;
    const words = [...document.querySelectorAll('text')].map(({ textContent }) => textContent);
    for (const { name } of figure.data) assert.ok(words.includes(name!), `${name} is missing in ${words}`);
    for (const label of ['step (log scale)', 'accuracy (%)', 'LLID on validation', '80'])
      assert.ok(words.includes(label));
    assert.equal(document.querySelectorAll('g path').length, figure.data.length);
  });

  it('takes a picture without data', () => {
    assert.match(sketch({ data: [{ type: 'scatter', x: [], y: [] }] }), /^<svg.*<\/svg>$/s);
  });

  it('draws with no document and no font: it has not even loaded what pictures need', () => {
    const source = `
      require('./src/figures/sketch').sketch({ data: [{ type: 'scatter', x: [1, 2], y: [1, 2] }] });
      const heavy = /node_modules.(jsdom|plotly|@napi-rs)/;
      console.log(Object.keys(require.cache).filter((path) => heavy.test(path)).length);`;
    const options = { cwd: join(__dirname, '..', '..'), encoding: 'utf8' } as const;
    assert.equal(execFileSync(process.execPath, ['--import=tsx', '-e', source], options), '0\n');
  });
});
