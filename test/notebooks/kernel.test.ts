import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itThorough } from '../thorough';
import { played, python, ROOT } from './python';

/**
 * `interrupt_after` counts seconds from when the kernel is busy, where 0 presses Stop while it compiles the cell, or from
 * the first output of the cell.
 */
type Request =
  | { execute: string; interrupt_after?: number; once?: 'busy' | 'output' }
  | { complete: string }
  | { history: number }
  | { inspect: string };

interface Answer {
  readonly reply: {
    readonly status: string;
    readonly ename?: string;
    readonly evalue?: string;
    readonly matches?: string[];
    readonly history?: (readonly [session: number, cell: number, source: string])[];
    readonly data?: Record<string, string>;
  };
  readonly outputs: { type: string; name?: string; text?: string; traceback?: string[]; data?: object }[];
  readonly stopped_after: number | null;
}

/** Milliseconds that a kernel has for all requests; most of it is for a busy machine. */
const LIMIT = 600_000;

/** Plays requests to one fresh kernel. */
function session(requests: readonly Request[], folder = join(ROOT, 'notebooks')): Answer[] {
  return played('kernel_session.py', { folder, requests }, LIMIT);
}

const textOf = ({ outputs }: Answer): string =>
  outputs.map(({ type, text }) => (type === 'stream' ? text : '')).join('');
const traceOf = ({ outputs }: Answer): string =>
  outputs.find(({ type }) => type === 'error')?.traceback?.join('\n') ?? '';

const STOP = { once: 'output', interrupt_after: 0.1 } as const;
const LOOP =
  'console.log("begun"); let i = 0; while (!signal.aborted) { i++; await new Promise(setImmediate); } return i;';

/** Trains for ever, and says when it has begun. */
const FIT = `{ epochs: 1e6, verbose: 0, callbacks: { onBatchEnd: async () => { if (batches++ === 0) console.log('begun'); } } }`;

/** What the weights do in half a second when nobody trains. */
const STILL = `const w = () => model.getWeights()[0]!.dataSync()[0];
const before = w(), counted = batches;
await new Promise((resolve) => setTimeout(resolve, 500));
console.log(w() === before, batches === counted);
batches = 0;`;

/** Takes the compiler much longer than a signal takes to arrive, and runs in no time. */
const LONG_TO_COMPILE = `type Digit = ${Array.from({ length: 16 }, (_, i) => i).join(' | ')};
type Number = \`\${Digit}\${Digit}\${Digit}\${Digit}\`;
const number: Number = '1234';`;

/** The records of a sweep that is stopped. */
const SWEPT = join(ROOT, '.cache', 'swept');

/** A module that presses Stop when it is loaded for the first time, in the middle. */
const HALF_LOADED = join(ROOT, '.cache', 'half-loaded.cjs');
const HALF_LOADED_SOURCE = `exports.first = 1;
if (!process.env.WAS_LOADED) {
  process.env.WAS_LOADED = '1';
  process.kill(process.pid, 'SIGINT');
  while (true) {}
}
exports.second = 2;`;

/** What newcomers run into, and what the error says about it. */
const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['process.exit(3)', /would end the kernel, [\s\S]*throw an Error/],
  ['tf.matMul(tf.ones([2, 3]), tf.ones([2, 3]))', /shapes \(x\.shape\)/],
  ['tf.tensor([1, 2, 3], [2, 2])', /shapes \(x\.shape\)/],
  ['const gone = tf.ones([2]); gone.dispose(); gone.square()', /Run the cell that makes/],
  ['tf.oneHot(tf.ones([3]), 3)', /x\.toInt\(\)/],
  ['tf.layers.dense({ units: 3 }).apply(tf.ones([4]))', /x\.expandDims\(0\)/],
  ["await tf.setBackend('none')", /await loadBackend\(\)/],
  ["await tf.loadLayersModel('model.json')", /with file:/],
  ["new DataFrame({ a: [1] }).column('b')", /frame\.columns/],
  ['await intrinsicDimension(new DataFrame({ a: [1] }))', /frame\.dropNa\(\)\.tensor/],
  ['await intrinsicDimension(new DataFrame({ a: [1] }).values)', /frame\.dropNa\(\)\.tensor/],
  ["await intrinsicDimension('points.npy')", /await readPoints/],
  ['const list = [1, 2;', /a bracket, a comma/],
  ["import { nothing } from '..';", /Tab between the braces/],
  [
    "plot.histogram(new DataFrame({ x: Array.from({ length: 999 }, (_, i) => (i === 998 ? 'NA' : i)) }), { x: 'x' })",
    /replace\('NA', NaN\)/,
  ],
  [
    "const sparse = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2], activation: 'softmax' })] }); sparse.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' }); await sparse.fit(tf.ones([2, 2]), tf.tensor1d([0, 1], 'int32'))",
    /labels\.toFloat\(\)/,
  ],
  ["await readCSV('nothing.csv')", /folder of the notebook, .*notebooks\./],
  ["await readCSV('start-here.ipynb')", /divided by commas/],
  ['await show(5 as any)', /show draws a figure/],
  ["await fetch('http://127.0.0.1:9/')", /a network/],
  ["JSON.parse('{ a: 1 }')", /is no JSON/],
  ['new Float64Array(1e12)', /memory/],
  ['new Array(-1)', /from 0 to/],
  ['new DataFrame([{ a: 1, b: null }, { a: 2, b: 3 }]).describe()', /frame\.dropNa\(\)/],
  ['plot.line(tf.ones([3]))', /await x\.array\(\)/],
  ["require('nowhere')", /^Error: Cannot find module 'nowhere'\n {2}cell/],
  ['for (const one of [1, 2 { one.length; }', /^TypeScriptError: line 1: ',' expected\.\n/],
  ['const forever = (n: number): number => forever(n + 1); forever(0)', /without an end/],
  ['intrinsicDimension(tf.ones([9, 3])).value', /write await/],
  ['sequential()', /tf\.sequential/],
  ['localId([[1]])', /import \{ localId \}/],
  ['const none: any = undefined; none.length', /before \.length is undefined/],
  // The other backends of tfjs compute with such rows.
  [
    "import { loadBackend } from '..'; await loadBackend(); tf.tensor2d([[1, 2], [3]]).add(1)",
    /the same length/,
  ],
];

