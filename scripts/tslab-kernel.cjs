#!/usr/bin/env node
// Starts the installed tslab as a Jupyter kernel, with its faults repaired: strict checking, shorthand
// properties, Jupyter's error messages, late rejections, interrupts. It reaches into tslab's compiled files,
// hence the exact version; test/notebooks/kernel.test.ts tells when one of the repairs no longer holds.
'use strict';

// Before anything loads TensorFlow: fast convolutions, quiet start, GPU memory as needed.
process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
// Jupyter starts a kernel in the notebook's folder; `import ... from '..'` is resolved from there.
process.env.NOTEBOOK_DIR = process.cwd();

const fs = require('node:fs');
const { SourceMap } = require('node:module');
const path = require('node:path');
const util = require('node:util');
const vm = require('node:vm');

// tfjs-node calls these functions, which Node 22 warns of, and which Node 23 removed.
util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;

const TSLAB_VERSION = '1.0.22';
const ROOT = path.resolve(__dirname, '..');

// --- The compiler inside tslab --------------------------------------------------------------------------

const compilerPath = require.resolve('@tslab/typescript-for-tslab', {
  paths: [require.resolve('tslab/package.json')],
});
const ts = require(compilerPath);

/** Source maps of the cell that was converted last: [to CommonJS, to JavaScript]. */
let lastMaps = [];

