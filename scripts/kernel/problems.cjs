// The problem of a cell in Jupyter's terms: name, message, and a traceback that points to lines of cells.
'use strict';

const { AssertionError } = require('node:assert');
const path = require('node:path');
const util = require('node:util');
const { callOf } = require('./calls.cjs');
const { CELL, lastCell, placeInSource, placeInStack, quote } = require('./cells.cjs');
const { cureFor } = require('./cures.cjs');
const { packageFolder } = require('./package.cjs');

const ROOT = path.resolve(__dirname, '..', '..');
/** Frames in the kernel, in Node and in other packages, where a user cannot change anything. */
const FOREIGN_FRAMES = /node_modules[\\/]|\(?node:|\(<anonymous>\)|scripts[\\/]kernel[\\/]/;

/** What Node appends to the message of a module that it does not find: files of the kernel. */
const REQUIRE_STACK = /\nRequire stack:[\s\S]*$/;

/** Messages are cut after this many characters. */
const MOST_TEXT = 1000;
/** The most errors that are listed: in an AggregateError, causes of causes, or late ones. */
const MOST_REASONS = 10;

// The line of the cell may be more than ten calls deep, since libraries call themselves.
Error.stackTraceLimit = 100;

function problem(name, message, traceback) {
  return { ename: name, evalue: message, traceback };
}

/** Several problems as one, with the name of the first and all their lines. */
function together(first, ...others) {
  const listed = [first, ...others].slice(0, MOST_REASONS);
  return problem(
    first.ename,
    first.evalue,
    listed.flatMap(({ traceback }) => traceback),
  );
}

/** The problem of a cell that the user stopped. */
function interruption(message) {
  return problem('Interrupted', message, [`Interrupted: ${message}`]);
}

/** The problem of a thrown value; `note` says where it comes from, and `place` in which cell, if its stack does not. */
function fromThrown(thrown, note = '', place = undefined) {
  const isError = util.types.isNativeError(thrown) || thrown instanceof Error;
  const name = isError ? thrown.name : 'Error';
  const text = isError ? thrown.message.replace(REQUIRE_STACK, '') : util.inspect(thrown);
  const message = shortened(text) + (note ? ` (${note})` : '');
  const frames = isError ? stackLines(thrown) : [];
  const isPlaced = place === undefined || frames.some((line) => line.startsWith(`${CELL}${place.cell}]`));
  const lines = [`${name}: ${message}`, ...frames, ...(isPlaced ? [] : quote(place))];
  const causes = causesOf(thrown);
  lines.push(...causes.map((cause) => `  caused by ${shortened(reasonOf(cause))}`));
  const advice = (causes.length > 0 ? cureFor(messageOf(causes[0])) : undefined) ?? cureFor(message);
  if (advice) lines.push(`  ${advice}`);
  if (!isError && place === undefined)
    lines.push('  Only an Error knows the line where it was thrown: throw new Error(...).');
  return problem(name, message, lines);
}

/** Prints an Error, wherever it stands in a value, with the same lines as if it were thrown, and with its other properties. */
function printErrorsBriefly() {
  // It has a form of its own.
  delete AssertionError.prototype[util.inspect.custom];
  Object.defineProperty(Error.prototype, util.inspect.custom, {
    configurable: true,
    writable: true,
    value(_depth, options) {
      const text = fromThrown(this).traceback.join('\n');
      return Object.keys(this).length > 0 ? `${text} ${util.inspect({ ...this }, options)}` : text;
    },
  });
}

/** The causes of an error and the errors of an AggregateError, each followed by its own. */
function causesOf(thrown) {
  const found = new Set();
  const add = (error) => {
    if (!(util.types.isNativeError(error) || error instanceof Error)) return;
    const errors = error instanceof AggregateError ? error.errors : [];
    for (const cause of [error.cause, ...errors]) {
      if (cause === undefined || cause === thrown || found.has(cause) || found.size === MOST_REASONS)
        continue;
      found.add(cause);
      add(cause);
    }
  };
  add(thrown);
  return [...found];
}

function messageOf(cause) {
  return String(cause?.message ?? util.inspect(cause));
}

/** `Error` before a message says nothing; other names do. */
function reasonOf(cause) {
  const isNamed = cause?.message !== undefined && typeof cause.name === 'string' && cause.name !== 'Error';
  return `${isNamed ? `${cause.name}: ` : ''}${messageOf(cause)}`;
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

module.exports = { fromDiagnostics, fromThrown, interruption, printErrorsBriefly, problem, together };
