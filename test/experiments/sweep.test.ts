import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { overridesOf, parseGrid, type RunConfig, runName } from '../../src/experiments/registry';
import { slurmScript } from '../../src/experiments/slurm';
import { type SweepCell, sweep, sweepCells } from '../../src/experiments/sweep';
import { lock } from '../../src/records/lock';
import { readRun } from '../../src/records/run-record';
import { itThorough, THOROUGH } from '../thorough';

const SMALL = ['nLayer=1', 'nEmbd=8', 'nHead=1', 'prime=11', 'batchSize=16', 'earlyMeasurements=0'];
const GRID = parseGrid([
  'trainFraction=.4,.5',
  'steps=400',
  'measureEvery=10',
  'checkpointEvery=10',
  'idSubsamples=2',
  ...SMALL,
]);
/** Of the sweep itself and of a worker, in turn. */
const KILLS = THOROUGH ? 12 : 2;
const CLI = join(__dirname, '..', '..', 'src', 'commands', 'sweep.ts');

function linesOf(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

/** What a record says, without the date and the time it took. */
function measurements(path: string): unknown {
  return readRun(path).measurements;
}

describe('sweep', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sweep-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('settings become words and come back', () => {
    for (const config of GRID) assert.deepEqual(parseGrid(overridesOf(config)), [config]);
  });

  itThorough(
    'killed with -9, itself or a worker, and started again, it leaves the records of an undisturbed sweep',
    async function () {
      this.timeout(60_000 * (1 + KILLS));
      const calm = join(folder, 'calm');
      const cells = await sweep(GRID, { folder: calm, workers: 2 });
      assert.deepEqual(
        cells.map(({ state }) => state),
        ['done', 'done'],
      );
      const disturbed = join(folder, 'disturbed');
      const words = [
        'grokking',
        'trainFraction=.4,.5',
        ...overridesOf(GRID[0]!).filter((word) => !word.startsWith('trainFraction')),
        '--workers',
        '2',
        '--out',
        disturbed,
      ];
      const lines = (): number =>
        cells.reduce((sum, { name }) => sum + linesOf(join(disturbed, `${name}.jsonl`)), 0);
      let kills = 0;
      for (let code: number | null = null; code !== 0; ) {
        const child: ChildProcess = fork(CLI, words, { stdio: 'ignore' });
        const ended = once(child, 'close').then(([status]) => status as number | null);
        if (kills < KILLS) {
          // Each attempt gets a little further, at whatever speed, and is killed at another moment of its work.
          const begun = lines();
          const enough = async (): Promise<boolean> => {
            while (child.exitCode === null && lines() < begun + 3) await wait(5);
            await wait((kills * 43) % 170);
            return child.exitCode === null;
          };
          if (await enough()) {
            kills++;
            if (kills % 2 === 0) child.kill('SIGKILL');
            else spawnSync('pkill', ['-9', '-P', String(child.pid)]);
          }
        }
        code = await ended;
      }
      assert.equal(kills, KILLS, 'the sweep was over before the last kill');
      for (const { name } of cells) {
        const [first, second] = [calm, disturbed].map((place) => join(place, `${name}.jsonl`));
        assert.deepEqual(measurements(second!), measurements(first!));
        assert.ok(readRun(second!).done);
      }
    },
  );

  it('reports a run that fails, and does the others', async function () {
    this.timeout(240_000);
    const place = join(folder, 'failing');
    const [good, bad] = parseGrid(['trainFraction=.5,.05', 'steps=20', 'batchSize=50', ...SMALL.slice(0, 4)]);
    const cells = await sweep([bad!, good!], { folder: place, workers: 1 });
    assert.deepEqual(
      cells.map(({ state }) => state),
      ['failed', 'done'],
    );
    assert.match(cells[0]!.message, /batch/);
    // The finished one is skipped, and known from its record alone.
    assert.deepEqual(
      sweepCells([bad!, good!], place).map(({ state }) => state),
      ['waiting', 'done'],
    );
  });

  itThorough(
    'waits for a record that another process is about to leave, and then does the run',
    async function () {
      this.timeout(240_000);
      const place = join(folder, 'locked');
      const [cell] = parseGrid(['trainFraction=.5', 'steps=20', ...SMALL]);
      const path = join(place, `${runName(cell!)}.jsonl`);
      mkdirSync(place);
      const unlock = lock(path);
      let tries = 0;
      const [done] = await sweep([cell!], {
        folder: place,
        workers: 1,
        onChange: ([now]) => {
          if (now!.message.includes('is being written by')) tries++;
          if (tries === 1) unlock();
        },
      });
      assert.equal(done!.state, 'done', done!.message);
      assert.ok(tries >= 1);
      assert.equal(readRun(path).done?.step, 20);
    },
  );

  it('says how a run went on, and how its process ended when it says nothing itself', async function () {
    this.timeout(240_000);
    const [cell] = parseGrid(['trainFraction=.5', 'steps=1000000', 'measureEvery=50', ...SMALL]);
    const heard: SweepCell[] = [];
    const [killed] = await sweep([cell!], {
      folder: join(folder, 'killed'),
      workers: 1,
      onChange: ([now]) => {
        heard.push(now!);
        if (now!.step >= 50) spawnSync('pkill', ['-9', '-P', String(process.pid), '-f', 'worker.ts']);
      },
    });
    assert.equal(killed!.state, 'failed');
    assert.match(killed!.message, /^its process was ended by SIGKILL, .*: try fewer workers$/);
    assert.match(
      heard.find(({ step }) => step >= 50)!.message,
      /accuracy [\d.]+ %, validation [\d.]+ % \| LLID/,
    );
  });

  itThorough(
    'stops its runs with checkpoints, and goes on from there, with fewer steps than were asked for first',
    async function () {
      this.timeout(240_000);
      const place = join(folder, 'stopped');
      const grid = (steps: number): RunConfig[] =>
        parseGrid(['trainFraction=.5', `steps=${steps}`, 'measureEvery=20', ...SMALL]);
      const stop = new AbortController();
      const [stopped] = await sweep(grid(1e6), {
        folder: place,
        workers: 1,
        signal: stop.signal,
        onChange: ([now]) => {
          if (now!.step >= 40) stop.abort();
        },
      });
      assert.deepEqual([stopped!.state, stopped!.message], ['stopped', 'stopped with a checkpoint']);
      const { done, measurements } = readRun(stopped!.path);
      assert.equal(done, undefined);
      const steps = measurements.at(-1)!.step + 100;
      const [finished] = await sweep(grid(steps), { folder: place, workers: 1 });
      assert.equal(finished!.state, 'done', finished!.message);
      assert.deepEqual(
        readRun(finished!.path).measurements.map(({ step }) => step),
        Array.from({ length: steps / 20 + 1 }, (_, i) => 20 * i),
      );
    },
  );

  it('lists the cells without running them', () => {
    const out = execFileSync(
      process.execPath,
      ['--import', 'tsx', CLI, 'grokking', 'weightDecay=0,1e-2', '--dry-run', '--out', join(folder, 'none')],
      { encoding: 'utf8' },
    );
    assert.match(out, /grokking-weightDecay0\.01 +to run/);
    assert.match(out, /2 runs, 2 to do/);
  });

  it('writes an array job whose tasks are the cells, and that bash can read', () => {
    const cells = sweepCells(GRID, join(folder, 'cluster'));
    const script = slurmScript(cells, { folder: '/scratch/my runs', root: '/home/me/lab' });
    const path = join(folder, 'job.sbatch');
    writeFileSync(path, script);
    execFileSync('bash', ['-n', path]);
    assert.match(script, /#SBATCH --array=0-1\n/);
    // The task's words, as bash gives them to the program.
    const echo = script
      .replace(/^cd .*$/m, '')
      .replace('node dist/commands/experiment.js "$@"', 'printf "%s\\n" "$@"')
      .replace(/^while .*$/m, '');
    const out = execFileSync('bash', ['-c', echo], {
      encoding: 'utf8',
      env: { ...process.env, SLURM_ARRAY_TASK_ID: '1' },
    });
    assert.deepEqual(out.trim().split('\n').slice(1, 3), overridesOf(GRID[1]!).slice(0, 2));
    assert.match(readFileSync(path, 'utf8'), /scontrol requeue/);
  });
});
