import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { LayerOverlap, SiteEstimate } from '../../src/activations/layer-profile';
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

  it('lists the sites of a network, and refuses what a list has no use for', async () => {
    const networks = join(__dirname, '..', 'fixtures', 'keras');
    const model = join(folder, 'plain.keras');
    writeFileSync(model, gunzipSync(readFileSync(join(networks, 'plain-3.keras.gz'))));
    const inputs = ['--inputs', join(networks, 'plain-inputs.npz')];
    const listed = await run([model, '--list', '--sites', 'dense*,elu']);
    assert.deepEqual(listed.out.trim().split('\n'), [
      'dense1  Dense  [examples, 5]',
      'dense2  Dense  [examples, 5]',
      'dense3  Dense  [examples, 2, 3]',
      'elu  ELU  [examples, 5]',
    ]);
    const tried = await run([model, '--list', ...inputs, '--sites', 'elu']);
    assert.equal(tried.out.trim(), 'elu  ELU  [5]');
    assert.match(tried.err, /nothing was measured/);
    const measuring = await run([model, '--list', ...inputs, '--figure', 'x.svg']);
    assert.match(measuring.err, /--list measures nothing, so that --figure has no use/);
  }).timeout(60_000);

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
    assert.match(none.err, /error: there is no layer with a dimension in 1 run/);
  });

  it('adds scales, overlaps and labels to every form of output', async () => {
    const labels = join(folder, 'labels.txt');
    writeFileSync(labels, Array.from({ length: 80 }, (_, i) => (i % 3 === 0 ? 'cat' : 'dog')).join('\n'));
    const figure = join(folder, 'further.svg');
    const further = ['--scale', '--overlap', '10', '--labels', labels];
    const files = [join(FIXTURES, 'tuple.pt'), '--tokens', 'mean'];
    const table = await run([...files, ...further, '--figure', figure]);
    assert.equal(table.code, 0, table.err);
    assert.match(table.out, /overlap with layer before +overlap with labels +GRIDE 1,2 +2,4 .* plateau/);
    const drawn = readFileSync(figure, 'utf8');
    for (const text of ['with the layer before', 'with labels', 'n₂ = 32'])
      assert.ok(drawn.includes(text), text);
    const csv = await run([...files, ...further, '--csv']);
    const [head, first, second] = csv.out.split('\n').map((row) => row.split(','));
    const json = linesOf((await run([...files, ...further, '--json'])).out) as unknown as SiteEstimate[];
    const at = (name: string): number => head!.indexOf(name);
    assert.equal(first![at('overlap')], '');
    assert.equal(second![at('overlap')], `${(json[1]!.overlap as LayerOverlap).value}`);
    assert.equal(
      second![at('label_overlap_lower')],
      `${(json[1]!.labelOverlap as LayerOverlap).interval.lower}`,
    );
    assert.equal(second![at('gride_2_4')], `${json[1]!.scaleCurve!.curve[1]!.value}`);
    assert.equal(json[1]!.overlap!.with, '0');
    assert.equal((json[1]!.overlap as LayerOverlap).k, 10);
  });

  it('draws what is finished when it is stopped', async () => {
    const stack = join(folder, 'long.npy');
    writeStack(stack, 40, 1000, 24);
    const figure = join(folder, 'unfinished.svg');
    const stopped = await run([stack, '--json', '--figure', figure], (stop) => stop());
    assert.equal(stopped.code, 130, stopped.err);
    const drawn = readFileSync(figure, 'utf8');
    assert.match(drawn, /unfinished/);
    assert.doesNotMatch(drawn, /LLID|PID/);
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
    assert.match(other.err, /was made with metric not given, but it is "cosine" now: give another --out/);
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
