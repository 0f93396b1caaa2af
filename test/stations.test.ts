import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const SOURCES = join(__dirname, '..', 'src');

/** The order of the pipe. */
const STATIONS = [
  'runtime',
  'intrinsic-dimension',
  'data',
  'models',
  'activations',
  'training',
  'records',
  'experiments',
  'analysis',
  'figures',
  'commands',
];

interface Import {
  /** The file that imports, below src. */
  readonly from: string;
  /** A file below src, or the name of a package. */
  readonly to: string;
}

const FILES = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .sort();
const IMPORTS: readonly Import[] = FILES.flatMap(importsOf);

/** The station of a file; a file of src itself has none. */
const stationOf = (path: string): string | undefined => (path.includes('/') ? path.split('/')[0] : undefined);
const isStation = (name: string | undefined): name is string => name !== undefined && STATIONS.includes(name);

/** Every specifier after `from`, `import` and `require`. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(SOURCES, file), 'utf8');
  const specifiers = text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*'([^']+)'/g);
  return [...specifiers].map(([, specifier]) => {
    if (!specifier!.startsWith('.')) return { from: file, to: specifier! };
    const path = join(SOURCES, dirname(file), specifier!.replace(/\.js$/, ''));
    const found = [`${path}.ts`, `${path}.d.ts`].find((candidate) => existsSync(candidate));
    assert.ok(found, `${file} imports ${specifier}, which is not a source file`);
    return { from: file, to: relative(SOURCES, found) };
  });
}

const describeImports = (imports: readonly Import[]): string[] =>
  imports.map(({ from, to }) => `${from} -> ${to}`);

describe('the stations of the pipe', () => {
  it('are the folders of src', () => {
    const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    // src/native holds C++ headers, and is not a station.
    assert.deepEqual(
      folders
        .map(({ name }) => name)
        .filter((name) => name !== 'native')
        .sort(),
      [...STATIONS].sort(),
    );
    assert.ok(IMPORTS.length > 300, `${IMPORTS.length} imports`);
  });

  it('import only from stations before them', () => {
    const place = (path: string): number => STATIONS.indexOf(stationOf(path) ?? '');
    const backwards = IMPORTS.filter(
      ({ from, to }) => isStation(stationOf(from)) && isStation(stationOf(to)) && place(to) > place(from),
    );
    assert.deepEqual(describeImports(backwards), []);
  });

  it('stand on files without a station, which import nothing of the project', () => {
    const leaves = IMPORTS.filter(({ from }) => !from.includes('/') && from !== 'index.ts');
    assert.deepEqual(describeImports(leaves.filter(({ to }) => FILES.includes(to))), []);
    const index = IMPORTS.filter(({ to }) => to === 'index.ts');
    assert.deepEqual(describeImports(index), []);
  });

  it('have intrinsic-dimension among them, which needs no other station and no TensorFlow', () => {
    const foreign = IMPORTS.filter(
      ({ from, to }) =>
        stationOf(from) === 'intrinsic-dimension' &&
        (to.includes('tensorflow') ||
          (FILES.includes(to) && to.includes('/') && stationOf(to) !== 'intrinsic-dimension')),
    );
    assert.deepEqual(describeImports(foreign), []);
  });
});
