/**
 * All checks: set-up, biome, types, unused code, unit tests, and the notebooks in a small form; with --browser also
 * the notebooks in JupyterLab. The last line counts.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from './lib/chromium.mjs';
import { executeNotebooks } from './notebooks.mjs';
import { ROOT, runMain, setUp, TSC } from './setup.mjs';

const REPORT = join(ROOT, '.cache', 'mocha.json');

await runMain(async () => {
  await setUp();
  let passed = 0;
  let failed = 0;
  const check = async (title, body) => {
    console.log(`\n== ${title}`);
    const started = performance.now();
    const good = (await body()) === 0;
    console.log(
      `== ${title}: ${good ? 'passed' : 'FAILED'}, ${Math.round((performance.now() - started) / 1000)} s`,
    );
    if (good) passed++;
    else failed++;
  };
  await check('format and lint', () => tool('biome', ['check', '--error-on-warnings']));
  await check('types', () => program(process.execPath, [TSC, '--noEmit', '-p', 'tsconfig.test.json']));
  await check('unused code', () => tool('knip', []));
  const mocha = async (title, pattern) => {
    const counts = await mochaTests(title, pattern);
    passed += counts.passed;
    failed += counts.failed;
  };
  await mocha('unit tests', 'test/**/*.test.ts');
  await check('notebooks, in a small form', async () => {
    const options = ['--output', join('.cache', 'notebooks')];
    const plain = await executeNotebooks(['0-intrinsic-dimension', '5-your-own-model'], options);
    const small = [
      '-p',
      'steps=60',
      '-p',
      'measureEvery=30',
      '-p',
      'earlyMeasurements=0',
      '-p',
      'checkpointEvery=30',
    ];
    return plain || executeNotebooks(['4-grokking'], [...options, ...small]);
  });
  if (process.argv.includes('--browser')) {
    process.env.CHROMIUM = (await chromium()) ?? '';
    if (process.env.CHROMIUM) await mocha('notebooks in a browser', 'test/browser/*.spec.ts');
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});

async function mochaTests(title, pattern) {
  console.log(`\n== ${title}`);
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  rmSync(REPORT, { force: true });
  const code = await tool('mocha', [
    pattern,
    '--reporter',
    'scripts/lib/mocha-reporter.cjs',
    '--reporter-option',
    `file=${REPORT}`,
  ]);
  try {
    const { passes, failures } = JSON.parse(readFileSync(REPORT, 'utf8'));
    return { passed: passes, failed: failures || (code === 0 ? 0 : 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

function tool(name, args) {
  return program(join(ROOT, 'node_modules', '.bin', name), args);
}

function program(path, args) {
  const child = spawn(path, args, { cwd: ROOT, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
