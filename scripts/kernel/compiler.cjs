// Makes the TypeScript compiler inside tslab strict, with newer libraries and source maps of the cells.
'use strict';

const { SourceMap } = require('node:module');
const path = require('node:path');
const { allowManyTimers, watchOnlyOwnFiles } = require('./file-changes.cjs');
const { packagePaths, packageTypes } = require('./package.cjs');

const compilerPath = require.resolve('@tslab/typescript-for-tslab', {
  paths: [require.resolve('tslab/package.json')],
});
const ts = require(compilerPath);

/** The source maps of the last compiled cell: [to CommonJS, to JavaScript]. */
let lastMaps = [];

/** Replaces tslab's compiler by the strict one; it must be called before tslab is loaded. */
function replaceCompiler() {
  require.cache[compilerPath].exports = { ...ts, createWatchCompilerHost, transpileModule };
}

/** Types of plotly.js for danfojs, whose own are twelve times as long. */
const plotlyTypes = path.resolve(__dirname, '..', '..', 'node_modules', '@types', 'plotly.js');

/**
 * The first of a cell's two compilations, which checks the types and produces JavaScript. The package is always part of the
 * program; otherwise the compiler would drop its types at every cell that does not import it, and read them again later.
 */
function createWatchCompilerHost(files, options, sys, _createProgram, ...rest) {
  allowManyTimers(sys);
  watchOnlyOwnFiles(sys);
  const stricter = {
    ...options,
    strict: true,
    inlineSourceMap: true,
    lib: [...options.lib, 'lib.es2023.d.ts'],
    paths: { ...packagePaths, 'plotly.js-dist-min': [plotlyTypes] },
    // Others in node_modules, of test runners and of browsers, are read when a cell imports them.
    types: ['node'],
  };
  return ts.createWatchCompilerHost([...files, packageTypes], stricter, sys, createProgram, ...rest);
}

/**
 * A program that knows no more than tslab asks for: the names in each cell, and the files of the user that a cell imports. What
 * TypeScript adds for incremental builds would take longer than a completion.
 */
function createProgram(...args) {
  const builder = ts.createAbstractBuilder(...args);
  const program = builder.getProgram();
  for (const name of program.getRootFileNames()) {
    const file = program.getSourceFile(name);
    if (file) ts.bindSourceFile(file, program.getCompilerOptions());
  }
  builder.getAllDependencies = (file) => withImports(file, program);
  return builder;
}

/** The names of a file and of all source files that it imports, directly or through others. */
function withImports(file, program) {
  const names = new Set();
  const add = (file) => {
    if (!file || file.isDeclarationFile || names.has(file.fileName)) return;
    names.add(file.fileName);
    file.resolvedModules?.forEach(({ resolvedModule }) => {
      if (resolvedModule) add(program.getSourceFile(resolvedModule.resolvedFileName));
    });
  };
  add(file);
  return [...names];
}
/** The second compilation, which turns the JavaScript into a CommonJS module. */
function transpileModule(javascript, options) {
  const compilerOptions = { ...options.compilerOptions, sourceMap: true };
  const transformers = { before: [stoppingAtAwaits] };
  const result = ts.transpileModule(javascript, { ...options, compilerOptions, transformers });
  const inline = /\/\/# sourceMappingURL=data:application\/json;base64,(.*)\s*$/.exec(javascript);
  const first = inline ? JSON.parse(Buffer.from(inline[1], 'base64').toString()) : undefined;
  lastMaps = first ? [new SourceMap(JSON.parse(result.sourceMapText)), new SourceMap(first)] : [];
  // A name keeps its earlier value until the code has come to its declaration, which a cell that fails may not reach.
  const outputText = result.outputText.replace(
    /^(?:exports\.\S+ = )+void 0;$|^\/\/# sourceMappingURL=.*$/gm,
    '',
  );
  return { ...result, outputText };
}

/**
 * Routes every `await` of the code through a function of the kernel, which ends a stopped cell. Code in `catch` and
 * `finally`, and functions that it calls, may go on for a while, so that a stopped cell can flush and close its resources;
 * but no `catch` keeps the cell running.
 */
function stoppingAtAwaits(context) {
  const { factory } = context;
  const through = (name, ...values) =>
    factory.createCallExpression(
      factory.createPropertyAccessExpression(factory.createIdentifier('__tslab__'), name),
      undefined,
      values,
    );
  const statement = (...call) => factory.createExpressionStatement(through(...call));
  /** In a `catch` or a `finally` of the function that is visited. */
  let closing = false;
  const visitAs = (isClosing, node) => {
    const before = closing;
    closing = isClosing;
    const visited = ts.visitNode(node, visit);
    closing = before;
    return visited;
  };
  const beginning = (block) => factory.createBlock([statement('closeIfStopped'), ...block.statements], true);
  /** `catch (error) { ... }` -> `catch (thrown) { try { let error = thrown; ... } finally { throwIfStopped(thrown) } }` */
  const passingStopOn = (clause) => {
    const thrown = factory.createUniqueName('thrown');
    const { variableDeclaration: declared, block } = clause;
    const own = declared
      ? [factory.createVariableDeclaration(declared.name, undefined, undefined, thrown)]
      : [];
    const variables = factory.createVariableDeclarationList(own, ts.NodeFlags.Let);
    const statements = [
      ...(declared ? [factory.createVariableStatement(undefined, variables)] : []),
      ...block.statements,
    ];
    const body = factory.createTryStatement(
      beginning(factory.updateBlock(block, statements)),
      undefined,
      factory.createBlock([statement('throwIfStopped', thrown)]),
    );
    return factory.updateCatchClause(
      clause,
      factory.createVariableDeclaration(thrown),
      factory.createBlock([body]),
    );
  };
  const visitTry = (node) => {
    const tryBlock = ts.visitNode(node.tryBlock, visit);
    let catchClause = node.catchClause && visitAs(true, node.catchClause);
    let finallyBlock = node.finallyBlock && visitAs(true, node.finallyBlock);
    // Code without an await is not stopped where it can be caught.
    if (tryBlock !== node.tryBlock) {
      if (catchClause) catchClause = passingStopOn(catchClause);
      if (finallyBlock) finallyBlock = beginning(finallyBlock);
    }
    return factory.updateTryStatement(node, tryBlock, catchClause, finallyBlock);
  };
  const visit = (node) => {
    if (ts.isTryStatement(node)) return visitTry(node);
    if (closing && ts.isFunctionLike(node)) return visitAs(false, node);
    const { expression } = node;
    const visited = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(node)) {
      const name = closing ? 'unlessLeft' : 'unlessStopped';
      const passed = ts.setTextRange(through(name, visited.expression), expression);
      return factory.updateAwaitExpression(visited, passed);
    }
    if (!ts.isForOfStatement(node) || !node.awaitModifier) return visited;
    const passed = ts.setTextRange(through('eachUnlessStopped', visited.expression), expression);
    const { awaitModifier, initializer, statement: body } = visited;
    return factory.updateForOfStatement(visited, awaitModifier, initializer, passed, body);
  };
  return (file) => ts.visitNode(file, visit);
}

module.exports = { ts, replaceCompiler, lastMaps: () => lastMaps };
