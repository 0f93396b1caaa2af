import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { LayerProfile } from '../../src/activations/layer-profile';
import { truthFigure, twoNnFigure } from '../../src/figures/estimator';
import { toSVG } from '../../src/figures/figure';
import { profileFigure, profilesFigure, siteCurves, sitesFigure } from '../../src/figures/profile';
import { claimsFigure, repeatsFigure } from '../../src/figures/repeats';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { cube } from '../../src/intrinsic-dimension/manifolds/manifolds';
import { loadBackend } from '../../src/runtime/backend';
import { syntheticRun } from './synthetic-run';

describe('figures of estimators', () => {
  before(() => loadBackend());

  it('draws the fit: its line has the slope of the estimate, its points lie around it', async () => {
    const tensors = tf.memory().numTensors;
    const points = cube({ points: 1000, dimension: 2, seed: 1 });
    const estimate = await intrinsicDimension(points, { fit: true });
    const figure = twoNnFigure(estimate, { truth: 2 });
    const [kept, discarded, line, truth] = figure.data.map(({ x, y }) => ({
      x: x as number[],
      y: y as number[],
    }));
    assert.ok(kept && discarded && line && truth);
    assert.ok(Math.abs((line.y[1] as number) / (line.x[1] as number) - estimate.value) < 1e-12);
    assert.ok(Math.abs((truth.y[1] as number) / (truth.x[1] as number) - 2) < 1e-12);
    // -log(1 - F) of 999 and 900 of 1,000 points.
    assert.equal(discarded.y.at(-1), 6.9078);
    assert.ok((kept.y.at(-1) as number) <= Math.LN10 + 1e-4 && (discarded.y[0] as number) > Math.LN10);
    assert.ok(kept.x.length + discarded.x.length <= 400, 'thinned');
    assert.match(await toSVG(figure), /class="trace scatter/);
    assert.equal(tf.memory().numTensors, tensors);
  });

  it('says what is missing', async () => {
    const estimate = await intrinsicDimension(cube({ points: 50, dimension: 2 }));
    assert.throws(() => twoNnFigure(estimate), /fit: true/);
    assert.throws(() => truthFigure([]), /at least one/);
    assert.throws(() => sitesFigure([]), /at least one/);
    assert.throws(() => profilesFigure({}), /at least one/);
    assert.throws(() => repeatsFigure([estimate], { truth: 2 }), /at least 2/);
  });

  it('draws repeated estimates, and what their intervals claim beside their spread', async () => {
    const sandwich = [];
    for (let seed = 1; seed <= 5; seed++) {
      sandwich.push(await intrinsicDimension(cube({ points: 100, dimension: 2, seed })));
    }
    const values = sandwich.map(({ value }) => value);
    const held = sandwich.filter(({ interval }) => interval.lower < 2 && 2 < interval.upper).length;
    const repeats = repeatsFigure(sandwich, { truth: 2 });
    assert.deepEqual(
      repeats.data.map(({ name }) => name),
      [`interval holds the truth (${held})`, `misses it (${5 - held})`, 'truth: 2'],
    );
    const [claimed, spread] = claimsFigure({ sandwich }, { truth: 2 }).data;
    const mean = values.reduce((sum, value) => sum + value / 5, 0);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / 4, 0));
    assert.ok(Math.abs((spread?.y?.[0] as number) - deviation) < 1e-12);
    const claim = sandwich.reduce((sum, { standardError }) => sum + standardError / 5, 0);
    assert.ok(Math.abs((claimed?.y?.[0] as number) - claim) < 1e-12);
  });

  it('draws estimates against the truth', async () => {
    const known = [];
    for (const dimension of [1, 2]) {
      const estimate = await intrinsicDimension(cube({ points: 200, dimension }));
      known.push({ name: 'cube', truth: dimension, estimate });
    }
    const { data } = truthFigure(known);
    assert.deepEqual(data[1]?.x, [1, 2]);
  });
});

describe('figures along a network', () => {
  const { measurements } = syntheticRun();

  it('draws the chosen measurements, nearest to the wanted steps, each once', () => {
    const { data } = sitesFigure(siteCurves(measurements, [0, 2690, 9999, 99_999]));
    assert.deepEqual(
      data.map(({ name }) => name),
      ['step 0', 'step 2,750', 'step 5,000'],
    );
    assert.deepEqual(data[0]?.x, ['h.0.attn', 'h.0.mlp', 'h.1.attn', 'h.1.mlp']);
  });

  it('names PID and LLID', () => {
    const estimate = (value: number) => ({
      value,
      standardError: 0.5,
      interval: { lower: value - 1, upper: value + 1, level: 0.95 },
      estimator: 'two-nn',
      scale: 1,
      points: 100,
      duplicates: 0,
      certified: 1,
      shape: [4, 128],
    });
    const profile = {
      sites: { 'transformer.h.0.mlp': estimate(20), 'transformer.h.1.mlp': estimate(12) },
      notMeasurable: {},
      order: ['transformer.h.0.mlp', 'transformer.h.1.mlp'],
      peakId: 20,
      peakSite: 'transformer.h.0.mlp',
      lastLayerId: 12,
      lastSite: 'transformer.h.1.mlp',
    };
    const notes = (of: LayerProfile) =>
      profileFigure(of).layout?.annotations?.map(({ x, text, hovertext }) => [x, text, hovertext]);
    assert.deepEqual(notes(profile), [
      ['h.0.mlp', 'PID 20.0', undefined],
      ['h.1.mlp', 'LLID 12.0', undefined],
    ]);
    // A last layer without a dimension has no LLID, and its place stays empty.
    const dead: LayerProfile = {
      ...profile,
      sites: { 'transformer.h.0.mlp': estimate(20) },
      notMeasurable: { 'transformer.h.1.mlp': 'all points are equal' },
      lastLayerId: Number.NaN,
    };
    assert.deepEqual(notes(dead), [
      ['h.0.mlp', 'PID 20.0', undefined],
      ['h.1.mlp', 'not measurable', 'all points are equal'],
    ]);
    assert.deepEqual((profileFigure(dead).data[0] as { y?: unknown }).y, [20, null]);
  });
});
