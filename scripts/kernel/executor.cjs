// Executes cells, one after another, and reports the errors of each.
'use strict';

const vm = require('node:vm');
const { addCell, nameCode } = require('./cells.cjs');
const { notingAssignments, rememberingDeclarations } = require('./declarations.cjs');
const {
  closeIfStopped,
  dropHalfLoadedModules,
  eachUnlessStopped,
  messageOfStop,
  throwIfStopped,
  turn,
  unlessLeft,
  unlessStopped,
} = require('./interrupts.cjs');
const { collectLateErrors } = require('./late-errors.cjs');
const { packageName } = require('./package.cjs');
const {
  fromDiagnostics,
  fromThrown,
  interruption,
  printErrorsBriefly,
  problem,
  together,
} = require('./problems.cjs');
const { warnOfRebuild } = require('./rebuilt.cjs');
const { repairing } = require('./sources.cjs');
const { showValues } = require('./values.cjs');

/** tslab's executor, where `failure()` gives the problem of the last executed cell, if any. */
function createExecutor({ createConverter, createExecutor, jupyter }, interrupts) {
  const own = rememberingDeclarations(repairing(createConverter({ isJS: false, isBrowser: false })));
  const converter = startingLater(own);
  const converters = { node: converter, browser: converter, close: () => converter.close() };
  const output = outputOfTslab();
  const tslab = createExecutor(process.cwd(), converters, output.console);
  const assigned = new Set();
  Object.assign(globalThis.__tslab__, {
    exports: notingAssignments(globalThis.__tslab__.exports, assigned),
    closeIfStopped,
    eachUnlessStopped: (values) => eachUnlessStopped(values, new Error()),
    throwIfStopped,
    unlessLeft,
    unlessStopped,
  });
  runCodeBetween(interrupts);
  printErrorsBriefly();

  let running = false;
  let failure;
  const lateErrors = collectLateErrors(() => running);

  async function execute(source) {
    addCell(source);
    output.clear();
    const left = new Promise((resolve) => {
      interrupts.cellArrives(() => {
        tslab.interrupt();
        resolve();
      });
    });
    running = true;
    warnOfRebuild();
    assigned.clear();
    const succeeded = await tslab.execute(source);
    own.settle(succeeded, assigned);
    const unshown = await Promise.race([showValues(output.values, jupyter), left.then(() => undefined)]);
    interrupts.cellEnds();
    // Rejections that no code awaits are reported one turn of the event loop later.
    await turn();
    running = false;
    failure = unshown ?? problemOf(succeeded, output, lateErrors.take(output.thrown[0]), interrupts);
    return failure === undefined;
  }

  /** Lets the compiler read the types of the package, so that the first cell and the first completion need not wait. */
  function warmUp() {
    const source = `import * as lab from '${packageName}';\nlab`;
    own.convert('', source);
    own.complete('', source, source.length);
  }

  return { ...tslab, execute, failure: () => failure, warmUp };
}

/** The problem of a cell that has ended; what it threw goes before what failed late. */
function problemOf(succeeded, { diagnostics, thrown }, late, interrupts) {
  const asked = interrupts.asked();
  if (diagnostics.length > 0) return fromDiagnostics(diagnostics);
  if (thrown.length > 0) {
    const stopped = messageOfStop(thrown[0], { asked, forced: interrupts.forced() });
    if (stopped === undefined) return together(fromThrown(thrown[0]), ...late);
    dropHalfLoadedModules();
    return interruption(stopped);
  }
  if (late.length > 0) return together(...late);
  if (asked) return interruption('stopped; what was computed is kept, run the cell again to go on');
  return succeeded ? undefined : problem('Error', 'the cell failed', ['the cell failed']);
}

/** The console that tslab writes to: type errors, thrown values, and the value of a cell, which is shown later. */
function outputOfTslab() {
  const output = {
    diagnostics: [],
    thrown: [],
    values: [],
    clear() {
      output.diagnostics = [];
      output.thrown = [];
      output.values = [];
    },
    console: {
      log(value) {
        output.values.push(value);
      },
      error(...args) {
        if (args[0] === '%s%d:%d - %s') {
          const [, file, line, column, message] = args;
          output.diagnostics.push({ file, line, column, message });
        } else output.thrown.push(args[0]);
      },
    },
  };
  return output;
}

/** Starts the code one turn of the event loop later, which is possible since tslab awaits the code of every cell. */
function startingLater(converter) {
  return {
    ...converter,
    convert: (...args) => ({ ...converter.convert(...args), hasToplevelAwait: true }),
  };
}

/** Lets tslab start the code of a cell under the cell's name, after pending interrupts have been handled. */
function runCodeBetween(interrupts) {
  const runInThisContext = vm.runInThisContext;
  vm.runInThisContext = (code, options) => {
    if (!options?.breakOnSigint) return runInThisContext(code, options);
    const filename = nameCode(code);
    return interrupts.codeBegins().then(() => runInThisContext(code, { ...options, filename }));
  };
}

module.exports = { createExecutor };
