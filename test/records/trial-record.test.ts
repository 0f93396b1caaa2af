import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BENCHMARK_MANIFOLDS } from '../../src/intrinsic-dimension/manifolds/manifold';
import type { Trial } from '../../src/intrinsic-dimension/trials';
import {
  openTrials,
  readTrials,
  recordedTrials,
  type TrialEnvironment,
} from '../../src/records/trial-record';

const ENVIRONMENT: TrialEnvironment = {
  commit: 'abc',
  backend: 'none',
  versions: { node: '20' },
  hardware: 'a machine',
  load: 1,
};
const TRIAL: Trial = {
  estimator: 'two-nn',
  manifold: 'M7_Roll',
  points: 100,
  seed: 0,
  dimension: 2,
  ms: 12,
  cpuMs: 10,
  value: 1.9,
  lower: 1.5,
  upper: 2.3,
};
const FAILED: Trial = {
  estimator: 'binomial',
  manifold: 'Mn2_Nonlinear',
  points: 100,
  seed: 0,
  dimension: 24,
  ms: 3,
  value: null,
  reason: 'none',
};

describe('a record of trials', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trials-'));
    path = join(folder, 'new', 'truth.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps every finished trial, also when the process is killed within a line', () => {
    const first = openTrials(path, ENVIRONMENT);
    assert.deepEqual(first.before, []);
    first.append(TRIAL);
    first.append(FAILED);
    appendFileSync(path, '{"type":"trial","estim');
    const second = openTrials(path, { ...ENVIRONMENT, commit: 'def' });
    assert.deepEqual(second.before, [TRIAL, FAILED]);
    second.append({ ...TRIAL, seed: 1 });
    const { environments, trials } = readTrials(path);
    assert.deepEqual(
      environments.map(({ commit }) => commit),
      ['abc', 'def'],
    );
    assert.deepEqual(trials, [TRIAL, FAILED, { ...TRIAL, seed: 1 }]);
  });

  it('is not touched by a call that adds nothing', () => {
    openTrials(path, ENVIRONMENT).append(TRIAL);
    const before = readFileSync(path, 'utf8');
    openTrials(path, ENVIRONMENT);
    assert.equal(readFileSync(path, 'utf8'), before);
  });

  it('is refused with the number of a damaged line', () => {
    openTrials(path, ENVIRONMENT).append(TRIAL);
    const good = readFileSync(path, 'utf8');
    writeFileSync(path, `${good}{"type":"trial","estimator":\n`);
    assert.throws(() => readTrials(path), /truth\.jsonl, line 3: .*: remove the line, or restore the file/);
    writeFileSync(path, `${good}{"type":"trial","estimator":"two-nn"}\n`);
    assert.throws(() => readTrials(path), /truth\.jsonl, line 3 is no trial: /);
  });

  it('comes with the project: all benchmark manifolds, once for each seed, with the machine', () => {
    const { environments, trials } = recordedTrials();
    assert.ok(environments.length > 0 && environments.every(({ instructions }) => instructions));
    assert.deepEqual(new Set(trials.map(({ manifold }) => manifold)), new Set(BENCHMARK_MANIFOLDS));
    const keys = trials.map(({ estimator, manifold, points, seed }) =>
      [estimator, manifold, points, seed].join(),
    );
    assert.equal(new Set(keys).size, keys.length);
  });
});
