import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ESTIMATORS } from '../../src/intrinsic-dimension/estimators/registry';

const ROOT = join(__dirname, '..', '..');

function call(file: string, ...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  return spawnSync(process.execPath, [...loader, join(ROOT, file), ...words], {
    encoding: 'utf8',
    cwd: ROOT,
  });
}

describe('the words of command lines', function () {
  this.timeout(240_000);

  it('show the estimators in help, and the options of the one that was asked for', () => {
    const all = call('src/commands/id.ts', '--help').stdout;
    for (const name of ESTIMATORS) assert.match(all, new RegExp(`^ {2}${name} +\\S`, 'm'));
    assert.doesNotMatch(all, /--n1/);
    // A line for each estimator and about forty others.
    assert.ok(all.split('\n').length < ESTIMATORS.length + 45);
    const one = call('src/commands/id.ts', '--estimator', 'gride', '--help').stdout;
    assert.match(one, /gride: maximum likelihood .*\n {2}--n1 +the nearer neighbour \(default 1\)/);
    assert.doesNotMatch(one, /--maxk/);
  });

  it('get the nearest where they are misspelt, and start nothing', () => {
    const wrong: [string, string[], RegExp][] = [
      ['src/commands/id.ts', ['x.npy', '--estimator', 'grid'], /no estimator 'grid': did you mean 'gride'\?/],
      ['src/commands/id.ts', ['x.npy', '--metric', 'cosin'], /Did you mean cosine\?/],
      [
        'src/commands/figures.ts',
        ['regularisation'],
        /no figure 'regularisation'; did you mean 'regularization'\?/,
      ],
      ['bench/cli.ts', ['steps'], /Did you mean step\?/],
      ['bench/cli.ts', ['id', '--only', 'a,z'], /There is no part 'z': choose from a, b, /],
      ['scripts/notebooks.mjs', ['4-grokin'], /no notebook '4-grokin'. Did you mean 4-grokking\?/],
      ['scripts/notebooks.mjs', ['--htlm'], /no option --htlm. Did you mean --html\?/],
      ['scripts/start.mjs', ['--quick'], /no option --quick/],
      ['scripts/test.mjs', ['test/data/mnist.test.ts'], /test\/data\/mnist.test.ts is not an option/],
      ['scripts/page.mjs', ['--open'], /no option --open/],
      ['scripts/pack.mjs', ['--only', 'linux'], /takes --only and one of none, linux-x64-gnu/],
      ['scripts/doctor.mjs', ['--fix'], /no option --fix/],
      ['scripts/setup.mjs', ['--force'], /no option --force/],
      ['scripts/test.mjs', ['--throrough'], /no option --throrough. Did you mean --thorough\?/],
    ];
    for (const [file, words, message] of wrong) {
      const { status, stdout, stderr } = call(file, ...words);
      assert.equal(status, 1, file);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  });

  it('show the parts of a benchmark in its help', () => {
    assert.match(
      call('bench/cli.ts', '--help').stdout,
      /^Usage: npm run bench -- .*\n[\s\S]*\n {2}truth {2}/,
    );
    assert.match(
      call('bench/cli.ts', 'id', '--help').stdout,
      /^Usage: npm run bench -- id .*\n[\s\S]*\n {2}g {2}/,
    );
  });

  it('print the version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.equal(call('src/commands/id.ts', '--version').stdout, `${version}\n`);
  });

  it('show a short help of each script, before anything is set up', () => {
    for (const name of ['start', 'test', 'setup', 'doctor', 'lab', 'notebooks', 'pack', 'page']) {
      const { status, stdout } = call(`scripts/${name}.mjs`, '--help');
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^Usage: npm (run )?${name}`));
      assert.ok(stdout.split('\n').length < 20, stdout);
    }
  });
});
