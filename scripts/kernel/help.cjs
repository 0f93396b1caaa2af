// The help on Shift-Tab and Tab: the type and the documentation of the name at the cursor.
'use strict';

const { ts } = require('./compiler.cjs');

/** The compiler's information about the position; inside the parentheses of a call, if there is none, about the function. */
function inspectAt(executor, code, position) {
  const found = executor.inspect(code, position) ?? executor.inspect(code, Math.max(0, position - 1));
  if (found) return found;
  for (const callee of calleesAround(code, position)) {
    const info = executor.inspect(code, callee);
    if (info) return info;
  }
  return undefined;
}

/** The positions of the names of the functions whose calls enclose the position, the innermost first. */
function calleesAround(code, position) {
  const tree = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const callees = [];
  const visit = (node) => {
    const isCall = ts.isCallExpression(node) || ts.isNewExpression(node);
    // A call that is being typed has no closing parenthesis; it extends as far as its parts can.
    if (isCall && node.expression.end < position && position <= endOf(node, code)) {
      const { expression } = node;
      callees.unshift((expression.name ?? expression).getStart(tree));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return callees;
}

function endOf(call, code) {
  return code[call.end - 1] === ')' ? call.end - 1 : code.length;
}

/** The result of `inspectAt` in all its forms. */
function helpBundle({ displayParts = [], documentation = [], tags = [] }) {
  const signature = textOf(displayParts);
  const about = withoutLinks(textOf(documentation));
  const told = tags
    .filter(({ name }) => name !== 'doc')
    .map(({ name, text = [] }) => ({ name, text: withoutLinks(textOf(text)) }));
  const lines = told.map(({ name, text }) =>
    name === 'param' ? text.replace(/^(\S+)\s*-?\s*/, '$1: ') : `${NAMES[name] ?? name}: ${text}`,
  );
  const plain = inOrder(signature, signature, about, lines.join('\n'));
  const items = told.map(({ name, text }) => {
    const [, parameter, rest] = name === 'param' ? /^(\S+)\s*-?\s*([\s\S]*)/.exec(text) : [];
    if (parameter) return `- \`${parameter}\`: ${rest}`;
    return name === 'example' ? `\n\`\`\`ts\n${text}\n\`\`\`` : `- *${NAMES[name] ?? name}*: ${text}`;
  });
  const markdown = inOrder(signature, `\`\`\`ts\n${signature}\n\`\`\``, about, items.join('\n'));
  return { 'text/plain': plain, 'text/markdown': markdown };
}

/** A signature with more lines stands below the words, which it would push out of sight. */
const LONG = 6;

function inOrder(signature, code, ...words) {
  const isLong = signature.split('\n').length > LONG;
  return (isLong ? [...words, code] : [code, ...words]).filter(Boolean).join('\n\n');
}

/** Tags in words; `exception` and `return` are those of tfjs, whose `doc` is for its own pages. */
const NAMES = {
  default: 'Default',
  example: 'Example',
  exception: 'Throws',
  return: 'Returns',
  returns: 'Returns',
  throws: 'Throws',
  see: 'See',
  deprecated: 'Deprecated',
};

const textOf = (parts) => parts.map(({ text }) => text).join('');

/** `{@link x}` -> `x`, `{@link x | text}` -> `text` */
function withoutLinks(text) {
  return text.replace(/\{@link(?:code|plain)?\s+([^}]*)\}/g, (_, inside) => {
    const [target, label] = inside.split(/\s*\|\s*/);
    return (label ?? target).trim();
  });
}

module.exports = { helpBundle, inspectAt };
