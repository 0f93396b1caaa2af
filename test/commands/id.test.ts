import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ESTIMATORS } from '../../src/intrinsic-dimension/estimators/registry';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';

const ROOT = join(__dirname, '..', '..');
const SCRIPT = join(ROOT, 'src', 'commands', 'id.ts');
const COMMAND = [process.execPath, '--import', 'tsx', SCRIPT];
const GOLDEN = join(ROOT, 'test', 'fixtures', 'golden', 'cube_d5_D10.npy');

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], input: string | Uint8Array = ''): Outcome {
  const [program, ...words] = COMMAND;
  const { status, stdout, stderr } = spawnSync(program!, [...words, ...args], {
    input,
    encoding: 'utf8',
    cwd: ROOT,
  });
  return { code: status, out: stdout, err: stderr };
}

/** The exit code of the command itself in a line of a shell. */
function shell(line: string): Outcome {
  const id = COMMAND.map((word) => `'${word}'`).join(' ');
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line.replaceAll('ID', id)], {
    encoding: 'utf8',
    cwd: ROOT,
  });
  return { code: status, out: stdout, err: stderr };
}

/** 50 points on a curve, as text. */
const LINES = Array.from({ length: 50 }, (_, i) => `${Math.sin(i + 0.1)},${Math.cos(3 * i)}`).join('\n');

