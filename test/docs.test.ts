import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as library from '../src/index';
import { loadBackend } from '../src/runtime/backend';
import { itThorough } from './thorough';

const ROOT = join(__dirname, '..');
const DOCS = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'environment.md',
  'package/README.md',
  ...DOCS.map((name) => `docs/${name}`),
];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
}

const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```/gm)].map(
    ([, , language, code]) => ({ page, language: language!, code: code! }),
  ),
);

const POINTS = `import { cube as cubeOf, embed as among } from 'intrinsic-dimension-lab';
const { data, shape } = among(cubeOf({ points: 200, dimension: 2 }), { coordinates: 6 });
const points = { data, shape };
`;

/** What a block takes for granted, by a word of it; the others stand alone. */
const GIVEN: readonly (readonly [RegExp, string])[] = [
  [
    /modelSource\(model, inputs\)/,
    `${POINTS}const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [6] })] });
const inputs = tf.tensor2d(Float32Array.from(data), shape);\n`,
  ],
  [/^const program = compile\(\{ variables: \{ w \}/m, `const w = tf.variable(tf.zeros([3]));\n`],
  [
    /tf\.zeros\(\[784, 10\]\)/,
    `const x = tf.randomNormal<tf.Rank.R2>([20, 784]);
const y = tf.oneHot(tf.randomUniform([20], 0, 10, 'int32'), 10) as tf.Tensor2D;\n`,
  ],
  [
    /idCallback\(model, xTest/,
    `const x = tf.randomNormal([300, 20]);
