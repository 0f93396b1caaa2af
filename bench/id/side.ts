/** This project's side of the estimates: reads the points that it is told, and estimates again and again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import type { Coordinates } from '../../src/intrinsic-dimension/points';
import { loadBackend } from '../../src/runtime/backend';
import { serve } from '../side';
import { readMatrix } from './matrix';

let points: Coordinates | undefined;

void serve({
  setup: async ({ file }) => {
    const { version } = await loadBackend();
    points = readMatrix(String(file));
    return { version };
  },
  /** TwoNN with the 20 subsamples of 90 %, as the paper has it. */
  run: async ({ memory }) => {
    const before = memory ? resident('VmRSS') : 0;
    if (memory) writeFileSync('/proc/self/clear_refs', '5'); // Linux: forget the peak so far
    const start = performance.now();
    const estimate = await intrinsicDimension(points!, {
      estimator: 'two-nn',
      subsamples: { count: 20, fraction: 0.9 },
    });
    const ms = [performance.now() - start];
    const extra = memory ? resident('VmHWM') - before : 0;
    return { ms, value: estimate.value, certified: estimate.certified, extraMegabytes: extra };
  },
});

/** A line of this process's status, in MB. */
function resident(key: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(key));
  return (Number(line!.split(/\s+/)[1]) * 1024) / 1e6;
}
