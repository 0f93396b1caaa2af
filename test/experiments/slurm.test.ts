import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseGrid } from '../../src/experiments/registry';
import { slurmScript } from '../../src/experiments/slurm';
import { sweep, sweepCells } from '../../src/experiments/sweep';
import { readRun } from '../../src/records/run-record';
import { itThorough } from '../thorough';
import { type Slurm, slurmMissing, startSlurm } from './one-machine-slurm';

const ROOT = join(__dirname, '..', '..');
const GRID = parseGrid([
  'trainFraction=.4,.5',
  'steps=1500',
  'measureEvery=50',
  'checkpointEvery=50',
  'idSubsamples=2',
  'nLayer=1',
  'nEmbd=8',
  'nHead=1',
  'prime=11',
  'batchSize=16',
  'earlyMeasurements=0',
]);

describe('the script of an array job', () => {
  const script = (options: Partial<Parameters<typeof slurmScript>[1]>): string =>
    slurmScript(sweepCells(GRID, 'out'), { folder: '/scratch/runs', root: ROOT, ...options });

  it('quotes paths with blanks, quotation marks and per cent signs', () => {
    const text = script({ folder: '/home/a b/50% "runs"', root: '/home/a b' });
    assert.match(text, /^#SBATCH --output="\/home\/a b\/50%% \\"runs\\"\/slurm-%A_%a\.log"$/m);
    assert.match(text, /^cd '\/home\/a b' \|\| exit 1$/m);
    assert.match(text, /--out '\/home\/a b\/50% "runs"' --resume/);
  });

  it('takes times as Slurm writes them, and refuses whatever else would get into the script', () => {
    for (const time of ['30', '30:00', '04:00:00', '2-12', '2-12:30', '2-12:30:00'])
      assert.match(script({ time }), new RegExp(`^#SBATCH --time=${time}$`, 'm'));
    for (const time of ['', '1h', '04:00:00\n#SBATCH --wrap=rm', '1 2', ' 30', '30\n', '-1', '1:2:3:4'])
      assert.throws(() => script({ time }), /time must be minutes, hh:mm:ss or days-hh:mm:ss/);
    assert.throws(() => script({ folder: '/a\nb' }), /a path must be one line/);
  });
});

describe('a grid as an array job of Slurm', () => {
  let folder: string;
  let slurm: Slurm | undefined;
  before(async function () {
    this.timeout(240_000);
    const missing = slurmMissing();
    if (missing !== undefined) {
      console.log(`    skipped: ${missing}`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'slurm-'));
    slurm = await startSlurm(folder);
  });
  after(() => {
    slurm?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  itThorough(
    'runs every cell; a task whose time is over checkpoints, is requeued, and leaves the same record',
    async function () {
      this.timeout(240_000);
      const { ask } = slurm!;
      const cells = sweepCells(GRID, folder);
      const path = join(folder, 'sweep.sbatch');
      writeFileSync(path, slurmScript(cells, { folder, root: ROOT, threads: 1 }));
      const job = /\d+/.exec(ask('sbatch', path))![0];
      const steps = (name: string): number => {
        try {
          return readRun(join(folder, `${name}.jsonl`)).measurements.at(-1)?.step ?? 0;
        } catch {
          return 0;
        }
      };
      const until = async (what: string, true_: () => boolean): Promise<void> => {
        const started = Date.now();
        while (!true_()) {
          if (Date.now() - started > 100_000)
            throw new Error(`${what}: ${ask('squeue')}${logs(folder, job)}`);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      await until('no task began', () => steps(cells[0]!.name) >= 100);
      // What Slurm sends before the time of a task is over.
      ask('scancel', '--batch', '--signal=TERM', `${job}_0`);
      await until('it was not requeued', () => logs(folder, job).includes('stopped at step'));
      // Slurm holds a requeued task back for two minutes, until its credentials have expired. Sooner, what ends its
      // first run on the node (KillWait) could hit the second.
      await until('it is not pending', () => ask('squeue', '--noheader', '--format=%T').includes('PENDING'));
      await new Promise((resolve) => setTimeout(resolve, 6000));
      ask('scontrol', 'update', `JobId=${job}_0`, 'StartTime=now');
      await until('the job did not end', () => ask('squeue', '--noheader').trim() === '');
      // One thread each, too: records are compared exactly.
      const calm = await sweep(GRID, { folder: join(folder, 'calm'), workers: availableParallelism() });
      for (const { name, path } of calm) {
        const record = readRun(join(folder, `${name}.jsonl`));
        assert.equal(record.done?.step, 1500, `${name}: ${logs(folder, job)}`);
        assert.deepEqual(record.measurements, readRun(path).measurements, name);
      }
    },
  );
});

function logs(folder: string, job: string): string {
  return [0, 1]
    .map((task) => {
      try {
        return readFileSync(join(folder, `slurm-${job}_${task}.log`), 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');
}
