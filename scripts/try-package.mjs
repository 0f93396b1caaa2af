/**
 * `node scripts/try-package.mjs [folder]`: installs the packages of `npm run pack` (in out/packages) into an empty folder, as a
 * user would, and checks that the kernel of this system and WebAssembly both give the known values. It needs only Node and npm.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** TwoNN and GRIDE on 1,000 points of 90 numbers from a generator with a fixed seed, which are the same on every system. */
const KNOWN = [48.98579939143115, 39.757936783799806];
const SCRIPT = `
const started = performance.now();
const { intrinsicDimension } = require('intrinsic-dimension');
const loaded = performance.now() - started;
let state = 1;
const data = Float32Array.from({ length: 90000 }, () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state / 2147483648;
});
(async () => {
  const points = { data, shape: [1000, 90] };
  const found = await intrinsicDimension(points);
  const other = await intrinsicDimension(points, { estimator: 'gride', n1: 4, n2: 8 });
  console.log(JSON.stringify({ kernel: found.kernel, values: [found.value, other.value], loaded }));
})();
`;

const folder = resolve(process.argv[2] ?? 'out/packages');
const tarballs = readdirSync(folder);
const isMusl =
  process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
const system = [
  process.platform,
  process.arch,
  ...(process.platform === 'linux' ? [isMusl ? 'musl' : 'gnu'] : []),
];
const wanted = [/^intrinsic-dimension-\d/, new RegExp(`^intrinsic-dimension-${system.join('-')}-\\d`)];
const chosen = wanted.map((pattern) => tarballs.find((name) => pattern.test(name)));
if (chosen.includes(undefined))
  throw new Error(`${folder} has no package for ${system.join('-')}: npm run pack`);

const empty = mkdtempSync(join(tmpdir(), 'try-'));
try {
  writeFileSync(join(empty, 'package.json'), '{ "private": true }\n');
  const started = performance.now();
  // Without --offline, npm would ask the registry for the kernels of the other systems.
  const words = ['install', '--offline', '--no-fund', ...chosen.map((name) => join(folder, name))];
  const { status, stderr } = spawnSync('npm', words, {
    cwd: empty,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${words.join(' ')}: ${stderr}`);
  console.log(`installed for ${system.join('-')} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  for (const [env, kernel] of [
    [{}, /^native /],
    [{ ID_KERNEL: 'wasm' }, /^wasm$/],
  ]) {
    // The PATH hides any compiler.
    const alone = { ...process.env, PATH: dirname(process.execPath), ...env };
    const ran = spawnSync(process.execPath, ['-e', SCRIPT], { cwd: empty, encoding: 'utf8', env: alone });
    if (ran.status !== 0 || ran.stderr) throw new Error(ran.stderr || `ended with ${ran.status}`);
    const { kernel: name, values, loaded } = JSON.parse(ran.stdout);
    if (!kernel.test(name)) throw new Error(`searched by ${name}`);
    if (String(values) !== String(KNOWN)) throw new Error(`${name} found ${values} instead of ${KNOWN}`);
    console.log(`${name}: the known values; the import took ${loaded.toFixed(0)} ms`);
  }
} finally {
  rmSync(empty, { recursive: true, force: true });
}
