// Sources that tslab gets wrong are written in a way that it understands, before it sees them.
'use strict';

const { ts } = require('./compiler.cjs');

/** Only in a module is a top-level `await` a keyword. */
const PREFIX = 'export {};';

/**
 * Changes of a cell's source that tslab needs, as [offset, text] to insert:
 * `{ a }` -> `{ a: a }`, since tslab renames variables of earlier cells, but not in shorthand properties;
 * `await (x)` -> `await Promise.resolve((x))`, since TypeScript reads a call of a function named await;
 * `await null; ` before a cell whose only await is a `for await`, which tslab does not notice;
 * ` void 0;` after a cell that ends with an assignment, whose value should not be printed.
 */
function insertions(source) {
  const tree = ts.createSourceFile(
    'cell.ts',
    PREFIX + source,
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
  if (forAwait && !plainAwait) found.push([PREFIX.length, 'await null; ']);
  return found.map(([offset, text]) => [offset - PREFIX.length, text]).sort((a, b) => a[0] - b[0]);
}

/** The source with its changes, and the way back: an offset in it as one in what the user wrote. */
function repairSource(source) {
  const changes = insertions(source);
  let repaired = source;
  for (const [offset, text] of [...changes].reverse()) {
    repaired = repaired.slice(0, offset) + text + repaired.slice(offset);
  }
  const originalOffset = (offset) => {
    let moved = 0;
    for (const [at, text] of changes) {
      if (at + moved >= offset) break;
      moved += text.length;
    }
    return offset - moved;
  };
  return { repaired, originalOffset };
}

/** The compiler's codes for a name that it does not know, also where it has a similar one to offer. */
const UNKNOWN_NAME = [2304, 2552, 2503];

/**
 * A name that is missing makes errors of its own, and more where it is used. They are one: a cell above was not run, or
 * the name is wrong.
 */
function unknownNamesAsOne(diagnostics) {
  const unknown = diagnostics.filter(({ code }) => UNKNOWN_NAME.includes(code));
  if (unknown.length === 0) return diagnostics;
  const names = new Map();
  for (const { messageText } of unknown) {
    const [, name, similar] = /'([^']+)'(?:.* '([^']+)')?/.exec(messageText);
    names.set(name, similar === undefined ? name : `${name} (or is it ${similar}?)`);
  }
  const [last, ...others] = [...names.values()].reverse();
  const listed = others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
  const [be, them] = names.size === 1 ? ['is', 'it'] : ['are', 'them'];
  const messageText = `${listed} ${be} not defined yet: run the cells above that define ${them}`;
  return [{ ...unknown[0], messageText }];
}

/** A converter of tslab that sees repaired sources; the places in its messages are those of the user's source. */
function repairing(converter) {
  return {
    ...converter,
    convert(declarations, source) {
      const { repaired, originalOffset } = repairSource(source);
      const result = converter.convert(declarations, repaired);
      for (const { start } of result.diagnostics) {
        // Nothing inserted has a line break: the line stays, the column moves with the offset.
        const offset = originalOffset(start.offset);
        start.character = offset - (source.lastIndexOf('\n', offset - 1) + 1);
      }
      return { ...result, diagnostics: unknownNamesAsOne(result.diagnostics) };
    },
  };
}

module.exports = { repairing };
