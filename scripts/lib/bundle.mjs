/** Builds the code of the package `intrinsic-dimension`: the sources of the station in one file for each kind of host. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import { build } from 'esbuild';
import { ROOT } from './places.mjs';
import { PLATFORMS } from './prebuilt-kernels.mjs';

const STATION = join(ROOT, 'src', 'intrinsic-dimension');
const PACKAGE = join(ROOT, 'package');
const LAB = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const DIST = join(ROOT, 'dist');

/** Files of src that the package replaces by its own, from `package`. */
const IN_NODE = {
  'intrinsic-dimension/search/native-kernel.ts': 'native-kernel.ts',
  'commands/figure-file.ts': 'figure-file.ts',
  'figures/figure.ts': 'figure.ts',
  'called.ts': 'called.ts',
  'version.ts': 'version.ts',
};
const IN_BROWSERS = {
  'intrinsic-dimension/search/native-kernel.ts': 'browser/native-kernel.ts',
  'intrinsic-dimension/search/wasm-helper.ts': 'browser/wasm-helper.ts',
  'figures/figure.ts': 'figure.ts',
  'threads.ts': 'browser/threads.ts',
};
/** Modules of Node that the readers of files use. */
const NODE_MODULES = ['buffer', 'fs', 'os', 'path', 'stream', 'tty', 'zlib'];

/** Bundles for Node. */
function bundleForNode(options) {
  return bundle({
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    plugins: [replace(IN_NODE)],
    ...options,
  });
}

/** Bundles for browsers, and for the workers of browsers. */
function bundleForBrowsers(options) {
  return bundle({
    platform: 'browser',
    format: 'esm',
    target: ['chrome91', 'firefox89', 'safari16.4'],
    inject: [join(PACKAGE, 'browser', 'globals.ts')],
    alias: {
      ...Object.fromEntries(
        NODE_MODULES.map((name) => [`node:${name}`, join(PACKAGE, 'browser', `node-${name}.ts`)]),
      ),
      'node:stream/promises': join(PACKAGE, 'browser', 'node-stream.ts'),
      'csv-parse': 'csv-parse/browser/esm', // the same with streams included
    },
    define: { global: 'globalThis' },
    plugins: [replace(IN_BROWSERS)],
    ...options,
  });
}

async function bundle(options) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 120, // Node shows the line of an error that nobody catches
    tsconfigRaw: { compilerOptions: { target: 'es2022' } },
    ...options,
  });
  return { inputs: Object.keys(metafile.inputs), outputFiles };
}

/** Replaces a file of src by the package's own. */
function replace(files) {
  const own = new Map(
    Object.entries(files).map(([from, to]) => [join(ROOT, 'src', from), join(PACKAGE, to)]),
  );
  for (const file of [...own.keys(), ...own.values()])
    if (!existsSync(file)) throw new Error(`the package replaces ${file}, which does not exist`);
  return {
    name: 'replace',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/, namespace: 'file' }, ({ path }) => {
        const file = own.get(path);
        return file && { contents: readFileSync(file, 'utf8'), loader: 'ts', resolveDir: dirname(file) };
      });
    },
  };
}

/** Writes the complete package to a folder, ready to be published. */
export async function writePackage(folder) {
  const libraries = await writeCode(folder);
  const { version, license, engines } = LAB;
  const description = 'Exact estimates of intrinsic dimension, with honest intervals';
  writeManifest(folder, {
    name: 'intrinsic-dimension',
    version,
    description,
    keywords: ['intrinsic dimension', 'manifold', 'two-nn', 'gride', 'nearest neighbours'],
    license,
    type: 'commonjs',
    main: './index.cjs',
    types: './index.d.cts',
    exports: {
      '.': {
        browser: { types: './index.d.mts', default: './browser.mjs' },
        import: { types: './index.d.mts', default: './index.mjs' },
        require: { types: './index.d.cts', default: './index.cjs' },
      },
      './package.json': './package.json',
    },
    bin: { 'intrinsic-dimension': './cli.cjs' },
    sideEffects: false,
    engines,
    optionalDependencies: Object.fromEntries(
      PLATFORMS.map(({ name }) => [`intrinsic-dimension-${name}`, version]),
    ),
  });
  for (const [from, to] of [
    ['package/README.md', 'README.md'],
    ['LICENSE', 'LICENSE'],
  ])
    writeFileSync(join(folder, to), readFileSync(join(ROOT, from)));
  const licences = libraries.map(({ name, version: of, text }) => `${name} ${of}\n\n${text}\n`);
  const head = 'The code of this package contains these libraries, under their own licences.\n\n';
  writeFileSync(join(folder, 'LIBRARIES'), head + licences.join(`\n${'-'.repeat(80)}\n\n`));
}

