// The cells that were executed: their code has names, so that a stack shows the cell and the place in it.
'use strict';

const { lastMaps } = require('./compiler.cjs');

/** How a line of a traceback begins that names a place in a cell. */
const CELL = '  cell [';

/** Source and source maps of each executed cell, by execution number. */
const cells = new Map();
let number = 0;

/** A cell is about to be compiled. */
function addCell(source) {
  cells.set(++number, { source, maps: [], prefix: 0, lines: 0 });
}

/** Remembers how the compiled code of the last cell leads back to its source; gives the name for the code. */
function nameCode(code) {
  const cell = cells.get(number);
  cell.maps = lastMaps();
  // tslab wraps the code in a function that begins on its first line, and is called on its last.
  cell.prefix = code.indexOf('{ ') + 2;
  cell.lines = code.split('\n').length;
  return `cell-${number}`;
}

/** The place that a line of a stack names: the number of a cell, and line and column of its code; else undefined. */
function placeInStack(frame) {
  const found = /cell-(\d+):(\d+):(\d+)/.exec(frame);
  if (!found) return undefined;
  const [cell, line, column] = found.slice(1).map(Number);
  return { cell, line, column };
}

/** Place in the source of a cell for a place in the code that ran; undefined for tslab's own lines. */
function placeInSource({ cell, line, column }) {
  const { maps = [], prefix, lines } = cells.get(cell) ?? {};
  if (maps.length === 0 || line === lines) return undefined;
  let place = { originalLine: line - 1, originalColumn: column - 1 - (line === 1 ? prefix : 0) };
  for (const map of maps) {
    place = map.findEntry(place.originalLine, Math.max(0, place.originalColumn));
    if (place.originalLine === undefined) return undefined;
  }
  // The first line that the compiler sees is tslab's `export {};`, so that its count from 0 is ours from 1.
  return place.originalLine < 1
    ? undefined
    : { cell, line: place.originalLine, column: place.originalColumn + 1 };
}

/** The lines that show a place in the source of a cell. */
function quote({ cell, line, column }) {
  const text = cells.get(cell)?.source.split('\n')[line - 1];
  const place = `${CELL}${cell}], line ${line}:${column}`;
  return text === undefined ? [place] : [place, `    ${text}`, `    ${' '.repeat(Math.max(0, column - 1))}^`];
}

module.exports = { CELL, addCell, lastCell: () => number, nameCode, placeInSource, placeInStack, quote };
