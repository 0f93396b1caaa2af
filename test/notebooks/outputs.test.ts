import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The compiler inside tslab. */
const {
  ts,
}: { ts: Record<string, (...args: unknown[]) => unknown> } = require('../../scripts/kernel/compiler.cjs');

const FOLDER = join(__dirname, '..', '..', 'notebooks');
const MOST_BYTES = 1.5e6;
const REFRESH = 'npm run notebooks -- --write';

interface Node {
  readonly name?: { readonly text?: string };
}
interface Output {
  readonly output_type: string;
  readonly data?: Readonly<Record<string, unknown>>;
}
interface Cell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

/** What is wrong with the outputs of an executed notebook; empty when they belong to its sources. */
function faults(text: string): string[] {
  const { cells, metadata } = JSON.parse(text) as { cells: Cell[]; metadata: { sources_sha256?: string } };
  const code = cells.filter(({ cell_type }) => cell_type === 'code');
  const hash = createHash('sha256');
  for (const { source } of code) hash.update(`${[source].flat().join('')}\0`);
  const found: string[] = [];
  if (metadata.sources_sha256 !== hash.digest('hex')) found.push('sources were changed after they ran');
  code.forEach(({ execution_count, outputs = [] }, i) => {
    if (execution_count !== i + 1) found.push(`code cell ${i + 1} ran as number ${execution_count}`);
    for (const { output_type, data = {} } of outputs) {
      if (output_type === 'error') found.push(`code cell ${i + 1} failed`);
      if (!('application/vnd.plotly.v1+json' in data)) continue;
      const picture = [data['image/svg+xml'] ?? ''].flat().join('');
      if (!/<path/.test(picture)) found.push(`a figure of code cell ${i + 1} is empty`);
    }
  });
  if (text.length > MOST_BYTES)
    found.push(`${(text.length / 1e6).toFixed(1)} MB, more than ${MOST_BYTES / 1e6}`);
  for (const path of [process.cwd(), homedir(), '/home/', '/Users/', '/tmp/']) {
    if (path.length > 1 && text.includes(path)) found.push(`names a place of one machine: ${path}`);
  }
  return found;
}

/** Shorthand properties `{ a }` of variables of earlier cells, which the stock tslab kernel does not find. */
function shorthands(text: string): string[] {
  const { cells } = JSON.parse(text) as { cells: Cell[] };
  const declares = [ts.isVariableDeclaration, ts.isParameter, ts.isBindingElement, ts.isImportSpecifier];
  return cells.flatMap(({ cell_type, source }) => {
    if (cell_type !== 'code') return [];
    const short: string[] = [];
    const declared: string[] = [];
    const visit = (node: Node): void => {
      if (ts.isShorthandPropertyAssignment!(node)) short.push(node.name!.text!);
      if (declares.some((is) => is!(node))) declared.push(node.name!.text ?? '');
      ts.forEachChild!(node, visit);
    };
    visit(ts.createSourceFile!('cell.ts', [source].flat().join(''), 99) as Node);
    return short.filter((name) => !declared.includes(name)).map((name) => `{ ${name} }`);
  });
}

describe('outputs in git', () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.ipynb'))) {
    it(`${name} holds the outputs of its sources`, () => {
      const text = readFileSync(join(FOLDER, name), 'utf8');
      assert.deepEqual(faults(text), [], `refresh them: ${REFRESH}`);
    });

    it(`${name} runs in the stock kernel, too`, () => {
      assert.deepEqual(shorthands(readFileSync(join(FOLDER, name), 'utf8')), [], 'write { a: a }');
    });
  }

  it('notices what does not belong', () => {
    const source = 'await show(figure);';
    const sources_sha256 = createHash('sha256').update(`${source}\0`).digest('hex');
    const figure = { 'application/vnd.plotly.v1+json': {}, 'image/svg+xml': '<svg><path/></svg>' };
    const output = { output_type: 'display_data', data: figure };
    const cell: Cell = { cell_type: 'code', source, execution_count: 1, outputs: [output] };
    const notebook = (changed: Partial<Cell>): string =>
      JSON.stringify({ metadata: { sources_sha256 }, cells: [{ ...cell, ...changed }] });
    assert.deepEqual(faults(notebook({})), []);
    assert.match(faults(notebook({ source: 'await show(other);' })).join(), /sources were changed/);
    assert.match(faults(notebook({ execution_count: 3 })).join(), /ran as number 3/);
    assert.deepEqual(shorthands(notebook({ source: 'const b = 1; f({ a, b });' })), ['{ a }']);
    assert.match(faults(notebook({ outputs: [{ output_type: 'error' }] })).join(), /failed/);
    const empty = { ...figure, 'image/svg+xml': '<svg></svg>' };
    assert.match(faults(notebook({ outputs: [{ ...output, data: empty }] })).join(), /is empty/);
    const place = { ...figure, 'text/plain': join(homedir(), 'x') };
    assert.match(faults(notebook({ outputs: [{ ...output, data: place }] })).join(), /place of one machine/);
  });
});
