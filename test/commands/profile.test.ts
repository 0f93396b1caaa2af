import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mulberry32 } from '../../src/random';

const FIXTURES = join(__dirname, '..', 'fixtures', 'arrays');
const SCRIPT = join(__dirname, '..', '..', 'src', 'commands', 'profile.ts');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param onOutput is told when something has been printed, and may stop the process */
function run(args: readonly string[], onOutput: (stop: () => void) => void = () => {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, ...args]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
      onOutput(() => child.kill('SIGINT'));
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }));
  });
}

/** Layers of float32 numbers in a .npy file. */
function writeStack(
  path: string,
  layers: number,
  examples: number,
  features: number,
  value: () => number = mulberry32(1),
): void {
  const data = Float32Array.from({ length: layers * examples * features }, value);
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': (${layers}, ${examples}, ${features}), }`;
  const length = Buffer.from([118, 0]);
  const head = [Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(`${fields.padEnd(117)}\n`)];
  writeFileSync(path, Buffer.concat([...head, new Uint8Array(data.buffer)]));
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('npm run profile', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'profile-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('prints a table with PID and LLID, and says what it found out', async () => {
    const files = [join(FIXTURES, 'files'), '--tokens', 'all', '--mask', join(FIXTURES, 'mask.npy')];
    const { code, out, err } = await run(files);
    assert.equal(code, 0, err);
    const rows = out.trim().split('\n');
    assert.match(rows[0]!, /^layer +dimension +95 % interval +points +at distance$/);
    assert.deepEqual(
      rows.slice(1).map((row) => row.split(' ')[0]),
      ['layer_2', 'layer_10', 'layer_11'],
    );
    assert.match(rows[3]!, /210 x 6 .* PID, LLID$/);
    assert.match(err, /\[80,3,6\] is NTD: 80 examples, 3 tokens, 6 features/);
    assert.match(err, /points: all 210 tokens/);
  });

  it('compares runs in one figure, and prints comma-separated values', async () => {
    for (const name of ['step-1', 'step-2']) {
      mkdirSync(join(folder, name));
      copyFileSync(join(FIXTURES, 'tuple.pt'), join(folder, name, 'hidden.pt'));
    }
    const figure = join(folder, 'runs.svg');
    const paths = [join(folder, 'step-1'), join(folder, 'step-2')];
    const { code, out, err } = await run([
      ...paths,
      '--compare',
      '--by',
      'run',
      '--tokens',
      'sample',
      '100',
      '--csv',
      '--figure',
      figure,
    ]);
    assert.equal(code, 0, err);
    const rows = out
      .trim()
      .split('\n')
      .map((row) => row.split(','));
    assert.equal(rows.length, 7);
    assert.deepEqual(rows[1]!.slice(0, 2), ['step-1', '0']);
    assert.deepEqual(rows[1]!.slice(1), rows[4]!.slice(1));
    assert.match(readFileSync(figure, 'utf8'), /LLID/);
  });

  it('goes on where one of several runs has no layer with a dimension, and ends with an error where none has', async () => {
    const [alive, dead] = [join(folder, 'alive.npy'), join(folder, 'dead.npy')];
    writeStack(alive, 2, 60, 4);
    writeStack(dead, 2, 60, 4, () => 0);
    const { code, out, err } = await run([dead, alive, '--compare', '--axes', 'LND', '--json']);
    assert.equal(code, 0, err);
    assert.match(err, /dead has neither PID nor LLID: at site '0': .*all points are equal/);
    assert.deepEqual(
      linesOf(out)
        .filter(({ peakId }) => peakId !== undefined)
        .map((line) => line['run']),
      ['alive'],
    );
    const none = await run([dead, '--compare', '--axes', 'LND']);
    assert.equal(none.code, 1);
    assert.match(none.out, /dead +0 +- .*all points are equal/);
    assert.match(none.err, /error: none of the 1 runs has a layer with a dimension/);
  });

  it('keeps what is finished when it is stopped, and goes on with --resume', async () => {
    const stack = join(folder, 'stack.npy');
    writeStack(stack, 40, 1000, 24);
    const out = join(folder, 'profile.jsonl');
    const stopped = await run([stack, '--json', '--out', out], (stop) => stop());
    assert.equal(stopped.code, 130, stopped.err);
    assert.match(stopped.err, /stopped after \d+ of 40 layers; --resume goes on/);
    const [, ...kept] = linesOf(readFileSync(out, 'utf8'));
    assert.ok(kept.length >= 1 && kept.length < 40, `${kept.length}`);
    writeFileSync(out, `${readFileSync(out, 'utf8')}{"run":"","site":"torn`);
    const resumed = await run([stack, '--json', '--out', out, '--resume']);
    assert.equal(resumed.code, 0, resumed.err);
    const [, ...all] = linesOf(readFileSync(out, 'utf8'));
    assert.deepEqual(all.slice(0, kept.length), kept);
    assert.deepEqual(
      all.map(({ site }) => site),
      Array.from({ length: 40 }, (_, i) => `${i}`),
    );
    const printed = linesOf(resumed.out);
    assert.equal(printed.length, 41);
    assert.ok(Number(printed[40]!['peakId']) > 10);
    const other = await run([stack, '--out', out, '--resume', '--metric', 'cosine']);
    assert.match(other.err, /was made with metric not given, and it is "cosine" now: give another --out/);
  });

  it('refuses options that go with nothing', async () => {
    const file = join(FIXTURES, 'files');
    const { code, err } = await run([file, '--tokens', 'middle']);
    assert.deepEqual(
      [code, err.trim()],
      [1, "error: --tokens must be last, first, mean, all or sample N, got 'middle'"],
    );
  });
});
