// The executed cells, whose code has names, so that a stack trace shows the cell and the position in it.
'use strict';

const { lastMaps, ts } = require('./compiler.cjs');

/** The beginning of a traceback line that names a position in a cell. */
const CELL = '  cell [';

/** The source and the source maps of each executed cell, by execution number. */
const cells = new Map();
let number = 0;

/** Registers a cell that is about to be compiled. */
function addCell(source) {
  cells.set(++number, { source, maps: [], prefix: 0, lines: 0 });
}

/** Stores the way from the compiled code of the last cell back to its source, and returns the name of the code. */
function nameCode(code) {
  const cell = cells.get(number);
  cell.maps = lastMaps();
  // tslab wraps the code in a function that begins on its first line, and is called on its last.
  cell.prefix = code.indexOf('{ ') + 2;
  cell.lines = code.split('\n').length;
  return `cell-${number}`;
}

/** The position that a stack line names: the number of a cell, and the line and column of its code; otherwise undefined. */
function placeInStack(frame) {
  const found = /cell-(\d+):(\d+):(\d+)/.exec(frame);
  if (!found) return undefined;
  const [cell, line, column] = found.slice(1).map(Number);
  return { cell, line, column };
}

/** The position in the source of a cell that belongs to a position in its code; undefined for tslab's own lines. */
function placeInSource({ cell, line, column }) {
  const { maps = [], prefix, lines } = cells.get(cell) ?? {};
  if (maps.length === 0 || line === lines) return undefined;
  let place = { originalLine: line - 1, originalColumn: column - 1 - (line === 1 ? prefix : 0) };
  for (const map of maps) {
    place = map.findEntry(place.originalLine, Math.max(0, place.originalColumn));
    if (place.originalLine === undefined) return undefined;
  }
  // The first line that the compiler sees is tslab's `export {};`, so its line numbers from 0 are those of the cell from 1.
  return place.originalLine < 1
    ? undefined
    : { cell, line: place.originalLine, column: place.originalColumn + 1 };
}

/** Where the last statement of the last cell begins, whose value is shown. */
function placeOfValue() {
  const { source } = cells.get(number);
  const tree = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const start = tree.statements.at(-1)?.getStart(tree) ?? 0;
  const { line, character } = tree.getLineAndCharacterOfPosition(start);
  return { cell: number, line: line + 1, column: character + 1 };
}

/** Of each executed cell [0, number, source], in order, as Jupyter's history has it. */
function sourcesOfCells() {
  return [...cells].map(([number, { source }]) => [0, number, source]);
}

/** The lines that show a position in the source of a cell. */
function quote({ cell, line, column }) {
  const text = cells.get(cell)?.source.split('\n')[line - 1];
  const place = `${CELL}${cell}], line ${line}:${column}`;
  return text === undefined ? [place] : [place, `    ${text}`, `    ${' '.repeat(Math.max(0, column - 1))}^`];
}

module.exports = {
  CELL,
  addCell,
  lastCell: () => number,
  nameCode,
  placeInSource,
  placeInStack,
  placeOfValue,
  quote,
  sourcesOfCells,
};