const y = tf.oneHot(tf.randomUniform([300], 0, 10, 'int32'), 10);
const [xTest, yTest] = [x, y];\n`,
  ],
  [
    /plot\.line\(rows, \{ x: 'step', y: 'loss'/,
    `const rows = [1, 10, 100].map((step) => ({ step, loss: 1 / step, split: 'train', low: 0.5 / step, high: 2 / step }));\n`,
  ],
  [
    /plot\.scatter\(ends/,
    `const ends = [0.01, 0.1].map((decay) => ({ 'weight decay': decay, LLID: 3 }));\nconst levels = ends;\n`,
  ],
  [/plot\.histogram\(values/, 'const values = [1, 2, 2, 3, 3, 3];\n'],
  [/onmessage = async/, 'Object.assign(globalThis, { onmessage: null });\n'],
  [/estimator: 'gride', n1: 2, n2: 4 \}\)/, POINTS],
  [/idReport\(points, \{/, POINTS],
];

/** The public names that a block uses, as a notebook has imported them in a cell before. */
function namesOf(code: string, given: string): string {
  if (/^import .* from '(\.\.|intrinsic-dimension-lab)'/m.test(code)) return '';
  const used = Object.keys(library).filter((name) =>
    new RegExp(`(?<![\\w.])${name}\\b(?! =)`).test(given + code),
  );
  return `import { ${used.join(', ')} } from 'intrinsic-dimension-lab';\n`;
}

/** Parts of files, which the text around them says how to complete, and what goes on where a run was stopped. */
const PARTS = /^ *export const \w+|initialEpoch: 8/m;

/** A project of somebody who has installed the lab, its TensorFlow and the small package. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'docs-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@tensorflow'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((entry) => !/^[.@]/.test(entry)))
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  for (const scope of readdirSync(join(ROOT, 'node_modules')).filter((entry) =>
    /^@(?!tensorflow)/.test(entry),
  ))
    symlinkSync(join(ROOT, 'node_modules', scope), join(modules, scope));
  for (const name of readdirSync(join(ROOT, 'node_modules', '@tensorflow')))
    symlinkSync(join(ROOT, 'node_modules', '@tensorflow', name), join(modules, '@tensorflow', name));
  const lab = join(modules, 'intrinsic-dimension-lab');
  mkdirSync(lab);
  cpSync(join(ROOT, 'dist'), join(lab, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(lab, 'package.json'));
  symlinkSync(join(ROOT, 'data'), join(lab, 'data'));
  return folder;
}

function runIn(
  folder: string,
  words: readonly string[],
): { output: string; errors: string; code: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
  return { output: stdout, errors: stderr, code: status };
}

describe('the docs', function () {
  this.timeout(240_000);
  let folder: string;

  before(async () => {
    folder = project();
    const { writePackage } = await import(join(ROOT, 'scripts', 'lib', 'bundle.mjs'));
    await writePackage(join(folder, 'node_modules', 'intrinsic-dimension'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('have code that runs as printed, in a project around the lab', async function () {
    if ((await loadBackend()).name !== 'tensorflow') this.skip();
    const blocks = BLOCKS.filter(({ language, code }) => /^(ts|js)$/.test(language) && !PARTS.test(code));
    assert.ok(blocks.length >= 7, `${blocks.length} blocks`);
    const files = blocks.map(({ page, code }, b) => {
      const taken = GIVEN.find(([word]) => word.test(code))?.[1] ?? '';
      const given = namesOf(code, taken) + taken;
      const file = `block-${b}.mts`;
      writeFileSync(
        join(folder, file),
        given + code.replace(/from '\.\.'/, "from 'intrinsic-dimension-lab'"),
      );
      return { file, page };
    });
    const steps = files.map(
      ({ file, page }) =>
        `await import('./${file}').catch((error) => { throw new Error(\`${page}, ${file}: \${error.stack}\`); });`,
    );
    const begin = `import { loadBackend } from 'intrinsic-dimension-lab';\nconst { name } = await loadBackend();\n`;
    writeFileSync(
      join(folder, 'all.mts'),
      `${begin}${steps.join('\n')}\nconsole.log(\`all ran on \${name}\`);\nprocess.exit();\n`,
    );
    const loader = pathToFileURL(join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
    const { output, errors, code } = runIn(folder, [`--import=${loader}`, 'all.mts']);
    assert.equal(code, 0, errors);
    assert.match(output, /all ran on tensorflow/);
  });

  it('say where TensorFlow is to be had when a project has none', () => {
    for (const name of ['tfjs-node', 'tfjs-node-gpu'])
      rmSync(join(folder, 'node_modules', '@tensorflow', name), { force: true });
    const script = `require('intrinsic-dimension-lab').loadBackend().then(({ note }) => console.log(note));`;
    const { output } = runIn(folder, ['-e', script]);
    assert.match(
      output,
      /neither @tensorflow\/tfjs-node-gpu nor @tensorflow\/tfjs-node is installed.*npm install @tensorflow\/tfjs-node@4\.22\.0/,
    );
  });

  it('name commands that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const named = PAGES.flatMap((page) =>
      [...readFileSync(join(ROOT, page), 'utf8').matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(
        ([, name]) => name!,
      ),
    );
    assert.ok(named.length > 20);
    assert.deepEqual(
      [...new Set(named)].filter((name) => !Object.hasOwn(scripts, name)),
      [],
    );
  });

  itThorough('have estimates from the command line that run as printed', () => {
    const data = Float64Array.from({ length: 500 * 3 }, (_, i) => Math.sin(i * i));
    const head = `{'descr': '<f8', 'fortran_order': False, 'shape': (500, 3), }`.padEnd(117);
    const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${head}\n`, 'latin1');
    writeFileSync(join(folder, 'points.npy'), Buffer.concat([start, Buffer.from(data.buffer)]));
    const lines = BLOCKS.filter(({ language }) => language === 'sh').flatMap(({ code }) =>
      [...code.matchAll(/^(?:npm run id --|npx intrinsic-dimension) (points\.npy[^#\n]*)/gm)].map(
        ([, words]) => words!,
      ),
    );
    assert.ok(lines.length >= 4);
    for (const line of new Set(lines.map((words) => words.trim()))) {
      const { errors, code } = runIn(folder, [join(ROOT, 'dist', 'commands', 'id.js'), ...line.split(/\s+/)]);
      assert.equal(code, 0, `${line}: ${errors}`);
    }
  });
});
