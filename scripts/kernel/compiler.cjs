// Makes the TypeScript compiler inside tslab strict, with newer libraries and source maps of the cells.
'use strict';

const { SourceMap } = require('node:module');
const { allowManyTimers } = require('./file-changes.cjs');
const { packagePaths } = require('./package.cjs');

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

/** The first of a cell's two compilations, which checks the types and produces JavaScript. */
function createWatchCompilerHost(files, options, sys, ...rest) {
  allowManyTimers(sys);
  const lib = [...options.lib, 'lib.es2023.d.ts'];
  const stricter = { ...options, strict: true, inlineSourceMap: true, lib, paths: packagePaths };
  return ts.createWatchCompilerHost(files, stricter, sys, ...rest);
}

/** The second compilation, which turns the JavaScript into a CommonJS module. */
function transpileModule(javascript, options) {
  const compilerOptions = { ...options.compilerOptions, sourceMap: true };
  const transformers = { before: [stoppingAtAwaits] };
  const result = ts.transpileModule(javascript, { ...options, compilerOptions, transformers });
  const inline = /\/\/# sourceMappingURL=data:application\/json;base64,(.*)\s*$/.exec(javascript);
  const first = inline ? JSON.parse(Buffer.from(inline[1], 'base64').toString()) : undefined;
  lastMaps = first ? [new SourceMap(JSON.parse(result.sourceMapText)), new SourceMap(first)] : [];
  return { ...result, outputText: result.outputText.replace(/^\/\/# sourceMappingURL=.*$/gm, '') };
}

/**
 * Routes every `await` of the code through a function of the kernel, which ends a stopped cell. An `await` in `catch` or
 * `finally` is left alone, so that a stopped cell can flush and close its resources; but no `catch` keeps the cell running.
 */
function stoppingAtAwaits(context) {
  const { factory } = context;
  const through = (name, ...values) =>
    factory.createCallExpression(
      factory.createPropertyAccessExpression(factory.createIdentifier('__tslab__'), name),
      undefined,
      values,
    );
  const passingStopOn = (clause) => {
    const check = factory.createExpressionStatement(through('throwIfStopped'));
    const body = factory.createTryStatement(clause.block, undefined, factory.createBlock([check]));
    return factory.updateCatchClause(clause, clause.variableDeclaration, factory.createBlock([body]));
  };
  const visit = (node) => {
    const { expression } = node;
    if (ts.isTryStatement(node)) {
      const tried = ts.visitNode(node.tryBlock, visit);
      const clause = tried !== node.tryBlock && node.catchClause;
      const caught = clause ? passingStopOn(clause) : node.catchClause;
      return factory.updateTryStatement(node, tried, caught, node.finallyBlock);
    }
    const visited = ts.visitEachChild(node, visit, context);
    if (ts.isAwaitExpression(node)) {
      const passed = ts.setTextRange(through('unlessStopped', visited.expression), expression);
      return factory.updateAwaitExpression(visited, passed);
    }
    if (!ts.isForOfStatement(node) || !node.awaitModifier) return visited;
    const passed = ts.setTextRange(through('eachUnlessStopped', visited.expression), expression);
    const { awaitModifier, initializer, statement } = visited;
    return factory.updateForOfStatement(visited, awaitModifier, initializer, passed, statement);
  };
  return (file) => ts.visitNode(file, visit);
}

module.exports = { ts, replaceCompiler, lastMaps: () => lastMaps };