describe('npm run id', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'id-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const refuses = (args: readonly string[], message: RegExp, input = LINES): void => {
    const { code, out, err } = run(args, input);
    assert.deepEqual([code, out], [1, ''], args.join(' '));
    assert.match(err, message);
    assert.match(err, /^error: [^\n]*\n$/);
  };

  it('gives the estimate of a file, all estimators, and the scale curve', () => {
    const { value } = JSON.parse(run([GOLDEN, '--json']).out);
    assert.ok(Math.abs(value - 4.592147444276079) < 1e-8, `${value}`);
    const all = JSON.parse(run([GOLDEN, '--all', '--json']).out);
    assert.equal(all.length, ESTIMATORS.length);
    const { curve } = JSON.parse(run([GOLDEN, '--scale', '--json']).out);
    assert.deepEqual([curve[0].n1, curve.at(-1).n2], [1, 128]);
  });

  it('reads standard input', () => {
    const { out } = run(['-', '--estimator', 'mackay-ghahramani', '--k', '5'], LINES);
    assert.match(out, /^mackay-ghahramani: \d\.\d\d \(95 % interval .*50 points\n$/);
    const around = run(['-', '--period', '2,0', '--json'], LINES).out;
    assert.notEqual(JSON.parse(around).value, JSON.parse(run(['-', '--json'], LINES).out).value);
  });

  it('ends with one line and code 1 for values and options that are not read', () => {
    refuses(
      ['-', '--k', 'five', '--estimator', 'levina-bickel'],
      /^error: --k must be a number, got 'five'$/m,
    );
    refuses(
      ['-', '--k', '-5', '--estimator', 'levina-bickel'],
      /^error: k must be a whole number of at least 3, got -5$/m,
    );
    refuses(['-', '--level', '0.9', '--level', '0.8'], /^error: --level is given twice: give it once$/m);
    refuses(
      ['-', '--scale', '--interval', 'iid'],
      /^error: --scale does not read --interval: leave it out; it reads --metric/,
    );
    refuses(['-', '--period', '1,b'], /^error: --period must be a number, got 'b'$/m);
    refuses(['-', '--period', '1,1,1'], /^error: period has 3 numbers for 2 columns: give one a column/);
    refuses(['-', '--figure', 'a.png'], /^error: --figure draws the curve of --scale/);
    refuses(['-', '--key', 'x'], /^error: cannot read standard input: --key is for arrays, but this is text/);
    refuses(
      ['-', '--header', '--no-header'],
      /^error: --header and --no-header are both given: give one of them/,
      'x,y\n1,2\n',
    );
    refuses(
      ['-', '--distances'],
      /^error: standard input: distances must be symmetric, but row 1, column 0 .* its transpose$/m,
      '0,1.5,2\n3,0,1\n2,1,0\n',
    );
    refuses(
      ['-', '--all', '--json'],
      /^error: standard input: need at least 3 distinct points, got 1/,
      '1,2\n1,2\n',
    );
  });

  it('notices that its output is lost, and ends quietly when its reader has seen enough', () => {
    for (const args of ['--json', '--help']) {
      const { code, err } = shell(`ID '${GOLDEN}' ${args} > /dev/full`);
      assert.equal(code, 1, args);
      assert.match(err, /^error: cannot write to standard output: its disk is full\n$/);
    }
    const { code, out, err } = shell(`ID '${GOLDEN}' --scale | head -1; exit \${PIPESTATUS[0]}`);
    assert.deepEqual([code, err, out.split('\n').length], [0, '', 2]);
  });

  it('looks before the work whether a figure can be written, and prints the table when it fails afterwards', () => {
    const figure = join(folder, 'none', 'scales.svg');
    refuses(
      ['-', '--scale', '--figure', figure],
      /cannot write .*scales\.svg: there is no folder .*none$/m,
      '1,x\n',
    );
    const kept = join(folder, 'scales.svg');
    writeFileSync(kept, 'as it was');
    run(['-', '--scale', '--figure', kept], 'no numbers\n');
    assert.equal(readFileSync(kept, 'utf8'), 'as it was');
    const full = join(folder, 'full.svg');
    symlinkSync('/dev/full', full);
    const { code, out, err } = run([GOLDEN, '--scale', '--figure', full]);
    assert.equal(code, 1);
    assert.match(out, /^neighbours .*\n1 and 2 .*[\s\S]*64 and 128 /);
    assert.match(err, /^error: cannot write .*full\.svg: its disk is full\n$/);
  });

  it('takes distances for distances, and points that look like them for points, with a word', async () => {
    const points = LINES.split('\n').map((line) => line.split(',').map(Number));
    const distances = points.map((a) => points.map((b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!)));
    const path = write('distances.csv', distances.map((row) => row.join()).join('\n'));
    const { value } = await intrinsicDimension({ distances });
    const found = run([path, '--distances', '--json']);
    assert.equal(JSON.parse(found.out).value, value);
    assert.equal(found.err, '');
    assert.match(
      run([path]).err,
      /symmetric matrix with a diagonal of zeros, .* --distances reads them as distances/,
    );
    const damaged = distances.map((row, i) => row.map((r, j) => (i === 3 && j === 4 ? 9 : r)).join());
    refuses(
      [write('damaged.csv', damaged.join('\n')), '--distances'],
      /must be symmetric, but row 4, column 3 .* is .* and row 3, column 4 is 9/,
    );
  });

  it('says which columns it leaves out, and takes those that it is told', () => {
    const numbered = write(
      'numbered.csv',
      LINES.split('\n')
        .map((line, i) => `${i},${line}`)
        .join('\n'),
    );
    refuses([numbered], /its column 1 numbers the rows, from 0 to 49, .*--drop-column 1/);
    const { value } = JSON.parse(run(['-', '--json'], LINES).out);
    for (const option of [
      ['--drop-column', '1'],
      ['--columns', '2-3'],
    ])
      assert.equal(JSON.parse(run([numbered, '--json', ...option]).out).value, value);
  });

  it('goes to the folder in which npm was called', () => {
    const lib = join(ROOT, 'scripts', 'lib', 'users-folder.mjs');
    const program = `import('${lib}').then((lib) => { lib.toUsersFolder('id'); console.log(process.cwd()); })`;
    const cwdWith = (env: Record<string, string>): string =>
      execFileSync(process.execPath, ['-e', program], { cwd: ROOT, env, encoding: 'utf8' }).trim();
    assert.equal(cwdWith({ INIT_CWD: folder, npm_lifecycle_event: 'id' }), folder);
    assert.equal(cwdWith({ INIT_CWD: folder, npm_lifecycle_event: 'test' }), ROOT);
    assert.equal(cwdWith({}), ROOT);
  });
});
