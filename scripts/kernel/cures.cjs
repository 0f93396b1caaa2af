// Cures for errors whose messages do not name one.
'use strict';

const { packageName } = require('./package.cjs');

const CURES = [
  [
    /^You must compile a model|model needs to be compiled/,
    "Before that: model.compile({ optimizer: 'adam', loss: 'meanSquaredError' }).",
  ],
  [/^ENOENT: no such file/, () => `Paths begin at the folder of the notebook, ${process.cwd()}.`],
  [/another fit\(\) call is ongoing/, 'This model is already being trained: the Stop button (■) ends that.'],
  [/Tensor is disposed|tensor is disposed|disposed tensor/i, 'Run the cell that makes this tensor again.'],
  [
    /^Cannot find module '([^./'][^']*)'/,
    (name) => `Install it: npm install ${packageOf(name)} in the project's folder, then restart the kernel.`,
  ],
  [
    /^Cannot find module '\.\.?'/,
    () => `Import from '${packageName}', which works in every folder; '..' is right in the folder notebooks.`,
  ],
  [
    /^Cannot find module '(\.[^']*)'/,
    (file) => `Paths begin at the folder of the notebook, ${process.cwd()}: there is no ${file} in it.`,
  ],
];

/** The sentence for a message; undefined if there is none. */
function cureFor(message) {
  for (const [pattern, cure] of CURES) {
    const found = pattern.exec(message);
    if (found) return typeof cure === 'function' ? cure(found[1]) : cure;
  }
  return undefined;
}

/** `@scope/name/part` -> `@scope/name` */
function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

module.exports = { cureFor };
