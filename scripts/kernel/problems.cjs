// The problem of a cell in Jupyter's terms: name, message, and a traceback that points to lines of cells.
'use strict';

const path = require('node:path');
const util = require('node:util');
const { callOf } = require('./calls.cjs');
const { CELL, lastCell, placeInSource, placeInStack, quote } = require('./cells.cjs');
const { cureFor } = require('./cures.cjs');
const { packageFolder } = require('./package.cjs');

const ROOT = path.resolve(__dirname, '..', '..');
/** Frames in the kernel, in Node and in other packages, where a user cannot change anything. */
const FOREIGN_FRAMES = /node_modules[\\/]|\(?node:|\(<anonymous>\)|scripts[\\/]kernel[\\/]/;

/** Messages are cut after this many characters. */
const MOST_TEXT = 1000;

// The line of the cell may be more than ten calls deep, since libraries call themselves.
Error.stackTraceLimit = 100;

function problem(name, message, traceback) {
  return { ename: name, evalue: message, traceback };
}

/** The problem of a cell that the user stopped. */
function interruption(message) {
  return problem('Interrupted', message, [`Interrupted: ${message}`]);
}

/** The problem of a thrown value; `note` says where it comes from, and `place` in which cell, if its stack does not. */
function fromThrown(thrown, note = '', place = undefined) {
  const isError = util.types.isNativeError(thrown) || thrown instanceof Error;
  const name = isError ? thrown.name : 'Error';
  const message = shortened(isError ? thrown.message : util.inspect(thrown)) + (note ? ` (${note})` : '');
  const frames = isError ? stackLines(thrown) : [];
  const isPlaced = place === undefined || frames.some((line) => line.startsWith(`${CELL}${place.cell}]`));
  const lines = [`${name}: ${message}`, ...frames, ...(isPlaced ? [] : quote(place))];
  const cause = isError ? thrown.cause : undefined;
  const why = cause === undefined ? undefined : (cause?.message ?? util.inspect(cause));
  if (why !== undefined) lines.push(`  caused by ${shortened(why)}`);
  const advice = cureFor(why ?? message) ?? cureFor(message);
  if (advice) lines.push(`  ${advice}`);
  return problem(name, message, lines);
}

/** Cuts long messages; some libraries put a whole file into one. */
function shortened(message) {
  return message.length > MOST_TEXT ? `${message.slice(0, MOST_TEXT)} ...` : message;
}

/** The frames that matter to a user, with a quotation of the innermost line of a cell. */
function stackLines(error) {
  const lines = linesOf(error.stack);
  return lines.some((line) => line.startsWith(CELL)) ? lines : [...lines, ...linesOf(callOf(error) ?? '')];
}

function linesOf(stack) {
  const lines = [];
  let quoted = false;
  let inPackage = false;
  for (const frame of String(stack).split('\n')) {
    if (!/^\s+at /.test(frame) || FOREIGN_FRAMES.test(frame)) continue;
    const inStack = placeInStack(frame);
    if (!inStack) {
      // Of the package, the place where it failed.
      if (frame.includes(packageFolder + path.sep)) {
        if (inPackage) continue;
        inPackage = true;
      }
      lines.push(`  ${frame.trim().replace(ROOT + path.sep, '')}`);
      continue;
    }
    const place = placeInSource(inStack);
    if (!place) continue;
    const line = quoted ? quote(place).slice(0, 1) : quote(place);
    // A function that calls itself stands there once.
    if (!lines.includes(line[0])) lines.push(...line);
    quoted = true;
  }
  return lines;
}

/** The problem of the type checker's messages on the last cell; those at one position are joined. */
function fromDiagnostics(diagnostics) {
  const lines = [];
  let previous = '';
  for (const { file, line, column, message } of diagnostics) {
    const place = `${file}${line}:${column}`;
    if (lines.length > 0) lines.push(place === previous ? `    ${message}` : `  ${message}`);
    if (place !== previous)
      lines.push(...(file ? [`  ${place}`] : quote({ cell: lastCell(), line, column })));
    previous = place;
  }
  const [first] = diagnostics;
  const summary = `${first.file ? first.file : ''}line ${first.line}: ${first.message}`;
  const advice = cureFor(first.message);
  return problem('TypeScriptError', summary, [
    `TypeScriptError: ${summary}`,
    ...lines,
    ...(advice ? [`  ${advice}`] : []),
  ]);
}

module.exports = { fromDiagnostics, fromThrown, interruption, problem };
