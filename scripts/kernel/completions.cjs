// The names that Tab offers.
'use strict';

const { packageName } = require('./package.cjs');

/** What the compiler offers at the position; in an import that does not say yet from where, the names of the package. */
function completeAt(executor, code, position) {
  const before = code.slice(0, position);
  if (!isInUnfinishedImport(before, code.slice(position))) return executor.complete(code, position);
  return executor.complete(`${before} } from '${packageName}';`, position);
}

/** True between the braces of `import { a, b }` without `from`. */
function isInUnfinishedImport(before, after) {
  return /(?:^|[\n;])\s*import\s+(?:type\s*)?\{[^{}]*$/.test(before) && !/^[\w$\s,]*\}\s*from\b/.test(after);
}

module.exports = { completeAt };