/** tslab's compiler with strict checking, newer libraries, and source maps of the cells. */
function strictCompiler() {
  const createWatchCompilerHost = (files, options, ...rest) => {
    const lib = [...options.lib, 'lib.es2023.d.ts'];
    return ts.createWatchCompilerHost(
      files,
      { ...options, strict: true, inlineSourceMap: true, lib },
      ...rest,
    );
  };
  const transpileModule = (javascript, options) => {
    const compilerOptions = { ...options.compilerOptions, sourceMap: true };
    const result = ts.transpileModule(javascript, { ...options, compilerOptions });
    const inline = /\/\/# sourceMappingURL=data:application\/json;base64,(.*)\s*$/.exec(javascript);
    const first = inline ? JSON.parse(Buffer.from(inline[1], 'base64').toString()) : undefined;
    lastMaps = first ? [new SourceMap(JSON.parse(result.sourceMapText)), new SourceMap(first)] : [];
    return { ...result, outputText: result.outputText.replace(/^\/\/# sourceMappingURL=.*$/gm, '') };
  };
  return { ...ts, createWatchCompilerHost, transpileModule };
}

/** Loads the parts of tslab that are used here; says clearly when they are not the expected ones. */
function loadTslab() {
  const { version } = require('tslab/package.json');
  const cure = `this kernel is written for tslab ${TSLAB_VERSION}; install that version, or adapt scripts/tslab-kernel.cjs`;
  if (version !== TSLAB_VERSION) throw new Error(`found tslab ${version}, but ${cure}`);
  require.cache[compilerPath].exports = strictCompiler();
  const { createConverter } = require('tslab/dist/converter.js');
  const { createExecutor } = require('tslab/dist/executor.js');
  const jupyter = require('tslab/dist/jupyter.js');
  const needed = {
    'converter.createConverter': createConverter,
    'executor.createExecutor': createExecutor,
    'jupyter.JupyterHandlerImpl.handleExecute': jupyter.JupyterHandlerImpl?.prototype.handleExecute,
    'jupyter.ZmqServer.handleExecute': jupyter.ZmqServer?.prototype.handleExecute,
  };
  for (const [name, value] of Object.entries(needed)) {
    if (typeof value !== 'function') throw new Error(`tslab has no function ${name}, but ${cure}`);
  }
  return { createConverter, createExecutor, jupyter };
}

/**
 * Changes of a cell's source that tslab needs, as [offset, text] to insert:
 * `{ a }` -> `{ a: a }`, since tslab renames variables of earlier cells, but not in shorthand properties;
 * `await (x)` -> `await Promise.resolve((x))`, since TypeScript reads a call of a function named await;
 * `await null; ` before a cell whose only await is a `for await`, which tslab does not notice;
 * ` void 0;` after a cell that ends with an assignment, whose value nobody wants printed.
 */
function insertions(source) {
  // Only in a module is a top-level `await` a keyword.
  const prefix = 'export {};';
  const tree = ts.createSourceFile(
    'cell.ts',
    prefix + source,
    ts.ScriptTarget.ES2022,
    true,
    ts.ScriptKind.TS,
  );
  const found = [];
  let forAwait = false;
  let plainAwait = false;
  const visit = (node, inFunction) => {
    if (ts.isShorthandPropertyAssignment(node) && !node.objectAssignmentInitializer) {
      found.push([node.name.end, `: ${node.name.text}`]);
    }
    if (!inFunction && ts.isAwaitExpression(node)) {
      plainAwait = true;
      const start = node.expression.getStart(tree);
      if ('([`+-/<'.includes(tree.text[start])) {
        found.push([start, 'Promise.resolve('], [node.expression.end, ')']);
      }
    }
    if (!inFunction && ts.isForOfStatement(node) && node.awaitModifier) forAwait = true;
    const inner = inFunction || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(tree, false);
  const last = tree.statements.at(-1);
  const isAssignment =
    ts.isExpressionStatement(last) &&
    ts.isBinaryExpression(last.expression) &&
    ts.isAssignmentOperator(last.expression.operatorToken.kind);
  if (isAssignment) found.push([last.end, '; void 0;']);
  if (forAwait && !plainAwait) found.push([prefix.length, 'await null; ']);
  return found.map(([offset, text]) => [offset - prefix.length, text]).sort((a, b) => a[0] - b[0]);
}

/** A converter that repairs the source before, and moves the places of messages back after. */
function repairing(converter) {
  return {
    ...converter,
    convert(declarations, source) {
      const changes = insertions(source);
      let fixed = source;
      for (const [offset, text] of [...changes].reverse()) {
        fixed = fixed.slice(0, offset) + text + fixed.slice(offset);
      }
      const result = converter.convert(declarations, fixed);
      for (const { start } of result.diagnostics) {
        let moved = 0;
        for (const [offset, text] of changes) {
          if (offset + moved >= start.offset) break;
          moved += text.length;
        }
        // Nothing inserted has a line break: the line stays, the column moves with the offset.
        const original = start.offset - moved;
        start.character = original - (source.lastIndexOf('\n', original - 1) + 1);
      }
      return result;
    },
  };
}

// --- Errors, in terms of the cells ----------------------------------------------------------------------

/** Source and source maps of each executed cell, by execution number. */
const cells = new Map();
let cellNumber = 0;

/** A problem of a cell in Jupyter's terms. */
function problem(name, message, traceback) {
  return { ename: name, evalue: message, traceback };
}

function interruption(message) {
  return problem('Interrupted', message, [`Interrupted: ${message}`]);
}

/** The lines that show a place of a cell. */
function quote(number, line, column) {
  const text = cells.get(number)?.source.split('\n')[line - 1];
  const place = `  cell [${number}], line ${line}:${column}`;
  return text === undefined ? [place] : [place, `    ${text}`, `    ${' '.repeat(Math.max(0, column - 1))}^`];
}

/** Place in the source of a cell for a place in the code that ran; undefined for tslab's own lines. */
function cellPlace(number, line, column) {
  const cell = cells.get(number);
  if (!cell?.maps.length) return undefined;
  // tslab wraps the code in a function that begins on its first line.
  let place = { originalLine: line - 1, originalColumn: column - 1 - (line === 1 ? cell.prefix : 0) };
  for (const map of cell.maps) {
    place = map.findEntry(place.originalLine, Math.max(0, place.originalColumn));
    if (place.originalLine === undefined) return undefined;
  }
  // The first line that the compiler sees is tslab's `export {};`, so that its count from 0 is ours from 1.
  return place.originalLine < 1 ? undefined : { line: place.originalLine, column: place.originalColumn + 1 };
}

/** A thrown value as a problem, its stack pointing to the cells' lines. */
function fromThrown(thrown, { note = '', asked = false } = {}) {
  if (thrown?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') return interruption('stopped');
  if (thrown?.message === 'Interrupted asynchronously') {
    return interruption('the cell was left; what it awaits may go on in the background');
  }
  if (asked) return interruption(String(thrown?.message ?? thrown));
  const isError = util.types.isNativeError(thrown) || thrown instanceof Error;
  const name = isError ? thrown.name : 'Error';
  const message = (isError ? thrown.message : util.inspect(thrown)) + (note ? ` (${note})` : '');
  const lines = [`${name}: ${message}`];
  const frames = isError
    ? String(thrown.stack)
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
    : [];
  let quoted = false;
  for (const frame of frames) {
    if (/node_modules[\\/]tslab[\\/]|node:vm|node:internal|tslab-kernel\.cjs/.test(frame)) continue;
    const found = /cell-(\d+):(\d+):(\d+)/.exec(frame);
    if (!found) {
      lines.push(`  ${frame.trim().replace(ROOT + path.sep, '')}`);
      continue;
    }
    const number = Number(found[1]);
    const place = cellPlace(number, Number(found[2]), Number(found[3]));
    if (!place) continue;
    const context = quote(number, place.line, place.column);
    lines.push(...(quoted ? context.slice(0, 1) : context));
    quoted = true;
  }
  if (isError && thrown.cause !== undefined) lines.push(`  caused by ${util.inspect(thrown.cause)}`);
  return problem(name, message, lines);
}

/** Messages of the type checker as one problem; those of one place belong together. */
function fromDiagnostics(number, diagnostics) {
  const lines = [];
  let previous = '';
  for (const { file, line, column, message } of diagnostics) {
    const place = `${file}${line}:${column}`;
    if (lines.length > 0) lines.push(place === previous ? `    ${message}` : `  ${message}`);
    if (place !== previous) lines.push(...(file ? [`  ${place}`] : quote(number, line, column)));
    previous = place;
  }
  const [first] = diagnostics;
  const summary = `${first.file ? first.file : ''}line ${first.line}: ${first.message}`;
  return problem('TypeScriptError', summary, [`TypeScriptError: ${summary}`, ...lines]);
}

// --- The kernel -----------------------------------------------------------------------------------------

function start(configPath) {
  const { createConverter, createExecutor, jupyter } = loadTslab();

  /** What tslab reports while a cell runs, and what is thrown with nobody awaiting it. */
  let diagnostics = [];
  let thrown = [];
  let late = [];
  /** The problem of the cell that failed last. */
  let failure;
  let running = false;
  let interrupted = false;

  const tslabConsole = {
    /** Receives the value of a cell's last expression. */
    log(value) {
      const draw = value?.[Symbol.for('Jupyter.display')];
      if (typeof draw !== 'function') return console.log(value);
      const write = (data) => jupyter.lastWriteDisplayData({ data, metadata: {}, transient: {} }, false);
      return Promise.resolve(draw.call(value)).then(write);
    },
    error(...args) {
      if (args[0] === '%s%d:%d - %s') {
        const [, file, line, column, message] = args;
        diagnostics.push({ file, line, column, message });
      } else thrown.push(args[0]);
    },
  };

  // Names the code of each cell, so that stacks tell which cell they are in.
  const runInThisContext = vm.runInThisContext;
  vm.runInThisContext = (code, options) => {
    if (!options?.breakOnSigint) return runInThisContext(code, options);
    const cell = cells.get(cellNumber);
    cell.maps = lastMaps;
    cell.prefix = code.indexOf('{ ') + 2;
    return runInThisContext(code, { ...options, filename: `cell-${cellNumber}` });
  };

  const node = repairing(createConverter({ isJS: false, isBrowser: false }));
  const converters = { node, browser: node, close: () => node.close() };
  const tslab = createExecutor(process.cwd(), converters, tslabConsole);

  const executor = {
    ...tslab,
    async execute(source) {
      cells.set(++cellNumber, { source, maps: [], prefix: 0 });
      diagnostics = [];
      thrown = [];
      interrupted = false;
      running = true;
      warnOfRebuild();
      const succeeded = await tslab.execute(source);
      // Rejections that nobody awaits are reported a turn of the event loop later.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      running = false;
      if (diagnostics.length > 0) failure = fromDiagnostics(cellNumber, diagnostics);
      else if (thrown.length > 0) failure = fromThrown(thrown[0], { asked: interrupted });
      else if (late.length > 0) failure = fromThrown(late[0].error, { note: late[0].note });
      else if (interrupted)
        failure = interruption('stopped; what was computed is kept, run the cell again to go on');
      else failure = succeeded ? undefined : problem('Error', 'the cell failed', ['the cell failed']);
      late = [];
      return failure === undefined;
    },
  };

  class Handler extends jupyter.JupyterHandlerImpl {
    constructor(...args) {
      super(...args);
      // After a failed cell tslab skips all that arrive within 200 ms, also for those who ask to go on.
      const reset = this.execQueue.reset.bind(this.execQueue);
      this.execQueue.reset = (delay) => reset(this.stopOnError ? delay : undefined);
    }

    handleExecuteImpl(request, ...rest) {
      this.stopOnError = request.stop_on_error ?? true;
      return super.handleExecuteImpl(request, ...rest);
    }

    async handleExecute(...args) {
      const reply = await super.handleExecute(...args);
      // The protocol's word for a cell that was skipped because an earlier one failed.
      if (reply.status === 'abort') return { ...reply, status: 'aborted' };
      return reply.status === 'error' ? { ...reply, ...failure } : reply;
    }
  }

  class Server extends jupyter.ZmqServer {
    /** Publishes the `error` message that tslab leaves out, between the outputs and the reply. */
    handleExecute(socket, message) {
      const publish = (type, content) => {
        const published = message.createReply();
        published.header.msg_type = type;
        published.content = content;
        published.signAndSend(this.connInfo.key, this.iopub);
      };
      const handleExecute = async (...args) => {
        const reply = await this.handler.handleExecute(...args);
        const { status, ename, evalue, traceback } = reply;
        if (status === 'error') publish('error', { ename, evalue, traceback });
        return reply;
      };
      const reporting = Object.create(this, { handler: { value: { handleExecute } } });
      return jupyter.ZmqServer.prototype.handleExecute.call(reporting, socket, message);
    }

    /** tslab answers with the type of another reply. */
    handleCommInfoRequest(socket, message) {
      const reply = message.createReply();
      reply.header.msg_type = 'comm_info_reply';
      reply.content = { status: 'ok', comms: {} };
      reply.signAndSend(this.connInfo.key, socket);
    }
  }

  process.on('SIGINT', () => {
    // A running cell with its own listener ends itself in good order; the second interrupt ends it at once.
    const cooperative = process.listenerCount('SIGINT') > 1;
    if (!running || (cooperative && !interrupted)) interrupted = running;
    else tslab.interrupt();
  });
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => {
      const what =
        event === 'unhandledRejection'
          ? 'a promise that nobody awaited was rejected'
          : 'thrown in a callback';
      late.push({ error, note: running ? what : `${what}, after cell [${cellNumber}] had ended` });
      if (!running) console.error(fromThrown(error, { note: what }).traceback.join('\n'));
    });
  }
  return new Server(new Handler(executor, false), configPath).init();
}

const startedAt = Date.now();
let warned = false;

/** Says once when the package was compiled anew: the kernel goes on with the modules that it has loaded. */
function warnOfRebuild() {
  if (warned) return;
  const dist = path.join(ROOT, 'dist') + path.sep;
  const isNewer = (file) =>
    file.startsWith(dist) && fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs > startedAt;
  if (!Object.keys(require.cache).some(isNewer)) return;
  warned = true;
  console.error('The package was compiled anew since this kernel started: restart the kernel to use it.');
}

const configPath = process.argv[process.argv.indexOf('--config-path') + 1];
if (!process.argv.includes('--config-path') || !configPath) {
  console.error('usage: tslab-kernel.cjs --config-path <connection file>   (started by Jupyter)');
  process.exit(2);
}
try {
  start(configPath);
} catch (error) {
  console.error(`the TypeScript kernel cannot start: ${error.message}`);
  process.exit(1);
}
