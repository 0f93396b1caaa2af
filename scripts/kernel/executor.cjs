// Executes cells, one after another, and reports what went wrong in each.
'use strict';

const vm = require('node:vm');
const { addCell, nameCode } = require('./cells.cjs');
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
const { fromDiagnostics, fromThrown, interruption, problem } = require('./problems.cjs');
const { warnOfRebuild } = require('./rebuilt.cjs');
const { repairing } = require('./sources.cjs');
const { showValues } = require('./values.cjs');

/** tslab's executor; `failure()` is the problem of the cell that was executed last, if any. */
function createExecutor({ createConverter, createExecutor, jupyter }, interrupts) {
  const converter = startingLater(repairing(createConverter({ isJS: false, isBrowser: false })));
  const converters = { node: converter, browser: converter, close: () => converter.close() };
  const output = outputOfTslab();
  const tslab = createExecutor(process.cwd(), converters, output.console);
  Object.assign(globalThis.__tslab__, {
    closeIfStopped,
    eachUnlessStopped,
    throwIfStopped,
    unlessLeft,
    unlessStopped,
  });
  runCodeBetween(interrupts);

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
    const succeeded = await tslab.execute(source);
    const unshown = await Promise.race([showValues(output.values, jupyter), left.then(() => undefined)]);
    interrupts.cellEnds();
    // Rejections that no code awaits are reported a turn of the event loop later.
    await turn();
    running = false;
    failure = unshown ?? problemOf(succeeded, output, lateErrors.take(), interrupts);
    return failure === undefined;
  }

  /** The compiler reads the types of the package once, so that the first cell and the first completion need not wait. */
  function warmUp() {
    const source = `import * as lab from '${packageName}';\nlab`;
    converter.convert('', source);
    converter.complete('', source, source.length);
  }

  return { ...tslab, execute, failure: () => failure, warmUp };
}

/** What is wrong with a cell that has ended, the most telling first. */
function problemOf(succeeded, { diagnostics, thrown }, [late], interrupts) {
  const asked = interrupts.asked();
  if (diagnostics.length > 0) return fromDiagnostics(diagnostics);
  if (thrown.length > 0) {
    const stopped = messageOfStop(thrown[0], { asked, forced: interrupts.forced() });
    if (stopped === undefined) return fromThrown(thrown[0]);
    dropHalfLoadedModules();
    return interruption(stopped);
  }
  if (late) return late;
  if (asked) return interruption('stopped; what was computed is kept, run the cell again to go on');
  return succeeded ? undefined : problem('Error', 'the cell failed', ['the cell failed']);
}

/** The console that tslab writes to: messages of the type checker, thrown values, and the value of a cell, which is shown later. */
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

/** tslab awaits the code of every cell, also one without `await`: so it can start a turn of the event loop later. */
function startingLater(converter) {
  return {
    ...converter,
    convert: (...args) => ({ ...converter.convert(...args), hasToplevelAwait: true }),
  };
}

/** Lets tslab start the code of a cell under the cell's name, after an interrupt had its chance. */
function runCodeBetween(interrupts) {
  const runInThisContext = vm.runInThisContext;
  vm.runInThisContext = (code, options) => {
    if (!options?.breakOnSigint) return runInThisContext(code, options);
    const filename = nameCode(code);
    return interrupts.codeBegins().then(() => runInThisContext(code, { ...options, filename }));
  };
}

module.exports = { createExecutor };
