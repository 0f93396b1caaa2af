// What cells have declared; a cell that fails or is stopped keeps the names that have got a value, as in other notebooks.
'use strict';

const { ts } = require('./compiler.cjs');

/**
 * A converter that knows the declarations of all earlier cells itself, since tslab forgets those of a cell that fails.
 * `settle` says that the code of the last cell has ended, and which of its names have a value.
 */
function rememberingDeclarations(converter) {
  let declarations = '';
  let ofCell;
  /** What a failed cell has declared; it is compiled when it is needed, so that Stop does not wait for that. */
  let left;
  const earlier = () => {
    const { diagnostics, declOutput } = left ? converter.convert(declarations, left) : {};
    if (diagnostics?.length === 0) declarations = declOutput;
    left = undefined;
    return declarations;
  };
  return {
    ...converter,
    convert(_, source) {
      const result = converter.convert(earlier(), source);
      ofCell = result.diagnostics.length === 0 ? (result.declOutput ?? '') : undefined;
      return result;
    },
    complete: (_, source, position) => converter.complete(earlier(), source, position),
    inspect: (_, source, position) => converter.inspect(earlier(), source, position),
    settle(succeeded, assigned) {
      if (succeeded) declarations = ofCell ?? declarations;
      else if (ofCell !== undefined && assigned.size > 0) left = onlyOf(ofCell, assigned);
      ofCell = undefined;
    },
  };
}

/** The declarations of some names, and all types. */
function onlyOf(declarations, names) {
  const tree = ts.createSourceFile('cell.d.ts', declarations, ts.ScriptTarget.ES2022);
  const { factory } = ts;
  const has = (node) => node === undefined || names.has(node.name.text);
  const statements = tree.statements.flatMap((statement) => {
    if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return [statement];
    if (ts.isVariableStatement(statement)) {
      const { modifiers, declarationList } = statement;
      const declared = declarationList.declarations.filter(has);
      const list = factory.updateVariableDeclarationList(declarationList, declared);
      return declared.length > 0 ? [factory.updateVariableStatement(statement, modifiers, list)] : [];
    }
    // An import fails as a whole or not at all.
    if (ts.isImportDeclaration(statement)) return [statement];
    return has(statement) ? [statement] : [];
  });
  return ts.createPrinter().printFile(factory.updateSourceFile(tree, statements));
}

/** Notes the names to which code assigns from now on. */
function notingAssignments(exports, assigned) {
  return new Proxy(exports, {
    defineProperty(target, name, attributes) {
      assigned.add(name);
      return Reflect.defineProperty(target, name, attributes);
    },
  });
}

module.exports = { notingAssignments, rememberingDeclarations };
