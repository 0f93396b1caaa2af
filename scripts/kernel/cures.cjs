// Cures for errors whose messages do not name one.
'use strict';

const { packageFolder, packageName } = require('./package.cjs');

const PATHS = () => `Paths begin at the folder of the notebook, ${process.cwd()}.`;
const SHAPES = 'Look at the shapes (x.shape) of what goes in; reshape, transpose and expandDims change them.';
const MEMORY = 'That is more than the memory holds: take fewer or smaller numbers, or do it in parts.';
const BATCH =
  'The first length of a shape counts the examples, and null there is any number: one example x is x.expandDims(0).';

/** The first pattern that fits counts; a cure may be made from its groups. */
const CURES = [
  // tfjs
  [
    /^You must compile a model|model needs to be compiled/,
    "Before that: model.compile({ optimizer: 'adam', loss: 'meanSquaredError' }).",
  ],
  [/another fit\(\) call is ongoing/, 'This model is already being trained: the Stop button (■) ends that.'],
  [/Tensor is disposed|tensor is disposed|disposed tensor/i, 'Run the cell that makes this tensor again.'],
  [/^The first layer in a Sequential model must get/, 'For four numbers per example, inputShape: [4].'],
  [/^Error when checking|incompatible with layer|should have the same number of samples/, BATCH],
  [
    /^Unknown (optimizer|loss|metric) (\S+)/i,
    (kind, name) => `tfjs has no ${kind.toLowerCase()} called ${name.replace(/\.$/, '')}.`,
  ],
  [
    /passed to 'floor' must be float32 tensor, but got int32/,
    'With sparseCategoricalCrossentropy, tfjs takes labels as floating-point numbers: labels.toFloat().',
  ],
  [
    /must be (\w+) tensor, but got \w+ tensor/,
    (type) => `Convert it: ${type === 'int32' ? 'x.toInt()' : `x.cast('${type}')`}.`,
  ],
  [
    /^Cannot compute gradient of y=f\(x\)/,
    'What is read out in between (dataSync, arraySync) has no gradient; keep to operations on tensors.',
  ],
  [
    /^Backend name '\w+' not found/,
    `For native TensorFlow: await loadBackend(), imported from '${packageName}'.`,
  ],
  [
    /inner shapes|broadcast together|product of shape|should have \d+ values but has|rest \([\d,]*\) along|does not match the input size|must be rank|expected a batch of elements|^Invalid TF_Status: 3/,
    SHAPES,
  ],
  [
    /^Cannot find any save handlers|not implemented\.\.\. yet|^No model\.json|^Failed to parse URL|^Only absolute URLs|^Invalid URL/,
    `An address begins with https://, a model on disk with file://, after await loadBackend() of '${packageName}'; other files are read with node:fs.`,
  ],
  [
    /^Shape does not match typed-array/,
    'Rows of one tensor have the same length: give each as many numbers.',
  ],
  // danfojs
  [
    /^ParamError: .*column .*not found|^DtypeError: Dtype "undefined"/i,
    'The frame has no such column: see frame.columns.',
  ],
  [
    /^DtypeError: String data type/,
    "A column with a text such as NA holds texts: frame['name'].asType('float32') makes them numbers.",
  ],
  [
    /^Cannot convert "([^"]*)" to a number|is '([^']*)', which is not a number$|but x\[\d+\] is '([^']*)': give values of one kind$/,
    (...texts) => {
      const text = texts.find((text) => text !== undefined);
      return `Where '${text}' stands for a missing number: frame.replace('${text}', NaN).dropNa() leaves these rows out.`;
    },
  ],
  [
    /^Cannot calculate \w+, unexpected type of argument/,
    'Numbers are missing: frame.dropNa() leaves their rows out.',
  ],
  [/^CSV parsing errors/, 'The file has no columns that are divided by commas: look at its first lines.'],
  [
    /'Tensor\w*(?:<.*>)?' is not assignable to parameter of type 'PlotInput'/,
    'The numbers of a tensor: await x.array().',
  ],
  // points
  [
    /type '(DataFrame|ArrayType1D \| ArrayType2D)' is not assignable to parameter of type 'Points'/,
    "The numbers of a frame are points: frame.dropNa().tensor (a missing number would become 0); columns of something else go first: frame.drop({ columns: ['name'] }).",
  ],
  [
    /type 'string' is not assignable to parameter of type 'Points'|^points must be .*, got '/,
    () => `A file is read first: await readPoints('points.npy'), imported from '${packageName}'.`,
  ],
  [
    /^(.*) exists already: resume it/,
    (file) => `In code, resume: true goes on, and fs.rmSync('${file}'), of 'node:fs', deletes it.`,
  ],
  // Node
  [
    /^process\.exit\(/,
    'To leave a cell early, throw an Error; Kernel > Shut Down Kernel in the menu ends the kernel.',
  ],
  [
    /^fetch failed|^getaddrinfo|ECONNREFUSED|ENOTFOUND|EAI_AGAIN/,
    'Is the address right, and is there a network?',
  ],
  [/^ENOENT: no such file|^Path .* does not exist: loading failed/, PATHS],
  [
    / in JSON at position|JSON input|is not valid JSON/,
    'This text is no JSON: look at it, such as at text.slice(0, 200).',
  ],
  [
    /^Invalid array length|^Invalid typed array length: -/,
    'A length is a whole number from 0 to 4,294,967,295.',
  ],
  [/^Invalid typed array length|^Array buffer allocation failed|^Invalid string length/, MEMORY],
  [
    /^Maximum call stack size exceeded/,
    'A function calls itself without an end, or a list of arguments is too long.',
  ],
  // TypeScript and JavaScript
  [
    /^(?:'.*'|.* statement|.* expression|Expression|Identifier|Declaration or statement) expected\.$|^Unterminated /i,
    'Something is missing or too much, here or in the line above: a bracket, a comma, a quotation mark.',
  ],
  [/^Module .* has no exported member /, 'Tab between the braces lists the names that can be imported.'],
  [/ on type 'Promise</, 'A promise: write await before it.'],
  [
    /^Cannot read properties of (undefined|null) \(reading '(.+)'\)/,
    (what, name) => `What stands before .${name} is ${what}: is its name right, and was it given a value?`,
  ],
  [/(?:^|: )(\w+)(?: and \w+)?(?: \(or is it \w+\?\))? (?:is|are) not defined yet/, exportedAs],
  [
    /^Cannot find module '([^./'][^']*)'/,
    (name) => `Install it: npm install ${packageOf(name)} in the project's folder, then restart the kernel.`,
  ],
  [
    /^Cannot find module '\.\.?'/,
    () => `Import from '${packageName}', which works in every folder; '..' is right in the folder notebooks.`,
  ],
  [/^Cannot find module '(\.[^']*)'/, (file) => `${PATHS()} There is no ${file} in it.`],
];

/** The sentence for a message; undefined if there is none. */
function cureFor(message) {
  for (const [pattern, cure] of CURES) {
    const found = pattern.exec(message);
    if (found) return typeof cure === 'function' ? cure(...found.slice(1)) : cure;
  }
  return undefined;
}

/** Where the package has a name that the cell does not know. */
function exportedAs(name) {
  const lab = require(packageFolder);
  if (name in lab) return `Or import it: import { ${name} } from '${packageName}'.`;
  for (const part of [lab.tf, lab.tf.layers])
    if (name in part) return `TensorFlow's is ${part === lab.tf ? 'tf' : 'tf.layers'}.${name}.`;
  return undefined;
}

/** `@scope/name/part` -> `@scope/name` */
function packageOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

module.exports = { cureFor };
