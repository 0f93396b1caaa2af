import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { crc32 } from '../package/browser/node-zlib';
import { cube, embed, intrinsicDimension } from '../src/intrinsic-dimension/index';
import { serveRegistry } from './registry';
import { THOROUGH } from './thorough';

const ROOT = join(__dirname, '..');
const FIXTURES = join(ROOT, 'test', 'fixtures', 'golden');
const POINTS = join(FIXTURES, readdirSync(FIXTURES).find((name) => name.endsWith('.npy'))!);
/** The kernel that set-up has compiled, under the name that this system's package has. */
const KERNEL = `intrinsic-dimension-${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;

const COMPILED = join(ROOT, '.cache', 'search-kernel.node');

/** The systems that have a kernel. */
async function systems(): Promise<readonly { readonly name: string }[]> {
  return (await import(join(ROOT, 'scripts', 'lib', 'prebuilt-kernels.mjs'))).PLATFORMS;
}

/** A project of somebody who has installed the package; no compiler, Python or npm is on its PATH. */
let project: string;

function run(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { output: string; errors: string; code: number | null } {
  const { ID_INSTRUCTIONS: _, ID_KERNEL: __, ...inherited } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, words, {
    cwd: project,
    encoding: 'utf8',
    env: { ...inherited, PATH: dirname(process.execPath), ...env },
  });
  return { output: stdout, errors: stderr, code: status };
}

const COMMAND = join('node_modules', 'intrinsic-dimension', 'cli.cjs');

interface Told {
  readonly kernel: string;
  readonly value: number;
  readonly interval: { readonly lower: number; readonly upper: number };
}

/** What the command says as JSON. */
function estimate(env: NodeJS.ProcessEnv = {}): Told & { errors: string } {
  const { output, errors, code } = run([COMMAND, POINTS, '--json'], env);
  assert.equal(code, 0, errors);
  return { ...(JSON.parse(output) as Told), errors };
}

describe('what a page has in place of Node’s modules', () => {
  it('computes the checksum of zip archives as Node does', () => {
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => Math.imul(i, 2654435761) >>> 13);
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [3, 19],
      [1, 4999],
    ] as const) {
      const part = bytes.subarray(from, to);
      assert.equal(crc32(part), zlib.crc32(part));
      assert.equal(crc32(part, crc32(bytes)), zlib.crc32(part, zlib.crc32(bytes)));
    }
  });
});

describe('the package intrinsic-dimension', function () {
  this.timeout(240_000);

  before(async () => {
    project = mkdtempSync(join(tmpdir(), 'package-'));
    const { writePackage, writeKernelPackage } = await import(join(ROOT, 'scripts', 'lib', 'bundle.mjs'));
    await writePackage(join(project, 'node_modules', 'intrinsic-dimension'));
    const system = (await systems()).find(({ name }) => KERNEL.endsWith(name));
    writeKernelPackage(join(project, 'node_modules', KERNEL), system, COMPILED);
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  it('needs no other package, has no install script, and takes less than 5 MB', () => {
    const home = join(project, 'node_modules', 'intrinsic-dimension');
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.scripts, undefined);
    const kernels = Object.keys(manifest.optionalDependencies);
    assert.equal(kernels.length, 8);
    assert.ok(kernels.includes(KERNEL));
    const bytes = readdirSync(home, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + readFileSync(join(parentPath, name)).length, 0);
    assert.ok(bytes < 5e6, `${bytes} bytes`);
  });

  it('is one copy for require and import, with every name of the station', () => {
    const script = `
      const required = require('intrinsic-dimension');
      import('intrinsic-dimension').then((imported) => console.log(JSON.stringify([
        Object.keys(required).sort(), Object.keys(imported).filter((name) => name !== 'default').sort(),
        required.NoEstimateError === imported.NoEstimateError])));`;
    const { output, errors } = run(['-e', script]);
    assert.equal(errors, '');
    const [required, imported, same] = JSON.parse(output);
    assert.deepEqual(imported, required);
    assert.ok(same);
    for (const name of ['intrinsicDimension', 'ESTIMATORS', 'localId', 'readPoints', 'hidalgo'])
      assert.ok(required.includes(name), name);
  });

  it('shows a short line of its code above an error that nobody catches', () => {
    const script = "require('intrinsic-dimension').intrinsicDimension([[1]], { estimator: 'two' });";
    const { errors, code } = run(['-e', script]);
    assert.equal(code, 1);
    assert.match(errors, /^RangeError: no estimator 'two'/m);
    assert.ok(errors.length < 5000, `${errors.length} characters`);
  });

  it('estimates what the lab does, from tensors as well, and by a thread where a matrix is large', async () => {
    const points = embed(cube({ points: 310, dimension: 2 }), { coordinates: 301 });
    writeFileSync(
      join(project, 'points.json'),
      JSON.stringify({ shape: points.shape, data: [...points.data] }),
    );
    const script = `
      const { intrinsicDimension } = require('intrinsic-dimension');
      const { shape, data } = require('./points.json');
      const points = { shape, dtype: 'float64', dataSync: () => Float64Array.from(data) };
      (async () => {
        const twoNn = await intrinsicDimension(points);
        const pca = await intrinsicDimension(points, { estimator: 'pca' });
        console.log(JSON.stringify([twoNn.value, pca.value]));
      })();`;
    const { output, errors } = run(['-e', script]);
    assert.equal(errors, '');
    const here = [await intrinsicDimension(points), await intrinsicDimension(points, { estimator: 'pca' })];
    assert.deepEqual(
      JSON.parse(output),
      here.map(({ value }) => value),
    );
  });

  it('has a command that does what npm run id does, with figures drawn without a document', () => {
    const words = run([COMMAND, POINTS]);
    assert.match(words.output, /^two-nn: \d.*\(95 % interval .* points/);
    assert.equal(run([COMMAND, POINTS, '--scale', '--figure', 'scales.svg']).code, 0);
    assert.match(readFileSync(join(project, 'scales.svg'), 'utf8'), /^<svg [^>]*role="img"[\s\S]*<polyline/);
    assert.equal(run([COMMAND, POINTS, '--scale', '--figure', 'scales.html']).code, 0);
    assert.match(readFileSync(join(project, 'scales.html'), 'utf8'), /^<!doctype html>[\s\S]*<svg /);
    assert.equal(run([COMMAND, POINTS, '--report', '--figure', 'report.html']).code, 0);
    const report = readFileSync(join(project, 'report.html'), 'utf8');
    assert.match(report, /<h2>[\s\S]*<figure><svg /);
    // The legend shows the dashes of a line, and the rules of dark pages find the class of plotly.js.
    assert.match(report, /<g class="legend"><g class="layers"><line [^>]*stroke-dasharray/);
    assert.match(report, /<g class="scatterlayer"><polyline [^>]*stroke-dasharray/);
    assert.match(report, /<title>two-nn: \d[\d.]*<\/title>/);
    copyFileSync(POINTS, join(project, '-points.npy'));
    assert.match(run([COMMAND, '-points.npy']).errors, /: the file of this name is \.\/-points\.npy$/m);
    assert.match(run([COMMAND, './-points.npy']).output, /^two-nn: /);
    const refused = run([COMMAND, POINTS, '--scale', '--figure', 'scales.png']);
    assert.equal(refused.code, 1);
    assert.match(refused.errors, /must end in \.svg or \.html/);
    assert.match(run([COMMAND, '--help']).output, /^Usage: npx intrinsic-dimension /);
  });

  it('takes WebAssembly where the kernel is missing or damaged, says so once, and finds the same', () => {
    const native = estimate();
    assert.match(native.kernel, /^native \w+$/);
    assert.equal(native.errors, '');
    const chosen = estimate({ ID_KERNEL: 'wasm' });
    assert.equal(chosen.errors, '');
    const folder = join(project, 'node_modules', KERNEL);
    const kernel = join(folder, 'kernel.node');
    const whole = readFileSync(kernel);
    const manifest = readFileSync(join(folder, 'package.json'));
    const CHECKSUM =
      /does not load \(the checksum of .*kernel\.node is not the one .*; intrinsic-dimension-\S+ is damaged/;
    const damages: readonly (readonly [() => void, RegExp])[] = [
      [() => writeFileSync(kernel, 'no kernel'), CHECKSUM],
      // Linux would end the process if it loaded this.
      [() => writeFileSync(kernel, whole.subarray(0, whole.length / 2)), CHECKSUM],
      [
        () => rmSync(kernel),
        /does not load \(ENOENT.*kernel\.node'\): .*; intrinsic-dimension-\S+ is damaged/,
      ],
      [
        () => rmSync(folder, { recursive: true }),
        new RegExp(
          `\\(no package ${KERNEL} is installed\\).*npm/cli issue 4828.*npm install --save-optional ${KERNEL}@`,
        ),
      ],
    ];
    const found = damages.map(([damage, message]) => {
      damage();
      const estimated = estimate();
      assert.match(estimated.errors, message);
      assert.equal(estimated.errors.trim().split('\n').length, 1);
      return estimated;
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(kernel, whole);
    writeFileSync(join(folder, 'package.json'), manifest);
    for (const { kernel: name, value, interval } of [chosen, ...found]) {
      assert.equal(name, 'wasm');
      assert.deepEqual([value, interval], [native.value, native.interval]);
    }
    assert.match(estimate().kernel, /^native/);
  });

  it('has types in every mode of modules', () => {
    const source = `
      import { type IdEstimate, type IdOptions, intrinsicDimension, readPoints } from 'intrinsic-dimension';
      const options: IdOptions = { estimator: 'gride', n1: 2 };
      export const found: Promise<IdEstimate> = readPoints('points.npy').then((points) => intrinsicDimension(points, options));
      // @ts-expect-error there is no such estimator
      export const wrong: IdOptions = { estimator: 'three-nn' };`;
    const modes = [
      { module: 'nodenext', extension: 'mts' },
      { module: 'nodenext', extension: 'cts' },
      { module: 'node16', extension: 'mts' },
      { module: 'preserve', moduleResolution: 'bundler', extension: 'ts' },
    ];
    const folders = modes.map(({ extension, ...mode }, m) => {
      const folder = join(project, `mode-${m}`);
      mkdirSync(folder);
      writeFileSync(join(folder, `index.${extension}`), source);
      const compilerOptions = {
        ...mode,
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: [],
        target: 'es2022',
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      return folder;
    });
    for (const folder of folders.slice(0, THOROUGH ? undefined : 2)) {
      const { output, code } = run([join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]);
      assert.equal(code, 0, `${readFileSync(join(folder, 'tsconfig.json'))}\n${output}`);
    }
  });

  it('works in a bundle for browsers, without any module of Node', () => {
    const code = readFileSync(join(project, 'node_modules', 'intrinsic-dimension', 'browser.mjs'), 'utf8');
    assert.doesNotMatch(code, /node:|\brequire\(["'](fs|path|os)/);
    const script = `
      import { intrinsicDimension } from './node_modules/intrinsic-dimension/browser.mjs';
      const data = Float64Array.from({ length: 900 }, (_, i) => Math.sin(i * i));
      const shares = [];
      const found = await intrinsicDimension({ data, shape: [300, 3] }, { onProgress: (share) => shares.push(share) });
      console.log(JSON.stringify({ ...found, last: shares.at(-1) }));
      process.exit();`;
    const { output, errors } = run(['--input-type=module', '-e', script]);
    assert.equal(errors, '');
    const { kernel, last } = JSON.parse(output);
    assert.deepEqual({ kernel, last }, { kernel: 'wasm', last: 1 });
  });

  it('installs from its tarball in an empty folder, without a compiler, and estimates', function () {
    if (!THOROUGH) this.skip();
    const packed = join(project, 'packed');
    mkdirSync(packed);
    for (const name of ['intrinsic-dimension', KERNEL]) {
      const words = ['pack', '--silent', '--pack-destination', packed];
      const folder = join(project, 'node_modules', name);
      const { status, stderr } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    }
    const tried = spawnSync(process.execPath, ['scripts/try-package.mjs', packed], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    assert.equal(tried.status, 0, tried.stderr);
    assert.match(tried.stdout, /native \w+: the known values[\s\S]*wasm: the known values/);
  });

  it('gets the kernel of every system from one lock file, and from one that npm before 11.3 made', async function () {
    if (!THOROUGH) this.skip();
    const { writeKernelPackage } = await import(join(ROOT, 'scripts', 'lib', 'bundle.mjs'));
    const [published, user] = [join(project, 'published'), join(project, 'user')];
    const kernels = (await systems()).map((system) => {
      const folder = join(published, system.name);
      writeKernelPackage(folder, system, COMPILED);
      return folder;
    });
    mkdirSync(user);
    const [lock, modules] = [join(user, 'package-lock.json'), join(user, 'node_modules')];
    writeFileSync(join(user, 'package.json'), '{ "private": true }');
    const registry = await serveRegistry([join(project, 'node_modules', 'intrinsic-dimension'), ...kernels]);
    const npm = (...words: string[]): Promise<unknown> =>
      promisify(execFile)(
        'npm',
        [...words, '--registry', registry.url, '--cache', join(project, 'cache'), '--no-audit', '--no-fund'],
        { cwd: user, shell: process.platform === 'win32' },
      );
    const installed = (): string[] =>
      readdirSync(modules).flatMap((name) => /^intrinsic-dimension-(.+)$/.exec(name)?.[1] ?? []);
    const locked = (): string[] =>
      Object.keys(JSON.parse(readFileSync(lock, 'utf8')).packages).filter((name) => /-dimension-/.test(name));
    const mac = ['--os=darwin', '--cpu=arm64'];
    try {
      await npm('install', 'intrinsic-dimension');
      assert.equal(locked().length, kernels.length);
      rmSync(modules, { recursive: true });
      await npm('ci', ...mac);
      assert.deepEqual(installed(), ['darwin-arm64']);

      // What npm before 11.3 leaves: the kernel of this system alone.
      const whole = JSON.parse(readFileSync(lock, 'utf8'));
      for (const name of locked()) if (!name.endsWith(KERNEL)) delete whole.packages[name];
      writeFileSync(lock, JSON.stringify(whole));
      await npm('install', '--save-optional', 'intrinsic-dimension-darwin-arm64@0.1.0', ...mac);
      assert.ok(installed().includes('darwin-arm64'), installed().join());
      // The other systems can still install the project.
      rmSync(modules, { recursive: true });
      await npm('ci');
      assert.ok(installed().includes(KERNEL.replace('intrinsic-dimension-', '')), installed().join());
      assert.ok(!installed().includes('darwin-arm64') || process.platform === 'darwin');
    } finally {
      registry.close();
    }
  });
});
