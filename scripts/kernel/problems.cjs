// What goes wrong in a cell, in Jupyter's terms: name, message, and a traceback that points to lines of cells.
'use strict';

const path = require('node:path');
const util = require('node:util');
const { callOf } = require('./calls.cjs');
const { CELL, lastCell, placeInSource, placeInStack, quote } = require('./cells.cjs');
const { cureFor } = require('./cures.cjs');
const { packageFolder } = require('./package.cjs');

const ROOT = path.resolve(__dirname, '..', '..');
/** Of the kernel, of Node and of other packages: nothing there that a user could change. */
const FOREIGN_FRAMES = /node_modules[\\/]|\(?node:|\(<anonymous>\)|scripts[\\/]kernel[\\/]/;

/** A message is cut after so many characters. */
const MOST_TEXT = 1000;

// The line of the cell lies deeper than ten calls when libraries call themselves.
Error.stackTraceLimit = 100;

function problem(name, message, traceback) {
  return { ename: name, evalue: message, traceback };
}

/** The user's wish, no fault. */
function interruption(message) {
  return problem('Interrupted', message, [`Interrupted: ${message}`]);
}

/** A thrown value; `note` says how it came here. */
function fromThrown(thrown, note = '') {
  const isError = util.types.isNativeError(thrown) || thrown instanceof Error;
  const name = isError ? thrown.name : 'Error';
  const message = shortened(isError ? thrown.message : util.inspect(thrown)) + (note ? ` (${note})` : '');
  const lines = [`${name}: ${message}`, ...(isError ? stackLines(thrown) : [])];
  const cause = isError ? thrown.cause : undefined;
  const why = cause === undefined ? undefined : (cause?.message ?? util.inspect(cause));
  if (why !== undefined) lines.push(`  caused by ${shortened(why)}`);
  const advice = cureFor(why ?? message) ?? cureFor(message);
  if (advice) lines.push(`  ${advice}`);
  return problem(name, message, lines);
}

/** A library may have put a whole file into its message. */
function shortened(message) {
  return message.length > MOST_TEXT ? `${message.slice(0, MOST_TEXT)} ...` : message;
}

/** The frames that a user can do something about; the innermost line of a cell is quoted. */
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

/** Messages of the type checker on the last cell; those of one place belong together. */
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