/** Calls of Node's own modules that fail later, in a callback or as an event that nobody listens to. */
const NODE_CALLS: readonly string[] = [
  "fs.readFile('nowhere', (error) => { if (error) throw error; })",
  "fs.createReadStream('nowhere')",
  "processes.spawn('nowhere')",
  "processes.exec('exit 3 # nowhere', (error) => { if (error) throw error; })",
  "get('http://127.0.0.1:1/nowhere')",
];

/** Cells whose values cannot be shown, and what the error says about it. */
const UNSHOWN: readonly (readonly [string, RegExp])[] = [
  [
    "({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new RangeError('mine'); } })",
    /^RangeError: mine \(when the value of the cell was shown\)/,
  ],
  ["({ [Symbol.for('Jupyter.display')]: () => null })", /gave null: return an object such as/],
  ["({ data: [{ type: 'scatterr', x: [1] }] })", /did you mean 'scatter'\?/],
  ['({ get shape() { return 1; }, dtype: 1, dataId: 1, rankType: 1 })', /shape\.join is not a function/],
];

/** What is asked of one kernel, in this order. */
const REQUESTS: Record<string, readonly Request[]> = {
  sources: [
    { execute: 'const lr = 0.1, name = "x";' },
    { execute: 'console.log(JSON.stringify({ lr, name }))' },
    { execute: 'let other = 0; ({ lr: other } = { lr: 4 }); console.log(other)' },
    { execute: 'console.log(await (async () => 7)())' },
    { execute: 'for await (const x of [1, Promise.resolve(2)]) console.log(x);' },
    { execute: 'other = 5 // a value that nobody asked for' },
    {
      execute: `process.emitWarning('mine', 'DeprecationWarning');
require('node:vm').runInThisContext("process.emitWarning('theirs', 'DeprecationWarning')", { filename: '/node_modules/old.js' });`,
    },
  ],
  strict: [
    { execute: 'const lr = 0.1;' },
    { execute: 'const o = { lr };\nconst a = { lr }; const n: number = "text";' },
    { execute: 'let maybe: string | undefined;\nmaybe.length;' },
    { execute: 'const p = { steps: 1 };\np.stepz = 2;' },
  ],
  thrown: [
    {
      execute:
        'interface P { a: number }\n\nfunction f(p: P): never {\n  throw new RangeError("got " + p.a);\n}',
    },
    { execute: 'const p: { a: number } = { a: 3 };\n\nf(p);' },
    {
      execute:
        'await Promise.all([1].map(async () => {\n  await null;\n  throw new TypeError("later");\n}));',
    },
    { execute: 'throw "text";' },
    {
      execute:
        "await Promise.any([Promise.reject(new Error('one')), Promise.reject(new RangeError('two', { cause: 'three' }))])",
    },
  ],
  late: [
    { execute: 'Promise.reject(new Error("nobody awaits this"));\n1' },
    {
      execute:
        'import { EventEmitter } from "node:events"; const gate = new EventEmitter();\ngate.on("open", () => setImmediate(() => { throw new Error("from a callback") })); 1',
    },
    { execute: 'gate.emit("open");\nawait new Promise(setImmediate); await new Promise(setImmediate);' },
    { execute: '2' },
    { execute: 'void Promise.reject(new Error("first"));\nvoid Promise.reject(new RangeError("second"));' },
    { execute: 'void Promise.reject(new Error("aside"));\nawait null;\nthrow new TypeError("ahead");' },
  ],
  interrupts: [
    { execute: "import { interruptible } from '..';" },
    { execute: `const turns = await interruptible(async (signal) => { ${LOOP} });`, ...STOP },
    { execute: 'console.log(turns > 0)' },
    {
      execute:
        'await interruptible(async (signal) => { console.log("begun"); while (true) { signal.throwIfAborted(); await new Promise(setImmediate); } });',
      ...STOP,
    },
    { execute: 'console.log("begun"); while (true) await new Promise(setImmediate);', ...STOP },
    { execute: 'console.log("begun"); while (true) {}', ...STOP },
    { execute: 'console.log("alive")' },
  ],
  training: [
    {
      execute: `import { tf } from '..';
const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
const x = tf.randomNormal([64, 4]), y = tf.randomNormal([64, 1]);
const examples = tf.data.array([{ xs: [1, 2, 3, 4], ys: [1] }]).repeat().batch(8);
let batches = 0;`,
    },
    { execute: `await model.fit(x, y, ${FIT});\nbatches = -1;`, ...STOP },
    { execute: STILL },
    {
      execute: `await model.fitDataset(examples, { batchesPerEpoch: 10, ...${FIT} });\nbatches = -1;`,
      ...STOP,
    },
    { execute: STILL },
    { execute: 'const history = await model.fit(x, y, { epochs: 1, verbose: 0 });' },
    { execute: '\nawait model.fit(x, tf.zeros([3, 1]));' },
  ],
  awaited: [
    { execute: "import { cube, embed, grokking, intrinsicDimension, parseGrid, sweep } from '..';" },
    { execute: 'const many = embed(cube({ points: 60_000, dimension: 2 }), { coordinates: 200 });' },
    { execute: "console.log('begun'); await intrinsicDimension(many);", ...STOP },
    {
      execute: `const grid = parseGrid(['prime=23', 'batchSize=64', 'steps=100000'], 'grokking');
const folder = ${JSON.stringify(SWEPT)};
await sweep(grid, { folder, workers: 1, onChange: ([cell]) => { if (cell!.step > 0) console.log('step', cell!.step); } });`,
      ...STOP,
    },
    {
      execute: "await sweep(parseGrid(['prime=19', 'steps=100000'], 'grokking'), { folder, workers: 1 });",
      ...STOP,
    },
    { execute: 'let turns2 = 0;' },
    {
      execute:
        'console.log("begun"); async function loop() { while (true) { turns2++; await new Promise(setImmediate); } }\nawait loop();',
      ...STOP,
    },
    {
      execute:
        'const now = turns2; await new Promise((r) => setTimeout(r, 200)); console.log(turns2 === now);',
    },
  ],
  cleanup: [
    { execute: 'const ended: string[] = []; let retries = 0; const pass = () => new Promise(setImmediate);' },
    {
      execute: `try { console.log('begun'); while (true) await pass(); }
catch (error) { await pass(); await pass(); ended.push('caught'); throw error; }
finally { await pass(); await pass(); ended.push('closed'); }`,
      ...STOP,
    },
    {
      execute: `console.log('begun');
while (true) try { await pass(); throw new Error('again'); } catch { await pass(); retries++; continue; }`,
      ...STOP,
    },
    {
      execute: `console.log(ended.join()); const tried = retries;
await new Promise((resolve) => setTimeout(resolve, 200)); console.log(retries === tried);`,
    },
    {
      execute: `const late = async () => { await new Promise((resolve) => setTimeout(resolve, 1000)); ended.push('late'); };
void (async () => { await late(); })();
console.log('begun'); while (true) await pass();`,
      ...STOP,
    },
    { execute: 'await new Promise((resolve) => setTimeout(resolve, 2000));' },
    {
      execute: `async function close(): Promise<void> { await pass(); await pass(); ended.push('called'); }
async function endless(): Promise<void> { while (true) { retries++; await pass(); } }
try { console.log('begun'); while (true) await pass(); } catch (error) { await close(); throw error; } finally { await close(); await endless(); }`,
      ...STOP,
    },
    {
      execute: `console.log(ended.slice(-2).join()); await pass(); const tried2 = retries;
await new Promise((resolve) => setTimeout(resolve, 200)); console.log(retries === tried2);`,
    },
    // The wait ends after the cell was left.
    {
      execute: `console.log('begun');
while (true) try { retries++; await new Promise((resolve) => setTimeout(resolve, 1500)); } catch (error) { continue; }`,
      ...STOP,
    },
    {
      execute: `const tried3 = retries;
await new Promise((resolve) => setTimeout(resolve, 2500)); console.log(retries === tried3);`,
    },
  ],
  blocked: [
    { execute: "import { tf } from '..';\nlet turns3 = 0; const x3 = tf.scalar(3);" },
    { execute: 'console.log("begun"); await pass(); while (true) turns3++;', ...STOP },
    { execute: 'console.log("begun"); while (true) { turns3 = -1; await null; }', ...STOP },
    {
      execute:
        'console.log("begun"); setTimeout(() => { while (true) turns3 = -2; }); await new Promise(() => {});',
      ...STOP,
    },
    {
      execute: `console.log("begun"); await pass(); const tensors = tf.memory().numTensors;
while (true) tf.tidy(() => tf.grad((x) => { turns3 = -3; return x.square(); })(x3));`,
      ...STOP,
    },
    {
      execute: `console.log(turns3, tf.grad((x) => x.square())(x3).dataSync()[0]);
console.log(tf.memory().numTensors);`,
    },
    {
      execute:
        '({ [Symbol.for("Jupyter.display")]: async () => { console.log("begun"); while (true) await null; } })',
      ...STOP,
    },
    {
      execute:
        'const left = tf.memory().numTensors; tf.tidy(() => { x3.square(); }); console.log(left === tf.memory().numTensors);',
    },
  ],
  unknown: [
    { execute: 'const point = model2.layers.map((layer) => layer.name + rate);\nrate.toFixed();' },
    { execute: 'turnz' },
    { execute: "import { cube } from '.';" },
  ],
  early: [
    { execute: 'let begun = 0;' },
    { execute: `${LONG_TO_COMPILE}\nbegun++;\nwhile (true) {}`, interrupt_after: 0 },
    {
      execute: `${LONG_TO_COMPILE}\nbegun++;\nwhile (true) await new Promise(setImmediate);`,
      interrupt_after: 0,
    },
    { execute: 'console.log(begun)' },
    { execute: `require(${JSON.stringify(HALF_LOADED)});` },
    { execute: `console.log(require(${JSON.stringify(HALF_LOADED)}).second)` },
  ],
  kept: [
    { execute: 'const kept = 1; class Shape { sides = 3; }' },
    {
      execute: `import { join } from 'node:path';
interface Named { name: string }
const first: Named = { name: 'one' }, second = 2;
const kept = JSON.parse('{');
const unreached = 4;
class Shape { corners = 4; }`,
    },
    { execute: 'console.log(kept.toFixed(1), join("a", first.name), second, new Shape().sides);' },
    { execute: 'unreached' },
    {
      execute: 'const found: number[] = [];\nconsole.log("begun"); while (true) { found.push(await 1); }',
      ...STOP,
    },
    { execute: 'console.log(found.length > 0);' },
    { complete: 'foun' },
    { execute: 'let maybe: number | undefined = 1;' },
    { execute: 'let maybe: number | undefined;' },
    { execute: 'console.log(maybe);' },
  ],
  files: [
    {
      execute:
        "import * as processes from 'node:child_process';\nimport * as fs from 'node:fs';\n" +
        "import { readFile } from 'node:fs/promises';\nimport { get } from 'node:http';",
    },
    { execute: "\nawait readFile('nowhere');" },
    {
      execute:
        "\nreadFile('nowhere').then(String);\nawait new Promise((resolve) => setTimeout(resolve, 200));",
    },
    { execute: "\nfor await (const part of fs.createReadStream('nowhere')) console.log(part);" },
    ...NODE_CALLS.map((execute) => ({
      execute: `\n${execute};\nawait new Promise((resolve) => setTimeout(resolve, 500));`,
    })),
    {
      execute:
        "import { promisify } from 'node:util';\nconsole.log((await promisify(processes.exec)('echo done')).stdout);",
    },
  ],
  imports: [
    { complete: 'import { intrinsicDimensio' },
    { complete: 'const n = 1;\nimport { cube, type LayerProf' },
    { complete: 'documen' },
  ],
  help: [
    { execute: 'const settings = { learningRate: 1, steps: 2 };' },
    { complete: 'settings.lear' },
    { inspect: 'settings' },
    { inspect: 'Math.max(1, | )' },
    { inspect: ' | ' },
    { history: 1 },
  ],
  mistakes: [
    {
      execute:
        "import { intrinsicDimension, plot, show, tf } from '..';\nimport { DataFrame, readCSV } from 'danfojs-node';",
    },
    { execute: 'tf.ones([2]).dataSync()' },
    ...MISTAKES.map(([execute]) => ({ execute })),
  ],
  settings: [
    { execute: "import { grokking, images, trainLive } from '..';" },
    { inspect: 'grokking.config({ weightDecay' },
    { inspect: 'const parameters: Partial<images.Config> = { blockDropout' },
    { complete: 'images.preset({ weightD' },
    { inspect: "import { plot } from '..';\nplot.line([{ a: 1, b: 2, c: 3, d: 4, e: 5 }], |)" },
    { inspect: 'await trainLive(|' },
  ],
  shown: [
    { execute: "import { show, tables } from '..';" },
    { execute: "await show({ data: [{ type: 'scatter', x: [1, 2], y: [1, 2] }] });" },
    { execute: 'await show(tables.of([{ a: 1 }]));' },
    { execute: '({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "drawn" }) })' },
    { execute: "import { DataFrame } from 'danfojs-node';\nnew DataFrame({ a: [1, 2, 4] }).describe()" },
    { execute: "({ data: [{ type: 'nothing', x: [1] }] })" },
    { execute: 'Promise.resolve(1)' },
    { execute: '[() => 1, () => 2].at(0)' },
    { execute: '() => 1' },
    {
      execute: `await Promise.allSettled([Promise.reject(Object.assign(new RangeError("mine"), { code: 7 }))])`,
    },
    { execute: "try { require('node:assert').equal(1, 2); } catch (error) { console.log(error); }" },
  ],
  unshown: UNSHOWN.map(([execute]) => ({ execute: `1;\n${execute}` })),
};

