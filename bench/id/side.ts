/** This project's side of the estimates: reads the given points, and estimates repeatedly. */
import * as tf from '@tensorflow/tfjs';
import { profile as savedProfile } from '../../src/activations/file-profile';
import { layerProfile } from '../../src/activations/profile';
import { toBatch } from '../../src/data/dataset';
import { mnist } from '../../src/data/mnist';
import { type IdOptions, intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import type { Coordinates } from '../../src/intrinsic-dimension/points/points';
import { resnet } from '../../src/models/resnet';
import { loadBackend } from '../../src/runtime/backend';
import { serve } from '../side';
import { readMatrix } from './matrix';
import { watched } from './memory';

/** TwoNN with 20 subsamples of 90 %, as in the paper. */
const SETTINGS = { estimator: 'two-nn', subsamples: { count: 20, fraction: 0.9 } } as const;

let points: Coordinates | undefined;

void serve({
  setup: async ({ file }) => {
    const { version } = await loadBackend();
    points = readMatrix(String(file));
    return { version };
  },
  run: async () => {
    const { result, ms, extraMegabytes } = await watched(() => intrinsicDimension(points!, SETTINGS));
    return { ms: [ms], value: result.value, certified: result.certified, extraMegabytes };
  },
  estimator: async ({ options }) => {
    const { result, ms } = await watched(() => intrinsicDimension(points!, options as IdOptions));
    return { ms: [ms], value: result.value, kernel: result.kernel };
  },
  /** All sites of an untrained ResNet-18 over MNIST's 10,000 digits; the network's own time is part of it. */
  profile: async ({ width }) => {
    await loadBackend();
    const model = resnet({ classes: 10, channels: 1, width: Number(width) });
    const { train, validation } = mnist();
    const inputs = tf.concat([train, validation].map((split) => toBatch(split).inputs));
    const { result, ms, extraMegabytes } = await watched(() => layerProfile(model, inputs, SETTINGS));
    const sites = Object.entries(result.sites).map(([site, { value, points, shape, certified }]) => ({
      site,
      value,
      certified,
      n: points,
      d: shape.reduce((size, axis) => size * axis, 1),
    }));
    return { ms: [ms], extraMegabytes, sites };
  },
  /** Every layer of a file [layers, examples, features], with intervals. */
  layers: async ({ file }) => {
    const { result, ms, extraMegabytes } = await watched(() => savedProfile(String(file), { axes: 'LND' }));
    return { ms: [ms], values: result.order.map((site) => result.sites[site]!.value), extraMegabytes };
  },
});
