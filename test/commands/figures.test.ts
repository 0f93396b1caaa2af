import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '..', '..', 'src', 'commands', 'figures.ts');

function run(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', SCRIPT, ...words], { encoding: 'utf8' });
}

describe('npm run figures', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'figures-'));
  after(() => rmSync(folder, { recursive: true }));

  it('draws a figure for a column of a paper, and prints its caption', () => {
    const { status, stdout, stderr } = run(
      ...['generalization', '--format', 'pdf', '--column', '1', '--no-tables', '--out', folder],
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(folder), ['generalization.pdf']);
    // 3.25 inches are 234 points.
    assert.match(readFileSync(join(folder, 'generalization.pdf'), 'latin1'), /MediaBox \[0 0 234 \d/);
    assert.match(
      stdout,
      /Caption: Validation accuracy against PID .* 95 % interval .* AMD EPYC.*; commits? /,
    );
  });

  it('names the nearest figure and the forms, and draws nothing', () => {
    const misspelt = run('generalisation', '--out', folder);
    assert.equal(misspelt.status, 1);
    assert.match(misspelt.stderr, /^error: no figure 'generalisation'; did you mean 'generalization'\?/);
    assert.match(run('--format', 'jpg').stderr, /jpg.*svg, pdf, png, html/);
    assert.match(run('--column', '3').stderr, /3.*Allowed choices are 1, 2/);
    assert.equal(readdirSync(folder).length, 1);
  });
});