/** How many files the compiler reads when it warms up, and how many more for completions with and without the package. */
const FIRST_COMPLETION = `const kernel = ${JSON.stringify(join(ROOT, 'scripts', 'kernel'))};
const { ts } = require(kernel + '/compiler.cjs');
const { readFile, watchFile } = ts.sys;
let read = 0;
const large = [];
ts.sys.readFile = (file, ...rest) => {
  const text = readFile(file, ...rest);
  read += /ts$/.test(file);
  if (text?.length > 250_000) large.push(file);
  return text;
};
let watched = 0;
ts.sys.watchFile = (file, ...rest) => ((watched += /node_modules/.test(file)), watchFile(file, ...rest));
const interrupts = require(kernel + '/interrupts.cjs').listenForInterrupts();
const executor = require(kernel + '/executor.cjs').createExecutor(require(kernel + '/tslab.cjs').loadTslab(), interrupts);
executor.warmUp();
const warming = read;
const complete = (code) => executor.complete(code, code.length).candidates;
const candidates = ["import { cube } from '..';\\nconst points = cub", 'Math.hyp', "import { tf } from '..';\\ntf.layers.den"].map(complete);
console.log(JSON.stringify({ warming, completing: read - warming, candidates: candidates.flat(), large, watched }));
process.exit();`;

