import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grokkingConfig } from '../../src/experiments/grokking-config';
import { experimentWords } from '../../src/experiments/registry';
import { readCurves } from '../../src/records/curves';
import { readRun } from '../../src/records/run-record';
import { readEvents } from '../records/read-events';
import { itThorough } from '../thorough';

const CLI = ['--import', 'tsx', join(__dirname, '../../src/commands/experiment.ts')];
/** A network and a table so small that a step takes milliseconds; so many steps that none is over before it is stopped. */
const TINY = [
  ...[
    'grokking',
    'prime=11',
    'batchSize=16',
    'nEmbd=8',
    'nHead=2',
    'nLayer=1',
    'idSubsamples=2',
    'measureEvery=20',
  ],
  ...['earlyMeasurements=2', 'checkpointEvery=30', 'steps=400', '--name', 'run'],
];

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

describe('the command line', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function call(...words: string[]): Result {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...CLI, ...words], { encoding: 'utf8' });
    return { code: status, stdout, stderr };
  }
  const recordOf = (out: string): string => join(folder, out, 'run.jsonl');
  /** The curves but for the time that a run took. */
  const curvesOf = (out: string): object[] => readCurves(recordOf(out)).map(({ seconds, ...point }) => point);
  const tiny = (out: string, ...more: string[]): string[] => [...TINY, '--out', join(folder, out), ...more];

  /** Starts a run, does something to it once a line matches, and waits for its end. */
  async function interrupt(
    words: string[],
    line: RegExp,
    act: (child: ChildProcess) => void,
  ): Promise<Result> {
    const child = spawn(process.execPath, [...CLI, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => {
      said.stdout += data;
    });
    child.stderr.on('data', (data) => {
      const before = line.test(said.stderr);
      said.stderr += data;
      if (!before && line.test(said.stderr)) act(child);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...said };
  }

  it('lists experiments and presets on --help, and shows the part that was asked for', () => {
    const all = call('--help');
    assert.equal(all.code, 0);
    for (const flag of ['--resume', '--out', '--name', '--help'])
      assert.ok(new RegExp(` ${flag}\\s`).test(all.stdout), flag);
    for (const word of experimentWords()) assert.match(all.stdout, new RegExp(`^ +${word} `, 'm'));
    assert.ok(all.stdout.split('\n').length < 50);
    assert.doesNotMatch(all.stdout, /weightDecay=/);

    const preset = call('mnist', '--help').stdout;
    assert.match(preset, /Source: .*\nCost: .*\n[\s\S]*It is images with dataset=mnist images=500 /);
    const { stdout } = call('grokking', '--help');
    for (const [key, value] of Object.entries(grokkingConfig())) {
      if (key !== 'experiment') assert.ok(stdout.includes(`  ${key}=${value} `), key);
    }
    assert.doesNotMatch(stdout, /dataset=/);
  });

  it('writes nowhere but into the folder that it was given', () => {
    for (const name of ['../../x', '/tmp/x', '..', 'a/b']) {
      const { code, stderr } = call('grokking', '--out', folder, '--name', name);
      assert.equal(code, 1);
      assert.match(stderr, /the name of a run cannot be/);
    }
  });

  it('says in one line what is wrong and what would be right, with exit code 1', () => {
    const wrong: [string[], RegExp][] = [
      [['groking'], /^error: unknown experiment 'groking'; did you mean 'grokking'\?.*\n$/],
      [
        ['grokking', 'wieghtDecay=1'],
        /^error: unknown setting 'wieghtDecay'; did you mean 'weightDecay'\?\n$/,
      ],
      [
        ['grokking', 'trainFraction=2'],
        /^error: trainFraction=2 is not allowed: it must be greater than 0 and less than 1\n$/,
      ],
      [['grokking', '--resum'], /^error: unknown option '--resum' \(Did you mean --resume\?\)\n$/],
    ];
    for (const [words, message] of wrong) {
      const { code, stdout, stderr } = call(...words);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
    }
  });

  it('runs to the end, tells its progress, and leaves a complete record', () => {
    const { code, stdout, stderr } = call(...tiny('whole'));
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^done at step 400: accuracy [\d.]+ %, validation [\d.]+ % \| LLID [\d.]+\nrecord: .*run\.jsonl\n$/,
    );
    assert.match(stderr, /step 100\/400 \| loss [\d.]+ \| accuracy .* \| LLID [\d.]+ \| \d+ s left/);
    const { done, measurements } = readRun(recordOf('whole'));
    assert.equal(done?.step, 400);
    assert.deepEqual(
      measurements.map(({ step }) => step),
      [0, 1, 4, ...Array.from({ length: 20 }, (_, i) => 20 * (i + 1))],
    );
    assert.deepEqual(
      readCurves(recordOf('whole')).map(({ step }) => step),
      [1, ...Array.from({ length: 40 }, (_, i) => 10 * (i + 1))],
    );
  });

  it('refuses to run over a record that exists', () => {
    const before = readFileSync(recordOf('whole'));
    const { code, stderr } = call(...tiny('whole'));
    assert.equal(code, 1);
    assert.match(stderr, /error: .*(resume it).*\n$/);
    assert.deepEqual(readFileSync(recordOf('whole')), before);
  });

  it('ends cleanly on Ctrl-C, also when npm sends it twice, and goes on to the record of an undisturbed run', async () => {
    const { code, stdout, stderr } = await interrupt(tiny('stopped'), /step {2}40\/400/, (child) => {
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGINT'), 20);
    });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /stopping after this step, with a checkpoint/);
    const words = tiny('stopped');
    assert.ok(
      stdout.endsWith(
        `to go on: npm run experiment -- ${[...TINY.slice(0, -2), '--out', words.at(-1), ...TINY.slice(-2)].join(' ')} --resume\n`,
      ),
      stdout,
    );
    assert.equal(readRun(recordOf('stopped')).done, undefined);
    assert.ok(!existsSync(`${recordOf('stopped')}.lock`));

    const resumed = call(...words, '--resume');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(readRun(recordOf('stopped')).measurements, readRun(recordOf('whole')).measurements);
    assert.deepEqual(curvesOf('stopped'), curvesOf('whole'));
  });

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    (signal === 'SIGTERM' ? it : itThorough)(
      `ends with a checkpoint when npm gets ${signal}, and leaves nothing running`,
      async () => {
        const out = `npm-${signal}`;
        // As package.json has it, without set-up: npm, a shell, and the program in the shell's place.
        const command = ['exec', process.execPath, ...CLI, ...tiny(out)].map((word) => `'${word}'`).join(' ');
        const shell = spawn('sh', ['-c', command.replace("'exec'", 'exec')], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let said = '';
        shell.stderr.on('data', (data) => {
          const before = /step {2}80\/400/.test(said);
          said += data;
          if (!before && /step {2}80\/400/.test(said)) shell.kill(signal);
        });
        const [code] = (await once(shell, 'close')) as [number | null];
        assert.equal(code, signal === 'SIGTERM' ? 143 : 129);
        assert.ok(!existsSync(`${recordOf(out)}.lock`));
        assert.equal(call(...tiny(out, '--resume')).code, 0);
        assert.deepEqual(readRun(recordOf(out)).measurements, readRun(recordOf('whole')).measurements);
      },
    );
  }

  it('is started by npm in the place of the shell, which would not pass on a signal', () => {
    const { scripts } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
    for (const [name, command] of Object.entries<string>(scripts))
      if (command.includes('node ')) assert.match(command, /^exec node /, name);
  });

  it('goes on after kill -9, with a torn line too, to the record of an undisturbed run', async () => {
    await interrupt(tiny('killed'), /step {2}80\/400/, (child) => child.kill('SIGKILL'));
    assert.ok(existsSync(`${recordOf('killed')}.lock`));
    const text = readFileSync(recordOf('killed'), 'utf8');
    writeFileSync(recordOf('killed'), `${text}${text.trimEnd().split('\n').at(-1)!.slice(0, 70)}`);
    const resumed = call(...tiny('killed', '--resume'));
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(readRun(recordOf('killed')).measurements, readRun(recordOf('whole')).measurements);
    assert.deepEqual(curvesOf('killed'), curvesOf('whole'));
    const events = readEvents(join(folder, 'killed', 'run'));
    const stepsWith = (tag: string): number[] =>
      events.filter(({ values }) => tag in values).map(({ step }) => step);
    assert.deepEqual(
      stepsWith('train/loss'),
      readCurves(recordOf('whole')).map(({ step }) => step),
    );
    assert.deepEqual(
      stepsWith('val/loss'),
      readRun(recordOf('whole')).measurements.map(({ step }) => step),
    );
  });

  it('refuses to resume with other settings, and loses nothing', () => {
    cpSync(join(folder, 'whole'), join(folder, 'other'), { recursive: true });
    const before = readFileSync(recordOf('other'));
    const { code, stderr } = call(...tiny('other', '--resume', 'weightDecay=1e-3'));
    assert.equal(code, 1);
    assert.match(stderr, /error: .*other settings \(weightDecay was 0.* is 0\.001\).*\n$/);
    assert.deepEqual(readFileSync(recordOf('other')), before);
  });
});
