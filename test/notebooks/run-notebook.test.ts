import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { itThorough } from '../thorough';
import { type Ended, PYTHON, python, ROOT } from './python';

describe('headless notebooks', function () {
  this.timeout(240_000);
  let folder: string;

  before(() => {
    // Two levels inside the project, so that the notebooks import from '../..'.
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.cache', 'notebooks-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A notebook of code cells; the one that declares `parameters` gets the tag. */
  function notebook(name: string, ...sources: string[]): string {
    const path = join(folder, `${name}.ipynb`);
    const cells = sources.map((source, i) => ({
      cell_type: 'code',
      id: `cell-${i}`,
      metadata: { tags: source.startsWith('const parameters') ? ['parameters'] : [] },
      source,
      outputs: [],
      execution_count: null,
    }));
    const kernelspec = { name: 'tslab', display_name: 'TypeScript', language: 'typescript' };
    writeFileSync(path, JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }));
    return path;
  }

  function run(...args: string[]): Ended {
    return python([join(ROOT, 'scripts', 'run_notebook.py'), '--output', join(folder, 'out'), ...args]);
  }

  it('executes with parameters, and writes notebook, page and pictures', () => {
    const path = notebook(
      'good',
      "import { show } from '../..';",
      "const parameters = { steps: 10, name: 'a' };",
      'console.log(parameters.steps + 1, parameters.name)',
      "const figure = { data: [{ type: 'scatter' as const, x: [1, 2], y: [3, 4] }] };\nawait show(figure);",
    );
    const { status, stdout, stderr } = run(path, '--html', '-p', 'steps=2e1', '-p', 'name=b');
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /\[ 2\/4\] parameters\.steps = 20[\s\S]*\[ 3\/4\] console\.log/);
    assert.match(stdout, /ok .*good\.ipynb: 5 cells, 1 figures/);
    const executed = JSON.parse(readFileSync(join(folder, 'out', 'good.ipynb'), 'utf8'));
    assert.equal([executed.cells[3].outputs[0].text].flat().join(''), '21 b\n');
    const counts = executed.cells.map((cell: { execution_count: number }) => cell.execution_count);
    assert.deepEqual(counts, [1, 2, 2, 3, 4]);
    assert.equal(readFileSync(join(folder, 'out', 'good-1.png')).toString('latin1', 1, 4), 'PNG');
    const page = readFileSync(join(folder, 'out', 'good.html'), 'utf8');
    assert.match(page, /<svg/);
    assert.doesNotMatch(page, /<(script|link|img|iframe)[^>]*(src|href)=["']?(https?:)?\/\//);
  });

  it('takes the words of papermill', function () {
    // No part of the set-up: .venv/bin/pip install papermill
    if (python(['-c', 'import papermill']).status !== 0) this.skip();
    const path = notebook(
      'milled',
      "const parameters = {\n  name: 'a', // of a\n};",
      'console.log(parameters.name);',
    );
    const papermill = (...words: string[]): Ended =>
      python([join(ROOT, 'scripts', 'papermill_typescript.py'), ...words]);
    const output = join(folder, 'milled-b.ipynb');
    const { status, stderr } = papermill(path, output, '-p', 'name', 'b "quoted"');
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /unknown parameter/);
    const { cells } = JSON.parse(readFileSync(output, 'utf8'));
    assert.equal([cells.at(-1).outputs[0].text].flat().join(''), 'b "quoted"\n');
    assert.match(papermill('--help-notebook', path).stdout, /name: .*'a'.*of a/s);
    const wrong = papermill(path, output, '-p', 'nam', 'b');
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /Did you mean 'name'/);
  });

  itThorough('fails with notebook, cell, line and message, and goes on with the next notebook', () => {
    const thrown = notebook(
      'thrown',
      'const a = 1;',
      '// one\nconst b = a;\nthrow new Error("boom " + b);',
      'a',
    );
    const wrong = notebook('wrong', "import { show } from '../..';", 'const n: number = "x";');
    const late = notebook('late', 'void setTimeout(() => { throw new Error("too late") }, 20);');
    const { status, stderr, stdout } = run(thrown, wrong, late);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /thrown\.ipynb: cell \[2\], line 3: throw new Error\("boom " \+ b\);\nError: boom 1/,
    );
    assert.match(
      stderr,
      /wrong\.ipynb: cell \[2\], line 1: const n: number = "x";\nTypeScriptError: .*not assignable/,
    );
    assert.match(stderr, /late\.ipynb: after the last cell: too late/);
    assert.equal(stdout.match(/^FAILED/gm)?.length, 3);
  });

  itThorough('ends a cell that takes too long, and says when the kernel dies', () => {
    const endless = notebook('endless', 'await new Promise(() => {});');
    const dying = notebook('dying', "process.kill(process.pid, 'SIGKILL');");
    const { status, stderr } = run(endless, dying, '--timeout', '5');
    assert.equal(status, 1);
    assert.match(stderr, /endless\.ipynb: cell \[1\] took longer than 5 s: await new Promise/);
    assert.match(stderr, /dying\.ipynb: cell \[1\]: the kernel died: process\.kill/);
  });

  it('ends at a signal with its kernel, and says where the outputs are', async () => {
    const path = notebook('stopped', 'console.log(process.pid);', 'while (true) {}');
    const output = join(folder, 'out');
    const script = join(ROOT, 'scripts', 'run_notebook.py');
    const child = spawn(PYTHON, [script, '--output', output, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const piece of child.stdout.setEncoding('utf8')) {
      said += piece;
      if (/while/.test(piece)) child.kill('SIGTERM');
    }
    assert.match(said, /stopped; what .*stopped\.ipynb had computed is in/);
    assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 130);
    const executed = JSON.parse(readFileSync(join(output, 'stopped.ipynb'), 'utf8'));
    const kernel = Number([executed.cells[0].outputs[0].text].flat().join(''));
    assert.throws(() => process.kill(kernel, 0), /ESRCH/);
  });

  itThorough(
    'refuses parameters that the notebook does not have, and figures that are missing or empty',
    () => {
      const unknown = notebook('unknown', 'const parameters = { steps: 10 };', 'parameters');
      const first = run(unknown, '-p', 'stepz=3');
      assert.equal(first.status, 1);
      assert.match(first.stderr, /cell \[1\], with -p: parameters\.stepz = 3;[\s\S]*Did you mean 'steps'/);

      // What -p adds is no cell of the user's file: numbers are those of the file.
      const shifted = run(notebook('shifted', 'const parameters = { a: 1 };', 'null!.b'), '-p', 'a=2');
      assert.match(
        shifted.stderr,
        /shifted\.ipynb: cell \[2\], line 1: null!\.b[\s\S]*\n {2}cell \[2\], line 1:/,
      );
      const numbers = JSON.parse(readFileSync(join(folder, 'out', 'shifted.ipynb'), 'utf8'));
      const [failed] = numbers.cells.at(-1).outputs;
      assert.equal(numbers.cells.at(-1).execution_count, 2);
      assert.match(failed.traceback.join('\n'), /cell \[2\], line 1:/);

      const empty = notebook(
        'empty',
        "import { show } from '../..';",
        "const figure = { data: [{ type: 'scatter' as const, x: [], y: [] }] };\nawait show(figure);",
      );
      const missing = notebook(
        'missing',
        'const show = (figure: object) => figure;',
        'const figure = {};\nshow(figure);',
      );
      const one = notebook(
        'one',
        'const show = (figure: object) => figure;',
        'const [aFigure, bFigure] = [{}, {}];\nshow(aFigure);\nshow({ data: [] });',
      );
      // Other parameters may leave nothing to draw.
      const spared = notebook(
        'spared',
        'const show = (figure: object) => figure;',
        'const figures: object[] = [];\nif (figures.length > 0) show(figures[0]!);',
      );
      const nan = notebook(
        'nan',
        "import { show } from '../..';",
        "const figure = { data: [{ type: 'scatter' as const, x: [1, 2], y: [NaN, NaN] }] };\nawait show(figure);",
      );
      // Pictures of an earlier run are none of this one.
      writeFileSync(join(folder, 'out', 'nan-1.png'), 'old');
      // The file's own outputs tell what a cell draws.
      const hidden = notebook('hidden', 'const nothing = 1;');
      const drawn = {
        output_type: 'display_data',
        metadata: {},
        data: { 'application/vnd.plotly.v1+json': {} },
      };
      const file = JSON.parse(readFileSync(hidden, 'utf8'));
      file.cells[0].outputs = [drawn];
      writeFileSync(hidden, JSON.stringify(file));
      writeFileSync(join(folder, 'text.ipynb'), 'no notebook');
      const second = run(
        empty,
        missing,
        spared,
        one,
        hidden,
        nan,
        join(folder, 'nowhere.ipynb'),
        join(folder, 'text.ipynb'),
      );
      assert.equal(second.status, 1);
      assert.match(second.stderr, /empty\.ipynb: cell \[2\]: a figure is empty/);
      assert.match(second.stderr, /missing\.ipynb: cell \[2\]: a figure is missing/);
      assert.match(second.stderr, /one\.ipynb: cell \[2\]: a figure is missing/);
      assert.doesNotMatch(second.stderr, /spared\.ipynb: /);
      assert.match(second.stderr, /hidden\.ipynb: cell \[1\]: a figure is missing/);
      assert.match(second.stderr, /nan\.ipynb: cell \[2\]: all values of a figure are NaN/);
      assert.ok(!existsSync(join(folder, 'out', 'nan-1.png')));
      assert.match(second.stderr, /nowhere\.ipynb: there is no such file/);
      assert.match(second.stderr, /text\.ipynb: this is not a notebook/);
      assert.ok(!existsSync(join(folder, 'out', 'empty-1.png')));
    },
  );
});
