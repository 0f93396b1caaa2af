// Rewrites sources that tslab would get wrong before it sees them.
'use strict';

const { ts } = require('./compiler.cjs');

/** A top-level `await` is a keyword only in a module. */
const PREFIX = 'export {};';

/**
 * The changes that tslab needs in a cell's source, as [offset, text to insert]:
 * `{ a }` -> `{ a: a }`, since tslab renames variables of earlier cells, but not in shorthand properties;
 * `await (x)` -> `await Promise.resolve((x))`, which TypeScript would read as a call of a function named await;
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

/** The changed source, and a function that maps its offsets back to the user's source. */
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

/** What the compiler says of code that it cannot read, and of grammar. */
const isOfSyntax = ({ code }) => code >= 1000 && code < 2000;

/** Where a bracket is missing, what follows means nothing: the first message counts. */
function syntaxFirst(diagnostics) {
  const first = diagnostics.find(isOfSyntax);
  return first ? [first] : diagnostics;
}

/** The compiler's codes for unknown names, with or without a suggestion. */
const UNKNOWN_NAME = [2304, 2552, 2503];

/**
 * An unknown name causes an error at every place where it is used. All of them become one message: a cell above was not run, or
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

/** A converter of tslab that sees repaired sources, with positions in the user's source in its messages. */
function repairing(converter) {
  return {
    ...converter,
    convert(declarations, source) {
      const { repaired, originalOffset } = repairSource(source);
      const result = converter.convert(declarations, repaired);
      for (const { start } of result.diagnostics) {
        // The inserted texts have no line breaks, so the line stays the same, and the column moves with the offset.
        const offset = originalOffset(start.offset);
        start.character = offset - (source.lastIndexOf('\n', offset - 1) + 1);
      }
      return { ...result, diagnostics: unknownNamesAsOne(syntaxFirst(result.diagnostics)) };
    },
  };
}

module.exports = { repairing };
