import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import { itThorough } from '../thorough';

const ROOT = join(__dirname, '..', '..');
const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');
/** It has text, tables, figures, estimates and plain values. */
const NOTEBOOK = join(ROOT, 'notebooks', 'start-here.ipynb');

describe('exported notebooks', function () {
  this.timeout(180_000);
  let folder: string;

  before(() => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.cache', 'exports-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** By nbconvert, as a terminal of `npm run lab` does. */
  function exported(name: string, ...options: string[]): string {
    const { status, stderr } = spawnSync(
      PYTHON,
      ['-m', 'nbconvert', '--output-dir', folder, '--output', name, ...options, NOTEBOOK],
      { encoding: 'utf8', env: { ...process.env, JUPYTER_CONFIG_PATH: join(ROOT, 'scripts', 'jupyter') } },
    );
    assert.equal(status, 0, stderr);
    return readFileSync(join(folder, name), 'utf8');
  }

  // What the menu of JupyterLab asks for is the first; the test in a browser clicks it.
  for (const sanitize of ['True', 'False']) {
    (sanitize === 'True' ? it : itThorough)(
      `have headings, tables and pictures in HTML, with sanitize_html=${sanitize}`,
      () => {
        const page = exported('page.html', '--to', 'html', `--HTMLExporter.sanitize_html=${sanitize}`);
        const { document } = new JSDOM(page).window;
        const text = document.querySelector('main')!.textContent!;
        assert.doesNotMatch(text, /<\/?[a-z]+[ >]/, 'tags stand in the page as text');
        assert.equal(document.querySelector('h1')?.textContent?.replace('¶', ''), 'Start here');
        assert.equal(document.querySelectorAll('img[src^="data:image/svg+xml"]').length, 2);
        const table = document.querySelector('main table')!;
        assert.deepEqual(
          [...table.querySelectorAll('thead th')].map((cell) => cell.textContent),
          ['site', 'shape', 'ID', 'from', 'to', ''],
        );
        assert.match(table.querySelector('th:nth-child(3)')!.getAttribute('style')!, /text-align: ?right/);
        assert.match(text, /Intrinsic dimension 2\.\d\d \(95 % interval/);
        assert.match(page, /@media print/);
      },
    );
  }

  itThorough('have the same in markdown', () => {
    const text = exported('page.md', '--to', 'markdown');
    assert.equal(text.match(/^!\[svg\]\(/gm)?.length, 2);
    assert.match(text, /<table>.*95 % intervals/);
    assert.match(text, /Intrinsic dimension 2\.\d\d \(95 % interval/);
  });
});