/** Writes the package with the kernel for one system, ready to be published. */
export function writeKernelPackage(folder, { name, os, cpu, libc }, kernel) {
  const { version, license, engines } = LAB;
  const bytes = readFileSync(kernel);
  mkdirSync(folder, { recursive: true });
  writeManifest(folder, {
    name: `intrinsic-dimension-${name}`,
    version,
    description: `The search kernel of intrinsic-dimension for ${name}`,
    license,
    main: 'kernel.node',
    files: ['kernel.node'],
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
    engines,
    crc32: crc32(bytes), // is compared before the kernel is loaded
  });
  writeFileSync(join(folder, 'LICENSE'), readFileSync(join(ROOT, 'LICENSE')));
  writeFileSync(join(folder, 'kernel.node'), bytes);
}

/** Writes the package.json of a package. */
function writeManifest(folder, contents) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(contents, undefined, 2)}\n`);
}

/** Writes the code and types of the package. Returns the libraries that it contains, with their versions. */
async function writeCode(folder) {
  mkdirSync(folder, { recursive: true });
  const entry = join(STATION, 'index.ts');
  const common = { entryPoints: [entry] };
  const parts = [
    await bundleForNode({ ...common, outfile: join(folder, 'index.cjs') }),
    await bundleForNode({
      entryPoints: [join(ROOT, 'src', 'commands', 'id.ts')],
      outfile: join(folder, 'cli.cjs'),
      banner: { js: '#!/usr/bin/env node' },
    }),
    await bundleForBrowsers({ ...common, outfile: join(folder, 'browser.mjs') }),
  ];
  writeModuleFor(folder);
  writeTypes(folder);
  return librariesOf(parts.flatMap(({ inputs }) => inputs));
}

/** Writes the page, which contains its script and its worker. */
export async function writePage(file) {
  const script = async (name) => {
    const entryPoints = [join(PACKAGE, 'page', name)];
    const { outputFiles } = await bundleForBrowsers({
      entryPoints,
      format: 'iife',
      minify: true,
      write: false,
    });
    // This text would end the surrounding script.
    return outputFiles[0].text.replaceAll('</script', '<\\/script');
  };
  const [worker, page] = [await script('worker.ts'), await script('page.ts')];
  const html = readFileSync(join(PACKAGE, 'page', 'page.html'), 'utf8');
  writeFileSync(
    file,
    html.replace('/* worker */', () => worker).replace('/* page */', () => page),
  );
}

/**
 * An ES module that re-exports the CommonJS module, so that there is one copy, with one kernel and one class of each error. The
 * file between them spares Node the search for names in a large module that it imports, which takes twice as long as loading it.
 */
function writeModuleFor(folder) {
  const names = Object.keys(createRequire(import.meta.url)(join(folder, 'index.cjs'))).sort();
  writeFileSync(join(folder, 'library.cjs'), "exports.library = require('./index.cjs');\n");
  writeFileSync(
    join(folder, 'index.mjs'),
    `import { library } from './library.cjs';\nexport const { ${names.join(', ')} } = library;\n`,
  );
}

/** Writes the declarations that the entry imports, directly or indirectly. */
function writeTypes(folder) {
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const target = join(folder, 'types', relative(DIST, file));
    mkdirSync(dirname(target), { recursive: true });
    const text = readFileSync(file, 'utf8');
    // Only internal functions take a Buffer, for which users of the package would need the types of Node.
    writeFileSync(target, text.replaceAll(/\bBuffer\b/g, 'Uint8Array'));
    for (const [, name] of text.matchAll(/(?:from|import\()\s*["'](\.[^"']*)["']/g))
      visit(join(dirname(file), `${name}.d.ts`));
  };
  visit(join(DIST, 'intrinsic-dimension', 'index.d.ts'));
  for (const [extension, entry] of [
    ['cts', './types/intrinsic-dimension/index'],
    ['mts', './types/intrinsic-dimension/index.js'],
  ])
    writeFileSync(join(folder, `index.d.${extension}`), `export * from '${entry}';\n`);
}

/** The npm packages among the inputs, with their licence texts, which must be passed on. */
function librariesOf(inputs) {
  const names = new Set(
    inputs.flatMap((input) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
  );
  return [...names].sort().map((name) => {
    const home = join(ROOT, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry));
    return { name, version, license, text: file ? readFileSync(join(home, file), 'utf8').trim() : '' };
  });
}
