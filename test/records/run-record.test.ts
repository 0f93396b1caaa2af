import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { LockedError } from '../../src/records/lock';
import {
  type Environment,
  type Measurement,
  openRun,
  type RunRecord,
  readRun,
} from '../../src/records/run-record';

const ENVIRONMENT: Environment = {
  commit: 'abc',
  backend: 'tensorflow CPU',
  versions: { node: '22.0.0' },
  hardware: 'a processor, 2 cores, 8 GiB',
};
const CONFIG = { experiment: 'grokking', weightDecay: 1.23456789e-3, steps: 100 };
const RUN = { config: CONFIG, environment: ENVIRONMENT };

function measurement(step: number): Measurement {
  const split = (offset: number): Measurement['train'] => ({
    loss: 1 / (step + offset + 2),
    accuracy: 1 / (step + offset + 1),
    id: { 'h.0.mlp': { value: 20 + 1 / (step + 3), std: 0.1234567 }, 'h.1.mlp': { value: 12.5, std: 0.25 } },
  });
  return { type: 'measurement', step, epoch: Math.floor(step / 6), train: split(0), validation: split(1) };
}

function stepsOf({ measurements }: RunRecord): number[] {
  return measurements.map(({ step }) => step);
}

describe('run records', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'records-'));
    path = join(folder, 'runs', 'run.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function record(steps: readonly number[], done = false): void {
    const writer = openRun(path, RUN);
    for (const step of steps) writer.append(measurement(step));
    if (done) writer.done({ step: steps.at(-1)!, seconds: 2 });
    writer.close();
  }

  it('give back what was written, to six digits, dimensions to five, the config to all', () => {
    record([0, 1, 500], true);
    const { config, environment, measurements, done } = readRun(path);
    assert.deepEqual(config, CONFIG);
    assert.deepEqual(environment, ENVIRONMENT);
    assert.deepEqual(
      measurements.map(({ step }) => step),
      [0, 1, 500],
    );
    assert.deepEqual(done, { type: 'done', step: 500, seconds: 2 });
    assert.equal(measurements[2]!.train.loss, 0.00199203);
    assert.deepEqual(measurements[2]!.validation.id['h.0.mlp'], { value: 20.002, std: 0.12346 });
    assert.equal(measurements[1]!.epoch, 0);
  });

  it('keep why a site has no dimension, and refuse null without a reason', () => {
    const dead = measurement(1);
    dead.validation.id['h.1.mlp'] = { value: null, reason: 'all points are equal' };
    const writer = openRun(path, RUN);
    writer.append(dead);
    const bare = measurement(2);
    bare.validation.id['h.1.mlp'] = { value: null } as never;
    assert.throws(
      () => writer.append(bare),
      /measurement of step 2 cannot be recorded: validation.id.h.1.mlp/,
    );
    writer.close();
    assert.deepEqual(readRun(path).measurements[0]!.validation.id['h.1.mlp'], dead.validation.id['h.1.mlp']);
  });

  it('are one JSON object a line, the first of type run, the last of type done', () => {
    record([0, 1], true);
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.equal(lines.pop(), '');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).type),
      ['run', 'measurement', 'measurement', 'done'],
    );
  });

  it('stay under 300 kB for 40,000 steps with four sites', () => {
    const writer = openRun(path, RUN);
    const id = Object.fromEntries(
      ['attn', 'mlp'].flatMap((part) =>
        [0, 1].map((i) => [`transformer.h.${i}.${part}`, { value: Math.E * 5, std: Math.PI / 9 }]),
      ),
    );
    for (let i = 0; i < 94; i++) {
      const split = { loss: Math.PI, accuracy: 1 / Math.PI, id };
      writer.append({ type: 'measurement', step: 39_000 + i, epoch: 6500, train: split, validation: split });
    }
    writer.close();
    assert.ok(statSync(path).size < 150_000, `${statSync(path).size} bytes`);
  });

  it('tolerate every torn end, and are repaired when the run goes on', () => {
    record([0, 10, 20]);
    const whole = readFileSync(path);
    const lines = whole.toString().split('\n');
    const lastLine = lines[3]!.length + 1;
    fc.assert(
      fc.property(fc.integer({ min: 2, max: lastLine }), (cut) => {
        writeFileSync(path, whole.subarray(0, whole.length - cut));
        assert.deepEqual(stepsOf(readRun(path)), [0, 10]);
        const writer = openRun(path, { ...RUN, resumeFrom: 10 });
        writer.append(measurement(20));
        writer.close();
        assert.deepEqual(readFileSync(path), whole);
      }),
      { numRuns: 25 },
    );
    // Without its newline alone, the line is whole.
    writeFileSync(path, whole.subarray(0, whole.length - 1));
    assert.deepEqual(stepsOf(readRun(path)), [0, 10, 20]);
    openRun(path, { ...RUN, resumeFrom: 20 }).close();
    assert.deepEqual(readFileSync(path), whole);
    // A block that never reached the disk reads as zeros.
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(50)]));
    assert.deepEqual(stepsOf(readRun(path)), [0, 10, 20]);
  });

  it('name file and line of anything else that is malformed', () => {
    record([0, 10, 20], true);
    const good = readFileSync(path, 'utf8').trimEnd().split('\n');
    const change = (line: number, text: string): void =>
      writeFileSync(
        path,
        [...good.slice(0, line - 1), text, ...good.slice(line)].map((row) => `${row}\n`).join(''),
      );
    const message = (pattern: RegExp): void => {
      assert.throws(
        () => readRun(path),
        (error: Error) => {
          assert.ok(error.message.includes(path), error.message);
          assert.match(error.message, pattern);
          return true;
        },
      );
    };
    change(3, good[2]!.slice(0, 40));
    message(/run\.jsonl:3: not JSON/);
    change(2, '');
    message(/run\.jsonl:2: not JSON/);
    change(3, good[2]!.replace('"accuracy":', '"acuracy":'));
    message(/run\.jsonl:3: train.*acuracy/);
    change(3, good[2]!.replace(/"accuracy":[\d.]+/, '"accuracy":1.5'));
    message(/run\.jsonl:3: train\.accuracy/);
    change(5, '{"type":"done","step":-1}');
    message(/run\.jsonl:5: step/);
    change(5, '{"type":"end"}');
    message(/run\.jsonl:5: type/);
    change(3, good[1]!);
    message(/run\.jsonl:3: step 0 after step 0; steps must rise/);
    change(3, good[0]!);
    message(/run\.jsonl:3: a second line of type "run"/);
    change(3, good[4]!);
    message(/run\.jsonl:4: a line after the one of type "done"/);
    change(1, good[1]!);
    message(/run\.jsonl:1: a record starts with a line of type "run"/);
    writeFileSync(path, '');
    message(/run\.jsonl:1: a record starts/);
  });

  it('go on after a checkpoint: later lines are dropped, those before kept to the byte', () => {
    record([0, 10, 20, 30], true);
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const [resumeFrom, kept] of [
      [30, 4],
      [25, 3],
      [20, 3],
      [9, 1],
      [-1, 0],
    ] as const) {
      writeFileSync(path, lines.join('\n'));
      openRun(path, { ...RUN, resumeFrom }).close();
      assert.equal(
        readFileSync(path, 'utf8'),
        lines
          .slice(0, kept + 1)
          .map((line) => `${line}\n`)
          .join(''),
      );
    }
    assert.deepEqual(readdirSync(join(folder, 'runs')), ['run.jsonl']);
  });

  it('start from the beginning on resuming without a checkpoint, and refuse a checkpoint whose record is missing', () => {
    openRun(path, { ...RUN, resumeFrom: -1 }).close();
    assert.deepEqual(stepsOf(readRun(path)), []);
    rmSync(path);
    assert.throws(
      () => openRun(path, { ...RUN, resumeFrom: 20 }),
      /checkpoint of step 20, but its record .* is missing/,
    );
    openRun(path, RUN).close();
  });

  it('are never replaced by a new run', () => {
    record([0, 10]);
    const before = readFileSync(path);
    assert.throws(
      () => openRun(path, RUN),
      /run\.jsonl exists already: resume it, choose another place, or delete it/,
    );
    assert.deepEqual(readFileSync(path), before);
    assert.equal(existsSync(`${path}.lock`), false);
  });

  it('refuse to go on with other settings, and list those that differ', () => {
    record([0, 10]);
    const other = { ...RUN, config: { ...CONFIG, weightDecay: 0, steps: 200, seed: 1 }, resumeFrom: 10 };
    assert.throws(
      () => openRun(path, { ...other, mayChange: ['steps'] }),
      /other settings \(weightDecay was 0\.00123456789 and is 0; seed was not set and is 1\)/,
    );
    assert.deepEqual(stepsOf(readRun(path)), [0, 10]);
  });

  it('take over the settings that may change', () => {
    record([0, 10]);
    openRun(path, {
      ...RUN,
      config: { ...CONFIG, steps: 200 },
      resumeFrom: 10,
      mayChange: ['steps'],
    }).close();
    const { config, measurements } = readRun(path);
    assert.equal(config['steps'], 200);
    assert.equal(measurements.length, 2);
  });

  it('refuse what is not a number, what goes back, and what comes after closing', () => {
    const writer = openRun(path, RUN);
    writer.append(measurement(10));
    const bad = measurement(20);
    bad.validation.loss = Number.NaN;
    assert.throws(
      () => writer.append(bad),
      /the measurement of step 20 cannot be recorded: validation\.loss/,
    );
    bad.validation.loss = Number.POSITIVE_INFINITY;
    assert.throws(() => writer.append(bad), /step 20 cannot be recorded/);
    assert.throws(() => writer.append(measurement(10)), /a measurement of step 10 after one of step 10/);
    writer.append(measurement(20));
    writer.close();
    writer.close();
    assert.throws(() => writer.append(measurement(30)), /is closed/);
    assert.deepEqual(stepsOf(readRun(path)), [10, 20]);
    const infinite = { ...RUN, config: { learningRate: Number.POSITIVE_INFINITY } };
    assert.throws(() => openRun(join(folder, 'other.jsonl'), infinite), /learningRate is Infinity/);
  });

  it('say before training where they cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(
      () => openRun(join(folder, 'file', 'run.jsonl'), RUN),
      /file\/run\.jsonl cannot be written \(.*\): choose a folder that can be written/,
    );
  });
});