/** A process that has ended may stand in the list until its new parent looks. */
function isAlive(pid: number): boolean {
  const state = `/proc/${pid}/stat`;
  return existsSync(state) && !/^\d+ \(.*\) [ZX]/.test(readFileSync(state, 'utf8'));
}

/** How long the Stop button took; the machine may be busy, so this is for the reader. */
function saySeconds(name: string, { stopped_after: seconds }: Answer): void {
  console.log(`      Stop ended ${name} after ${Math.round(1000 * seconds!)} ms`);
}

describe('kernel', function () {
  this.timeout(LIMIT);
  const answers: Record<string, Answer[]> = {};

  before(() => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    writeFileSync(HALF_LOADED, HALF_LOADED_SOURCE);
    const all = session(Object.values(REQUESTS).flat());
    for (const [name, requests] of Object.entries(REQUESTS)) answers[name] = all.splice(0, requests.length);
  });

  after(() => {
    rmSync(HALF_LOADED, { force: true });
    rmSync(SWEPT, { recursive: true, force: true });
  });

  it('repairs what the stock kernel gets wrong with sources', () => {
    const [, shorthand, assigned, parenthesis, loop, assignment] = answers.sources!;
    assert.equal(textOf(shorthand!), '{"lr":0.1,"name":"x"}\n');
    assert.equal(textOf(assigned!), '4\n');
    assert.equal(textOf(parenthesis!), '7\n');
    assert.equal(textOf(loop!), '1\n2\n');
    assert.equal(assignment!.reply.status, 'ok');
    assert.equal(textOf(assignment!), '');
  });

  it('says what is deprecated of what a cell calls, and not of what a library calls', () => {
    const said = textOf(answers.sources!.at(-1)!);
    assert.match(said, /DeprecationWarning: mine/);
    assert.doesNotMatch(said, /theirs/);
  });

  it('checks strictly, and points to the place as it was written', () => {
    const [, wrong, missing, nearest] = answers.strict!;
    assert.equal(wrong!.reply.status, 'error');
    assert.equal(wrong!.reply.ename, 'TypeScriptError');
    assert.match(traceOf(wrong!), /line 2:25\n {4}const a = \{ lr \}; const n.*\n {28}\^/);
    assert.match(wrong!.reply.evalue!, /^line 2: Type 'string' is not assignable to type 'number'/);
    assert.match(missing!.reply.evalue!, /^line 2: .*undefined/);
    assert.match(nearest!.reply.evalue!, /Did you mean 'steps'/);
  });

  it('reports what is thrown with the line of the cell, also from functions of earlier cells', () => {
    const [, thrown, inMap, text, several] = answers.thrown!;
    assert.equal(thrown!.reply.ename, 'RangeError');
    assert.equal(thrown!.reply.evalue, 'got 3');
    assert.match(
      traceOf(thrown!),
      /cell \[\d+\], line 4:9\n {6}throw new RangeError.*\n {12}\^\n {2}cell \[\d+\], line 3:1/,
    );
    assert.match(traceOf(inMap!), /TypeError: later\n {2}cell \[\d+\], line 3:/);
    assert.equal(text!.reply.evalue, "'text'");
    assert.match(traceOf(text!), /throw new Error/);
    assert.match(
      traceOf(several!),
      /\n {2}cell \[\d+\], line 1:1\n.*\n.*\n {2}caused by one\n {2}caused by RangeError: two\n {2}caused by 'three'$/,
    );
  });

  it('keeps the names of a cell that fails or is stopped, as far as it came, and their earlier values', () => {
    const [, failed, used, unreached, stopped, found, completed, , , reset] = answers.kept!;
    assert.equal(failed!.reply.ename, 'SyntaxError');
    assert.equal(textOf(used!), '1.0 a/one 2 3\n', traceOf(used!));
    assert.match(unreached!.reply.evalue!, /unreached is not defined yet/);
    assert.equal(stopped!.reply.ename, 'Interrupted');
    assert.equal(textOf(found!), 'true\n', traceOf(found!));
    assert.equal(completed!.reply.matches![0], 'found');
    assert.equal(textOf(reset!), 'undefined\n');
  });

  it("names the line of the cell for what fails later in Node's own modules, also without await", () => {
    const [, ...failed] = answers.files!;
    const promisified = failed.pop()!;
    assert.equal(failed.length, 3 + NODE_CALLS.length);
    for (const answer of failed) {
      assert.equal(answer.reply.status, 'error');
      assert.match(
        traceOf(answer),
        /^Error: .*(ENOENT|ECONNREFUSED|failed)[\s\S]*?\n {2}cell \[\d+\], line 2:\d+\n.*nowhere/,
        traceOf(answer),
      );
    }
    assert.match(textOf(promisified), /^done\s*$/, traceOf(promisified));
  });

  it('completes an import that does not say yet from where, and no names of browsers', () => {
    const matches = answers.imports!.map(({ reply }) => reply.matches);
    assert.deepEqual(matches, [['intrinsicDimension'], ['LayerProfile', 'layerProfile'], []]);
  });

  it('reports what is rejected or thrown late', () => {
    const [rejected, listening, emitting, fine, both, aside] = answers.late!;
    assert.match(rejected!.reply.evalue!, /nobody awaits this .*nobody awaited/);
    assert.match(traceOf(rejected!), /was rejected\)\n {2}cell \[\d+\], line 1:16\n.*\n.*\^$/);
    assert.equal(listening!.reply.status, 'ok');
    assert.match(emitting!.reply.evalue!, /from a callback \(thrown in a callback\)/);
    assert.match(traceOf(emitting!), /cell \[\d+\], line 2:/);
    assert.equal(fine!.reply.status, 'ok');
    assert.match(
      traceOf(both!),
      /^Error: first .*\n {2}cell .*\n.*\n.*\nRangeError: second .*\n {2}cell .*line 2:/,
    );
    assert.match(
      traceOf(aside!),
      /^TypeError: ahead\n {2}cell .*line 3:[\s\S]*\nError: aside .*\n {2}cell .*line 1:/,
    );
  });

  it('stops at an interrupt: loops with a signal keep their result, others end at once', () => {
    const [, cooperative, kept, throwing, forever, busy, alive] = answers.interrupts!;
    for (const answer of [cooperative, throwing, forever, busy]) {
      assert.equal(answer!.reply.ename, 'Interrupted', JSON.stringify(answer));
    }
    assert.equal(textOf(kept!), 'true\n');
    assert.equal(textOf(alive!), 'alive\n');
  });

  it('stops fit and fitDataset after the batch, and trains again at once', () => {
    const [made, fit, still, dataset, still2, again, wrong] = answers.training!;
    assert.equal(made!.reply.status, 'ok', traceOf(made!));
    for (const [name, answer] of Object.entries({ fit, fitDataset: dataset })) {
      assert.equal(answer!.reply.ename, 'Interrupted', JSON.stringify(answer));
      assert.match(answer!.reply.evalue!, /^training stopped after a batch/);
      saySeconds(name, answer!);
    }
    // Nothing after the training was executed, and nothing trains.
    for (const answer of [still, still2]) assert.equal(textOf(answer!), 'true true\n');
    assert.equal(again!.reply.status, 'ok', traceOf(again!));
    // The stack has one frame of a cell, and none of a package.
    assert.match(
      traceOf(wrong!),
      /3 target sample\(s\)\.\n {2}cell \[\d+\], line 2:13\n {4}await model\.fit.*\n +\^\n.*counts the examples/,
    );
  });

  it('stops what a cell awaits: an estimate, a sweep, a loop in a function', () => {
    const [, , estimate, swept, following, , loop, still] = answers.awaited!;
    for (const [name, answer] of Object.entries({ estimate, sweep: swept, following, loop })) {
      assert.equal(answer!.reply.ename, 'Interrupted', JSON.stringify(answer));
      saySeconds(name, answer!);
    }
    assert.equal(textOf(still!), 'true\n');
    // Without `onChange`, a sweep shows its own progress.
    assert.match(JSON.stringify(following!.outputs), /0 of 1 run recorded/);
  });

  it('lets a stopped cell catch and close, which keeps no cell going', () => {
    const [, closing, retrying, state] = answers.cleanup!;
    for (const answer of [closing, retrying]) {
      assert.equal(answer!.reply.ename, 'Interrupted', JSON.stringify(answer));
      assert.match(answer!.reply.evalue!, /^stopped/);
    }
    assert.equal(textOf(state!), 'caught,closed\ntrue\n');
  });

  it('takes the late end of what a stopped cell did not await for no error', () => {
    const [stopped, next] = answers.cleanup!.slice(4);
    assert.equal(stopped!.reply.ename, 'Interrupted');
    assert.equal(next!.reply.status, 'ok', traceOf(next!));
    assert.equal(textOf(next!), '');
  });

  it('lets what a stopped cell calls to close come to its end, but not go on for ever', () => {
    const [closing, called, retrying, still] = answers.cleanup!.slice(-4);
    for (const answer of [closing, retrying]) {
      assert.equal(answer!.reply.ename, 'Interrupted', JSON.stringify(answer));
      saySeconds('a cell that goes on', answer!);
    }
    assert.equal(textOf(called!), 'called,called\ntrue\n');
    assert.equal(textOf(still!), 'true\n');
  });

  it('ends code that lets nothing else happen, and keeps what the variables hold', () => {
    const [, ...blocked] = answers.blocked!;
    const [loop, microtasks, timer, gradients, kept, value, tidied] = blocked;
    for (const answer of [loop, microtasks, timer, gradients]) {
      assert.equal(answer!.reply.ename, 'Interrupted', JSON.stringify(answer));
      assert.match(answer!.reply.evalue!, /^stopped in the middle of its code; variables keep/);
      saySeconds('a cell that blocks', answer!);
    }
    assert.match(textOf(kept!), /^-3 6\n/);
    assert.equal(value!.reply.ename, 'Interrupted', JSON.stringify(value));
    assert.equal(textOf(tidied!), 'true\n');
  });

  it('says once that cells above were not run, and what to do about a wrong import', () => {
    const [missing, typo, path] = answers.unknown!;
    assert.match(
      traceOf(missing!),
      /^TypeScriptError: line 1: model2.* and rate are not defined yet: run the cells above that define them\n {2}cell \[\d+\], line 1:15\n.*\n.*\^$/,
    );
    assert.match(typo!.reply.evalue!, /^line 1: turnz \(or is it turns\?\) is not defined yet/);
    assert.match(traceOf(path!), /Import from 'intrinsic-dimension-lab'/);
  });

  it('shows one line of the cell and a cure for the mistakes of newcomers', () => {
    const [, , ...wrong] = answers.mistakes!;
    for (const [i, [code, cure]] of MISTAKES.entries()) {
      const trace = traceOf(wrong[i]!);
      assert.match(trace, cure, code);
      assert.equal(trace.match(/cell \[\d+\], line 1:\d+\n/g)?.length, 1, trace);
      assert.doesNotMatch(trace, /node_modules/);
      assert.ok(trace.length < 2000, trace);
    }
  });

  it('says in one line how TensorFlow is faster, instead of the advice of tfjs', () => {
    const said = Object.values(answers).flat().map(textOf).join('');
    assert.doesNotMatch(said, /install our node backend/);
  });

  it('takes Stop while a cell is still being compiled, and then does not begin it', () => {
    const [, busy, forever, begun] = answers.early!;
    for (const answer of [busy, forever]) {
      assert.equal(answer!.reply.ename, 'Interrupted');
      assert.match(answer!.reply.evalue!, /^stopped before it began/);
    }
    assert.equal(textOf(begun!), '0\n');
  });

  it('loads a module again whose loading was stopped in the middle', () => {
    const [stopped, again] = answers.early!.slice(-2);
    assert.equal(stopped!.reply.ename, 'Interrupted');
    assert.equal(textOf(again!), '2\n');
  });

  it('completes and inspects', () => {
    const [, completed, inspected, max, nothing, history] = answers.help!;
    const own = answers.settings!.at(-1);
    assert.match(
      max!.reply.data!['text/plain']!,
      /^\(method\) Math\.max\(\.\.\.values: number\[\]\): number/,
    );
    assert.match(own!.reply.data!['text/markdown']!, /^```ts\n.*\n.*\n```[\s\S]*\*Throws\*: RangeError/);
    assert.deepEqual(nothing!.reply.data, {});
    assert.deepEqual(
      history!.reply.history!.map(([, , source]) => source),
      [(REQUESTS['help']![0] as { execute: string }).execute],
    );
    assert.deepEqual(completed!.reply.matches, ['learningRate']);
    assert.match(inspected!.reply.data!['text/plain']!, /learningRate: number/);
  });

  it('shows what a setting means, which values are allowed, and its default', () => {
    const [, weightDecay, dropout, completed, line] = answers.settings!;
    assert.equal(
      weightDecay!.reply.data!['text/plain'],
      '(property) weightDecay?: number | undefined\n\n' +
        'L2 penalty: this factor times the weights is added to the gradient.\n' +
        'Allowed: a number between 0 and 10. Default: 0.',
    );
    assert.match(
      dropout!.reply.data!['text/plain']!,
      /blockDropout\?: number.*\n\nDropout rate after each of conv1 to conv5_x\..* less than 1\. Default: 0\.$/s,
    );
    assert.deepEqual(completed!.reply.matches, ['weightDecay']);
    // A long signature stands below the words.
    assert.match(line!.reply.data!['text/plain']!, /^[A-Z].*\.[\s\S]*\n\nfunction line</);
  });

  it('shows figures, tables and values that draw themselves', () => {
    const [, figure, table, own] = answers.shown!;
    const types = (answer: Answer): string[][] => answer.outputs.map(({ data }) => Object.keys(data ?? {}));
    assert.deepEqual(types(figure!), [['application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain']]);
    assert.deepEqual(types(table!), [['text/html', 'text/markdown', 'text/plain']]);
    assert.deepEqual(own!.outputs[0]?.data, { 'text/plain': 'drawn' });
  });

  it('shows the value of the last expression as what it is', () => {
    const [described, , promise, one, anonymous, errors, printed] = answers.shown!.slice(-7);
    const data = ({ outputs }: Answer): Record<string, string> => ({ ...outputs[0]?.data });
    assert.equal(described!.outputs[0]?.type, 'display_data');
    assert.match(data(described!)['text/markdown']!, /\| mean \| 2\.33 \|/);
    assert.match(data(promise!)['text/plain']!, /write await/);
    for (const answer of [one, anonymous])
      assert.equal(data(answer!)['text/plain'], '[Function (anonymous)]');
    assert.match(
      data(errors!)['text/plain']!,
      /RangeError: mine\n +cell \[\d+\], line 1:\d+\n +await .*\n +\^ \{ code: 7 \}/,
    );
    assert.match(textOf(printed!), /^AssertionError: 1 == 2\n {2}cell \[\d+\], line 1:\d+\n/);
    for (const text of [data(errors!)['text/plain']!, textOf(printed!)])
      assert.doesNotMatch(text, /node_modules|node:internal/);
  });

  it('names the line of the cell for a value that cannot be shown', () => {
    for (const [i, [code, words]] of UNSHOWN.entries()) {
      const answer = answers.unshown![i]!;
      assert.equal(answer.reply.status, 'error', code);
      const trace = traceOf(answer);
      assert.match(trace, words);
      assert.match(trace, /\n {2}cell \[\d+\], line 2:\d+\n/, trace);
      assert.doesNotMatch(trace, /node_modules/);
    }
  });

  it('has read all types before the first completion, and keeps them', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', FIRST_COMPLETION], {
      cwd: join(ROOT, 'notebooks'),
      encoding: 'utf8',
      timeout: 240_000,
    });
    assert.equal(status, 0, stderr);
    const { warming, completing, candidates, large, watched } = JSON.parse(stdout);
    assert.ok(warming > 100, `${warming} files`);
    assert.equal(completing, 0);
    // A file of a megabyte and a thousand watches each take about as long as ten completions.
    assert.deepEqual(large, []);
    assert.equal(watched, 0);
    assert.deepEqual(candidates, ['cube', 'hypot', 'dense']);
  });

  it('ends when the program that started it was killed, also in a loop', async () => {
    for (const code of ['console.log("begun");', 'console.log("begun"); await null; while (true) {}']) {
      const { stdout, stderr, signal } = python([join(__dirname, 'kernel_orphan.py'), code]);
      assert.equal(signal, 'SIGKILL', stderr);
      const kernel = Number(stdout.trim().split('\n').at(-1));
      assert.ok(kernel > 1, stdout);
      // The limit of the test ends this.
      while (isAlive(kernel)) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  itThorough('goes on when files change on disk, with their new types', () => {
    const folder = mkdtempSync(join(ROOT, '.cache', 'changing-'));
    try {
      const types = (...names: string[]): string => names.map((n) => `export const ${n}: number;\n`).join('');
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ main: 'index.js', types: 'index.d.ts' }));
      writeFileSync(join(folder, 'index.js'), 'exports.a = 1; exports.b = 2;');
      writeFileSync(join(folder, 'index.d.ts'), types('a'));
      mkdirSync(join(folder, 'notebooks'));
      // Both a file that was read and one that was missing: the compiler has a timer for each.
      const change = `const timers = channel('typescript-kernel.timers');
        const next = () => new Promise((resolve) => timers.subscribe(resolve));
        const changed = next();
        fs.writeFileSync('../index.d.ts', ${JSON.stringify(types('a', 'b'))});
        await changed;
        const appeared = next();
        fs.mkdirSync('node_modules');
        fs.writeFileSync('node_modules/missing.d.ts', '');
        await appeared;
        const gone = next();
        fs.rmSync('node_modules', { recursive: true });
        await gone;`;
      const [first, changed, again] = session(
        [
          {
            execute:
              "// @ts-ignore\nimport type { X } from 'missing';\nimport { a } from '..';\nconsole.log(a)",
          },
          {
            execute: `import fs from 'node:fs';\nimport { channel } from 'node:diagnostics_channel';\n${change}`,
          },
          { execute: "import { b } from '..';\nconsole.log(b)" },
        ],
        join(folder, 'notebooks'),
      );
      assert.equal(textOf(first!), '1\n');
      assert.equal(changed!.reply.status, 'ok', traceOf(changed!));
      assert.equal(textOf(again!), '2\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses another tslab, and says which', () => {
    const folder = mkdtempSync(join(tmpdir(), 'other-tslab-'));
    try {
      cpSync(join(ROOT, 'scripts', 'kernel'), join(folder, 'scripts', 'kernel'), { recursive: true });
      const place = (name: string, manifest: object, main = ''): void => {
        mkdirSync(join(folder, 'node_modules', name), { recursive: true });
        writeFileSync(join(folder, 'node_modules', name, 'package.json'), JSON.stringify(manifest));
        writeFileSync(join(folder, 'node_modules', name, 'index.js'), main);
      };
      cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
      place('tslab', { name: 'tslab', version: '1.0.23' });
      place('@tslab/typescript-for-tslab', { main: 'index.js' });
      const { status, stderr } = spawnSync(
        process.execPath,
        [join(folder, 'scripts', 'kernel', 'main.cjs'), '--config-path', 'none'],
        { encoding: 'utf8', timeout: 240_000 },
      );
      assert.equal(status, 1);
      assert.match(stderr, /found tslab 1\.0\.23, but this kernel is written for tslab 1\.0\.22/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
