/**
 * Runs all checks: set-up, biome, types, unused code, unit tests, and the notebooks in a small form. The last lines name the
 * failures and count the tests.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { chromium } from './lib/chromium.mjs';
import { foreground } from './lib/foreground.mjs';
import { checkWords } from './lib/words.mjs';
import { executeNotebooks } from './notebooks.mjs';
import { ROOT, runMain, setUp, TSC } from './setup.mjs';

const REPORT = join(ROOT, '.cache', 'mocha.json');
const OPTIONS = ['--thorough', '--browser'];
const USAGE = `
Usage: npm test -- [options]

Sets everything up, and runs all checks: format, types, unused code, unit tests, and notebooks in a small form.

  --thorough  adds slow tests, slow forms of others, and further notebooks, and repeats the tests of runtime, models, training
              and activations as on a processor without AVX-512, on all cores
  --browser   adds the notebooks in JupyterLab, in a real browser

npx mocha test/data/mnist.test.ts runs the tests of one file.`;

/** The memory that a process with tests of networks needs, including the programs that it starts, in bytes. */
const MEMORY = 3 * 2 ** 30;
const PROCESSES = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / MEMORY)));

/** The longest tests come first; at the end, one process would work while the others wait. */
const UNIT_TESTS = [
  'test/{notebooks,experiments,commands}/*.test.ts',
  'test/*.test.ts',
  'test/{training,runtime,models,activations,intrinsic-dimension}/**/*.test.ts',
  'test/{data,analysis,figures,records,scripts}/**/*.test.ts',
];
/** The tests that depend on the processor. */
const NUMERIC_TESTS = ['test/{training,runtime,models,activations}/**/*.test.ts'];
/** This test limits the instructions itself, to each set in turn. */
const LIMITED = 'test/runtime/operations/against-definitions.test.ts';
const WITHOUT_AVX512 = { ONEDNN_MAX_CPU_ISA: 'AVX2', ID_INSTRUCTIONS: 'avx2' };

const SMALL_GROKKING = { steps: 60, measureEvery: 30, earlyMeasurements: 0, checkpointEvery: 30 };

await runMain(async () => {
  const options = process.argv.slice(2);
  await checkWords(options, USAGE, OPTIONS);
  const thorough = options.includes('--thorough');
  process.env.ID_THOROUGH = thorough ? '1' : '';
  await setUp();
  let passedSoFar = 0;
  const failures = [];
  const timed = async (title, body) => {
    console.log(`\n== ${title}`);
    const started = performance.now();
    const { passed, failed } = await body();
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`== ${title}: ${failed.length === 0 ? 'passed' : 'FAILED'}, ${seconds} s`);
    passedSoFar += passed;
    failures.push(...failed.map((test) => (test === '' ? title : `${title}: ${test}`)));
  };
  const check = (title, body) =>
    timed(title, async () =>
      (await body()) === 0 ? { passed: 1, failed: [] } : { passed: 0, failed: [''] },
    );
  await check('format and lint', () => tool('biome', ['check', '--error-on-warnings']));
  await check('types', () => program(process.execPath, [TSC, '--noEmit', '-p', 'tsconfig.test.json']));
  await check('unused code', () => tool('knip', []));
  await timed('unit tests', () => mocha(UNIT_TESTS, PROCESSES));
  if (thorough && process.arch === 'x64')
    await timed('tests without AVX-512', () =>
      mocha([...NUMERIC_TESTS, '--ignore', LIMITED], 1, WITHOUT_AVX512),
    );
  await check('notebooks, in a small form', async () => {
    const words = ['--output', join('.cache', 'notebooks')];
    const small = Object.entries(SMALL_GROKKING).flatMap(([key, value]) => ['-p', `${key}=${value}`]);
    const whole = [
      '0-intrinsic-dimension',
      ...(thorough ? ['5-your-own-model', '6-any-network', '7-which-estimator'] : []),
    ];
    return (await executeNotebooks(whole, words)) || executeNotebooks(['4-grokking'], [...words, ...small]);
  });
  if (options.includes('--browser')) {
    process.env.CHROMIUM = (await chromium()) ?? '';
    if (process.env.CHROMIUM)
      await timed('notebooks in a browser', () => mocha(['test/browser/*.spec.ts'], 1));
  }
  if (failures.length > 0) console.log(['\nFailed:', ...failures].join('\n  '));
  console.log(`\n${passedSoFar} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
});

/**
 * Runs test files in several processes, which divide the processors among themselves.
 *
 * @returns how many passed, and the full titles of those that failed with their files
 */
async function mocha(patterns, processes, env = {}) {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  rmSync(REPORT, { force: true });
  const threads = Math.max(1, Math.floor(availableParallelism() / processes));
  const words = [
    ...patterns,
    ...(processes > 1 ? ['--parallel', '--jobs', String(processes)] : []),
    ...['--reporter', 'scripts/lib/mocha-reporter.cjs', '--reporter-option', `file=${REPORT}`],
  ];
  const code = await tool('mocha', words, {
    TF_NUM_INTRAOP_THREADS: String(threads),
    ...process.env,
    ...env,
  });
  try {
    const { passed, failed } = JSON.parse(readFileSync(REPORT, 'utf8'));
    return { passed, failed: code === 0 || failed.length > 0 ? failed : [`mocha ended with code ${code}`] };
  } catch {
    return { passed: 0, failed: [`mocha ended with code ${code}, without a report`] };
  }
}

function tool(name, args, env = process.env) {
  return program(join(ROOT, 'node_modules', '.bin', name), args, env);
}

/** Runs a program; a signal that ends one check ends the others, too. */
async function program(path, args, env = process.env) {
  const code = await foreground(path, args, { cwd: ROOT, env });
  if (code > 128) process.exit(code);
  return code;
}