/** A process of its own that writes one line after the other, as fast as it can. */
const WRITER = `
  const { openRun } = require(${JSON.stringify(join(__dirname, '../../src/records/run-record.ts'))});
  const [path, from, to, pause] = process.argv.slice(1);
  const split = { loss: 1, accuracy: .5, id: { site: { value: 2, std: .1 } } };
  const resumeFrom = Number(from);
  const writer = openRun(path, { config: {}, environment: { commit: '', backend: '', versions: {}, hardware: '' },
    ...(resumeFrom < 0 ? {} : { resumeFrom }) });
  process.stdout.write('open\\n');
  (async () => {
    for (let step = resumeFrom + 1; step <= Number(to); step++) {
      writer.append({ type: 'measurement', step, epoch: 0, train: split, validation: split });
      await new Promise((resolve) => setTimeout(resolve, Number(pause)));
    }
    writer.close();
  })();
`;

describe('run records and other processes', () => {
  let folder: string;
  let path: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'records-'));
    path = join(folder, 'run.jsonl');
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const ARGUMENTS = ['--import', 'tsx', '-e', WRITER, '--'];
  async function writer(from: number, to: number, pause: number): Promise<ChildProcess> {
    const child = spawn(process.execPath, [...ARGUMENTS, path, `${from}`, `${to}`, `${pause}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout!, 'data');
    return child;
  }
  async function kill(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const SETTINGS = { config: {}, environment: { commit: '', backend: '', versions: {}, hardware: '' } };

  it('are locked while another process writes them, and name it', async () => {
    const child = await writer(-1, 1e6, 5);
    assert.throws(
      () => openRun(path, { ...SETTINGS, resumeFrom: -1 }),
      new RegExp(`run\\.jsonl is being written by process ${child.pid}: wait for it to end`),
    );
    readRun(path);
    await kill(child);
    assert.ok(existsSync(`${path}.lock`));
    openRun(path, { ...SETTINGS, resumeFrom: -1 }).close();
    assert.ok(!existsSync(`${path}.lock`));
  });

  it('are locked within one process too', () => {
    const open = openRun(path, SETTINGS);
    assert.throws(
      () => openRun(path, { ...SETTINGS, resumeFrom: -1 }),
      (error) => {
        assert.ok(error instanceof LockedError);
        return /is being written by this process/.test(error.message);
      },
    );
    open.close();
    openRun(path, { ...SETTINGS, resumeFrom: -1 }).close();
  });

  it('recognise the lock of a process whose id was given to another', () => {
    openRun(path, SETTINGS).close();
    writeFileSync(`${path}.lock`, JSON.stringify({ pid: process.ppid, host: hostname(), started: '1' }));
    openRun(path, { ...SETTINGS, resumeFrom: -1 }).close();
  });

  it('ignore a file that is not a lock, and name a folder in its place', () => {
    const elsewhere = { pid: 7, host: 'elsewhere.example' };
    const old = new Date(Date.now() - 10_000);
    const future = new Date(Date.now() + 86_400_000);
    openRun(path, SETTINGS).close();
    for (const text of [
      'null',
      '[]',
      '7',
      '"text"',
      '{}',
      '{"pid":"7","host":"h"}',
      '\0\0',
      'x'.repeat(1e6),
    ]) {
      writeFileSync(`${path}.lock`, text);
      utimesSync(`${path}.lock`, old, old);
      openRun(path, { ...SETTINGS, resumeFrom: -1 }).close();
    }
    writeFileSync(`${path}.lock`, JSON.stringify(elsewhere));
    assert.throws(() => openRun(path, { ...SETTINGS, resumeFrom: -1 }), /process 7 on elsewhere\.example/);
    utimesSync(`${path}.lock`, future, future);
    openRun(path, { ...SETTINGS, resumeFrom: -1 }).close();
    symlinkSync(join(folder, 'nowhere'), `${path}.lock`);
    assert.throws(
      () => openRun(path, { ...SETTINGS, resumeFrom: -1 }),
      /run\.jsonl\.lock is a link where a lock file belongs: remove it/,
    );
    rmSync(`${path}.lock`);
    mkdirSync(`${path}.lock`);
    assert.throws(
      () => openRun(path, { ...SETTINGS, resumeFrom: -1 }),
      /run\.jsonl\.lock is a folder where a lock file belongs: remove it/,
    );
  });

  it('keep every line that was written before a kill, and go on without a gap or a double', async () => {
    let last = -1;
    for (let round = 0; round < 3; round++) {
      const child = await writer(last, 1e6, 0);
      await wait(40 + 60 * round);
      await kill(child);
      const steps = stepsOf(readRun(path));
      assert.deepEqual(
        steps,
        Array.from({ length: steps.length }, (_, i) => i),
      );
      assert.ok(steps.length > last + 1);
      last = steps.length - 1;
    }
  });

  it('drop half a line when the disk is full, keep the rest, and name the cure', () => {
    // A limit of 2 KiB to files stands for the disk.
    const command = 'ulimit -f 2; exec "$@"';
    const { stderr } = spawnSync(
      'bash',
      ['-c', command, 'bash', process.execPath, ...ARGUMENTS, path, '-1', '99', '0'],
      {
        encoding: 'utf8',
        env: { ...process.env, TSX_DISABLE_CACHE: '1' },
      },
    );
    assert.match(
      stderr,
      /run\.jsonl cannot be written \(.*\): the disk is full: free some space, then resume/,
    );
    const text = readFileSync(path, 'utf8');
    assert.ok(text.endsWith('}\n') && text.length <= 2048);
    assert.ok(stepsOf(readRun(path)).length > 2);
  });
});
