import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flatTorus } from '../../src/intrinsic-dimension/manifolds/manifolds';
import type { IdReport } from '../../src/intrinsic-dimension/report/report';

const SCRIPT = join(__dirname, '..', '..', 'src', 'commands', 'id.ts');

function run(...args: readonly string[]): { code: number | null; out: string; err: string } {
  const ended = spawnSync(process.execPath, ['--import', 'tsx', SCRIPT, ...args], { encoding: 'utf8' });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

describe('npm run id -- --report', function () {
  this.timeout(240_000);
  let folder: string;
  let points: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'report-'));
    points = join(folder, 'torus & co.csv');
    const { data } = flatTorus({ points: 200, dimension: 1, seed: 1 });
    const rows = Array.from({ length: 200 }, (_, i) => `${i},${data[2 * i]},${data[2 * i + 1]}`);
    writeFileSync(points, `${rows.join('\n')}\n`);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('prints every part, and writes a page that needs neither a network nor JavaScript', () => {
    const page = join(folder, 'page.html');
    const { code, out, err } = run(points, '--columns', 'all', '--report', '--figure', page);
    assert.equal(code, 0, err);
    assert.match(out, /^two-nn gives \d/);
    assert.match(out, /! row numbers: Column 0 \(counted from 0\) numbers the rows/);
    assert.ok(
      out.indexOf('\nnull models\n') < out.indexOf('\nestimates\n'),
      'what undermines the value comes first',
    );
    for (const part of ['estimates', 'calibration', 'scale', 'number of points', 'each point', 'null models'])
      assert.ok(out.includes(part), part);
    const html = readFileSync(page, 'utf8');
    assert.ok(!/<script|<link|src=|url\(http|@import/i.test(html), 'nothing is loaded');
    assert.equal(html.match(/<svg /g)?.length, 6);
    assert.match(html, /<title>Intrinsic dimension of torus &amp; co\.csv<\/title>/);
    assert.match(html, /<b>row numbers<\/b>: Column 0/);
    assert.match(html, /prefers-color-scheme: dark/);
    const names = [...html.matchAll(/ id="([^"]+)"/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, 'pictures do not share names');
  });

  it('prints one line of JSON, with the options of the estimator', () => {
    const { code, out, err } = run(
      points,
      '--columns',
      '2,3',
      '--report',
      '--json',
      '--estimator',
      'gride',
      '--n1',
      '2',
      '--level',
      '.9',
    );
    assert.equal(code, 0, err);
    const report = JSON.parse(out) as IdReport;
    assert.equal(out.trim().split('\n').length, 1);
    assert.deepEqual([report.estimator, report.level, report.points], ['gride n1 2', 0.9, 200]);
  });

  it('says before the work that its page cannot be written', () => {
    const { code, out, err } = run(
      points,
      '--columns',
      '2,3',
      '--report',
      '--figure',
      join(folder, 'missing', 'page.html'),
    );
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /missing/);
  });

  it('refuses what it would not use', () => {
    for (const [args, message] of [
      [['--scale'], /choose one of --report and --scale/],
      [['--all'], /choose one of --report and --all/],
      [['--interval', 'iid'], /no option interval/],
      [['--figure', join(folder, 'page.png')], /must end in \.html/],
      [['--estimator', 'pca'], /calibrates only estimators from distances to neighbours/],
      [['--k', '5'], /two-nn has no option k/],
    ] as const) {
      const { code, err } = run(points, '--report', ...args);
      assert.equal(code, 1);
      assert.match(err, message);
    }
    assert.ok(!existsSync(join(folder, 'page.png')));
  });
});
