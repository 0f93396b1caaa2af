import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { curvesPath, openCurves, readCurves, type StepNumbers } from '../../src/records/curves';
import { runColumns } from '../../src/records/table';

/** Numbers with as many digits as there are. */
function numbers(step: number): StepNumbers {
  return {
    step,
    loss: 4 * Math.exp(-step / 1e4),
    accuracy: 1 - 1 / (step + 1.5),
    learningRate: 1e-3 * Math.cos(step / 1e5),
    gradientNorm: Math.PI / step,
    regularization: 1e-5 / step,
  };
}

describe('the curves of a run', () => {
  let folder: string;
  let record: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'curves-'));
    record = join(folder, 'run.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(from: number, to: number, resumeFrom?: number, every = 10): void {
    const curves = openCurves(record, { every, resumeFrom });
    for (let step = from; step <= to; step++) curves.append(numbers(step));
    curves.close();
  }
  const stepsOf = (): number[] => readCurves(record).map(({ step }) => step);
  /** What is the same for every run: all but the time. */
  const timeless = (): object[] => readCurves(record).map(({ seconds, ...point }) => point);
  /** Runs something, and gives back what it warns of. */
  function warnings(body: () => void): string[] {
    const { warn } = console;
    const said: string[] = [];
    console.warn = (line: string) => said.push(line);
    try {
      body();
    } finally {
      console.warn = warn;
    }
    return said;
  }

  it('have the first step and every tenth, to six digits, in a table that other programs read', () => {
    write(1, 25);
    const [header, first, ...rest] = readFileSync(curvesPath(record), 'utf8').trimEnd().split('\n');
    assert.equal(header, 'step,loss,accuracy,learningRate,gradientNorm,regularization,seconds');
    assert.match(first!, /^1,3\.9996,0\.6,0\.001,3\.14159,0\.00001,0(\.\d+)?$/);
    assert.deepEqual(
      rest.map((line) => Number(line.split(',')[0])),
      [10, 20],
    );
    const [, tenth] = readCurves(record);
    assert.equal(tenth!.loss, 3.996);
    assert.equal(tenth!.gradientNorm, 0.314159);
    assert.deepEqual(readCurves(join(folder, 'another.jsonl')), [], 'a run of an early version has none');
  });

  it('take less than 1 MB for 40,000 steps', () => {
    write(1, 40_000);
    assert.equal(stepsOf().length, 4001);
    const { size } = statSync(curvesPath(record));
    // The time has four digits more in a run of hours.
    assert.ok(size + 4 * 4001 < 500_000, `${size} bytes`);
  });

  it('hold the norms of the parameters where these are given', () => {
    const curves = openCurves(record, { every: 1 });
    const parameterNorms = { 'h.0.weight': 1 / 3, 'h.0.bias': Number.POSITIVE_INFINITY };
    const written = curves.append({ ...numbers(1), parameterNorms });
    curves.close();
    const [point] = readCurves(record);
    assert.deepEqual(point, written);
    assert.deepEqual(point!.parameterNorms, { 'h.0.weight': 0.333333, 'h.0.bias': Number.POSITIVE_INFINITY });
  });

  it('are the same after a kill at any byte: no step twice, none missing', () => {
    write(1, 60);
    const whole = timeless();
    const bytes = readFileSync(curvesPath(record));
    // The checkpoint of step 25 was written after the point of step 20 was on the disk.
    const least = bytes.indexOf('\n30,') + 1;
    for (let length = least; length <= bytes.length; length++) {
      writeFileSync(curvesPath(record), bytes.subarray(0, length));
      const said = warnings(() => write(26, 60, 25));
      assert.deepEqual(said, []);
      assert.deepEqual(timeless(), whole, `${length} bytes`);
    }
  });

  it('count the time of the run, not that of the pause', () => {
    write(1, 20);
    const text = readFileSync(curvesPath(record), 'utf8');
    writeFileSync(curvesPath(record), text.replace(/[\d.]+\n$/, '123.4\n'));
    write(21, 40, 20);
    const seconds = readCurves(record).map((point) => point.seconds);
    assert.ok(
      seconds.every((time, i) => i === 0 || time >= seconds[i - 1]!),
      `${seconds}`,
    );
    assert.ok(seconds[3]! >= 123.4, `${seconds}`);
  });

  it('start anew with a new run, and drop everything where there is no checkpoint', () => {
    write(1, 40);
    write(1, 20, -1);
    assert.deepEqual(stepsOf(), [1, 10, 20]);
    write(1, 10);
    assert.deepEqual(stepsOf(), [1, 10]);
  });

  it('go on with a warning where steps are missing, as in a run of an early version', () => {
    assert.deepEqual(
      warnings(() => write(101, 120, 100)).map((line) => line.replace(folder, '')),
      ['/run.curves.csv lacks 11 of the steps up to the checkpoint of step 100: the curves have a gap there'],
    );
    assert.deepEqual(stepsOf(), [110, 120]);
  });

  it('name file and line of what is malformed', () => {
    write(1, 20);
    const good = readFileSync(curvesPath(record), 'utf8').trimEnd().split('\n');
    const refused = (line: number, text: string, message: RegExp): void => {
      const lines = good.map((old, i) => (i === line - 1 ? text : old));
      writeFileSync(curvesPath(record), `${lines.join('\n')}\n`);
      assert.throws(() => readCurves(record), message);
    };
    refused(1, 'step,loss', /run\.curves\.csv:1: the columns of curves must be step,loss,/);
    refused(3, '10,1,1', /run\.curves\.csv:3: not 7 numbers: "10,1,1"/);
    refused(3, good[2]!.replace('0.', 'x.'), /run\.curves\.csv:3: not 7 numbers/);
    refused(3, '10,,1,1,1,1,1', /run\.curves\.csv:3: not 7 numbers/);
    refused(4, good[2]!, /run\.curves\.csv:4: step 10 after step 10; steps must rise/);
  });

  it('are in the table of runs: the last loss, gradient norm and time', () => {
    write(1, 20);
    const run = { config: {}, environment: { commit: '', backend: '', versions: {}, hardware: '' } };
    const named = { name: 'run', record: { ...run, measurements: [] } };
    const curves = readCurves(record);
    const last = (columns: ReturnType<typeof runColumns>): object =>
      Object.fromEntries(columns.slice(-3).map(({ name, values }) => [name, values]));
    const { loss, gradientNorm, seconds } = curves.at(-1)!;
    assert.deepEqual(last(runColumns([{ ...named, curves }, named])), {
      batchLoss: [loss, Number.NaN],
      gradientNorm: [gradientNorm, Number.NaN],
      seconds: [seconds, Number.NaN],
    });
    const names = runColumns([named]).map(({ name }) => name);
    assert.ok(!names.includes('batchLoss'), 'where no run has curves, there is no column of them');
  });
});
