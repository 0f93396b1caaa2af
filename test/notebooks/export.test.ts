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

/** Saves a notebook as the server of JupyterLab does. */
const SAVE = `import json, sys
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from traitlets.config.loader import PyFileConfigLoader
settings, folder = sys.argv[1:]
config = PyFileConfigLoader('jupyter_server_config.py', path=settings).load_config()
manager = LargeFileManager(config=config, root_dir=folder)
manager.save({'type': 'notebook', 'format': 'json', 'content': json.load(sys.stdin)}, 'saved.ipynb')`;

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

  it('are saved by JupyterLab without the picture that it would show in place of a figure', () => {
    const figure = {
      'application/vnd.plotly.v1+json': { data: [] },
      'image/svg+xml': '<svg/>',
      'image/png': 'AA',
    };
    const outputs = [figure, { 'image/png': 'AA', 'text/plain': 'a picture of the user' }].map((data) => ({
      output_type: 'display_data',
      metadata: {},
      data,
    }));
    const notebook = {
      cells: [{ cell_type: 'code', id: 'a', metadata: {}, source: '', outputs, execution_count: 1 }],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    };
    const { status, stderr } = spawnSync(PYTHON, ['-c', SAVE, join(ROOT, 'scripts', 'jupyter'), folder], {
      input: JSON.stringify(notebook),
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const saved = JSON.parse(readFileSync(join(folder, 'saved.ipynb'), 'utf8')) as typeof notebook;
    assert.deepEqual(
      saved.cells[0]!.outputs.map(({ data }) => Object.keys(data).sort()),
      [
        ['application/vnd.plotly.v1+json', 'image/svg+xml'],
        ['image/png', 'text/plain'],
      ],
    );
  });
});
