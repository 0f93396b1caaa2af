import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(__dirname, '../..');
const NOWHERE = 'http://127.0.0.1:9/';
/** A stamp that watches a file of which it tells nothing. */
const NO_ENTRY = '{"inputs":"inputs","watched":["kernel.node"],"outputs":{"kernel.node":null}}';

describe('environment.md', () => {
  it('names every package with its version', () => {
    const text = readFileSync(join(ROOT, 'environment.md'), 'utf8');
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const python = readFileSync(join(ROOT, 'scripts', 'requirements.in'), 'utf8').matchAll(
      /^(\S+)==(\S+)$/gm,
    );
    const packages = [
      ...Object.entries({ ...dependencies, ...devDependencies }),
      ...Array.from(python, ([, ...p]) => p),
    ];
    const named = packages.filter(([name]) => !name.startsWith('@types/'));
    assert.deepEqual(
      named.filter(([name, version]) => !text.toLowerCase().includes(`${name} ${version}`)),
      [],
    );
  });
});

describe('set-up', () => {
  let folder: string;
  let bin: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setup-'));
    bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of ['scripts', 'src', 'tsconfig.json', 'package.json', 'package-lock.json'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes again what is missing, cut off or changed, and doctor finds a change that leaves size and time alone', async () => {
    const { damaged, isDone, stamped } = await import(
      pathToFileURL(join(folder, 'scripts/lib/stamp.mjs')).href
    );
    const stamp = join(folder, '.cache/stamps/step');
    const output = join(folder, 'kernel.node');
    const make = (): Promise<void> =>
      stamped(
        stamp,
        'inputs',
        () => writeFileSync(output, 'x'.repeat(1000)),
        () => [output],
      );
    const isOpen = (): boolean => !isDone(stamp, 'inputs');
    assert.ok(isOpen());
    await make();
    assert.ok(!isOpen());
    const { atime, mtime } = statSync(output);
    // Said, since two writes within a tick of the file system's clock have the same time.
    const later = new Date(mtime.getTime() + 60_000);
    const damages: [string, () => void, boolean][] = [
      ['missing', () => rmSync(output), true],
      ['empty', () => writeFileSync(output, ''), true],
      ['cut off', () => truncateSync(output, 999), true],
      ['changed', () => utimesSync(output, later, later), true],
      ['a folder', () => mkdirSync(output), true],
      ['changed without a trace', () => utimesSync(output, atime, mtime), false],
    ];
    for (const [what, damage, isNoticed] of damages) {
      rmSync(output, { recursive: true, force: true });
      await make();
      if (!isNoticed) utimesSync(output, atime, mtime);
      if (!isNoticed)
        await stamped(
          stamp,
          'inputs',
          () => {},
          () => [output],
        );
      if (what.startsWith('changed')) writeFileSync(output, 'y'.repeat(1000));
      if (what === 'a folder') rmSync(output);
      damage();
      assert.equal(isOpen(), isNoticed, what);
      assert.deepEqual(damaged(stamp), ['kernel.node'], what);
    }
    for (const text of ['', 'null', 'a hash of an earlier version', '{"inputs":"inputs"}', NO_ENTRY]) {
      writeFileSync(stamp, text);
      assert.ok(isOpen(), text);
    }
    rmSync(stamp);
    mkdirSync(stamp);
    assert.ok(isOpen(), 'a folder for a stamp');
    await make();
    utimesSync(output, later, later);
    assert.ok(!isOpen(), 'touched');
    const [left] = Object.values<{ time: number }>(JSON.parse(readFileSync(stamp, 'utf8')).outputs);
    assert.equal(left!.time, statSync(output).mtimeMs);
  });

  it('does again what doctor found damaged, however often doctor looks', async () => {
    const { inspect } = await import(pathToFileURL(join(folder, 'scripts/setup.mjs')).href);
    const { stamped } = await import(pathToFileURL(join(folder, 'scripts/lib/stamp.mjs')).href);
    const kernel = join(folder, '.cache/search-kernel.node');
    const deep = join(folder, 'node_modules/deep/index.js');
    mkdirSync(join(folder, 'node_modules/deep'), { recursive: true });
    const make = (name: string, output: string, left: string): Promise<void> =>
      stamped(
        join(folder, '.cache/stamps', name),
        'inputs',
        () => {
          for (const path of [output, left]) writeFileSync(path, path);
        },
        () => [output],
        () => [left],
      );
    mkdirSync(join(folder, '.cache'), { recursive: true });
    await make('search-kernel', kernel, kernel);
    await make('npm', join(folder, 'node_modules/entry.js'), deep);
    assert.deepEqual(inspect().damage, []);
    truncateSync(kernel, 3);
    writeFileSync(deep, '');
    assert.deepEqual(inspect().damage, ['node_modules/deep/index.js', '.cache/search-kernel.node']);
    for (const name of ['npm', 'search-kernel']) assert(!existsSync(join(folder, '.cache/stamps', name)));
    const { damage, open } = inspect();
    assert.deepEqual(damage, []);
    assert.ok(open.includes('npm packages') && open.includes('addon that searches neighbours'), open.join());
  });

  it('compiles again what is damaged, and leaves nothing of removed sources', () => {
    provide('sh', 'g++');
    providePython();
    provideSteps('npm', 'python');
    mkdirSync(join(folder, 'dist'));
    for (const name of ['removed.js', 'index.js']) writeFileSync(join(folder, 'dist', name), '');
    assert.equal(setUp({ PIP_NO_INDEX: '1' }).status, 1); // TensorFlow is not to be had
    assert(!existsSync(join(folder, 'dist/removed.js')) && !existsSync(join(folder, 'dist.new')));
    assert.ok(statSync(join(folder, 'dist/index.js')).size > 0);
  });

  /** Links programs of this machine into the folder that will be the whole PATH. */
  function provide(...programs: string[]): void {
    for (const program of programs) {
      const place = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
      symlinkSync(place, join(bin, program));
    }
  }

  function provideProgram(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }

  /** The project's own Python as the machine's: a shim that looks for versions would need more than its PATH. */
  function providePython(): void {
    provideProgram('python3', `exec "${join(ROOT, '.venv/bin/python')}" "$@"`);
  }

  /** Makes npm's and Python's steps look done, with what this checkout has. */
  function provideSteps(...names: string[]): void {
    mkdirSync(join(folder, '.cache/stamps'), { recursive: true });
    for (const name of names)
      copyFileSync(join(ROOT, '.cache/stamps', name), join(folder, '.cache/stamps', name));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    if (names.includes('python')) symlinkSync(join(ROOT, '.venv'), join(folder, '.venv'));
    if (names.includes('compiled')) symlinkSync(join(ROOT, 'dist'), join(folder, 'dist'));
  }

  interface Said {
    status: number | null;
    lines: string[];
  }

  /** Runs set-up with only the provided programs; what it says, without the lines that tell of a step. */
  function setUp(env: Record<string, string> = {}): Said {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
      cwd: folder,
      env: { HOME: folder, PATH: bin, ...env },
      encoding: 'utf8',
    });
    return { status, lines: stderr.split('\n').filter((line) => line && !line.startsWith('  ')) };
  }

  describe('says in one line what is missing on the machine, before any download', () => {
    it('a C++ compiler', () => {
      provide('npm');
      providePython();
      const cure = 'install a C++ compiler, for example by: apt-get install g++; or set CXX to one';
      assert.deepEqual(setUp(), { status: 1, lines: [`set-up: g++ is missing: ${cure}`] });
    });

    it('Python', () => {
      provide('npm', 'g++');
      const cure =
        'install Python 3.10 or newer, for example by: apt-get install python3 python3-venv; or set PYTHON to one';
      assert.deepEqual(setUp(), { status: 1, lines: [`set-up: python3 is missing: ${cure}`] });
    });

    it('a Python that starts', () => {
      provide('npm', 'g++');
      provideProgram('python3', 'echo "pyenv: python3: command not found" >&2; exit 127');
      const { status, lines } = setUp();
      assert.equal(status, 1);
      assert.match(
        lines.join('\n'),
        /^set-up: python3 does not start \(pyenv: python3: command not found\): install Python 3.10 .*$/,
      );
    });

    it('a new enough Python', () => {
      provide('npm', 'g++');
      providePython();
      writeFileSync(
        join(folder, 'sitecustomize.py'),
        'import sys; sys.version_info = (3, 9, 18, "final", 0)',
      );
      assert.deepEqual(setUp({ PYTHONPATH: folder }), {
        status: 1,
        lines: [
          'set-up: python3 is Python 3.9, which is too old: install 3.10 or newer, or set PYTHON to one',
        ],
      });
    });

    it("Python's ensurepip module", () => {
      provide('npm', 'g++');
      providePython();
      writeFileSync(
        join(folder, 'ensurepip.py'),
        'raise ModuleNotFoundError("as in Debian without python3-venv")',
      );
      const cure = 'install them, for example by: apt-get install python3 python3-venv';
      assert.deepEqual(setUp({ PYTHONPATH: folder }), {
        status: 1,
        lines: [`set-up: python3 has no venv or ensurepip module: ${cure}`],
      });
    });

    it('npm', () => {
      provide('g++');
      providePython();
      assert.deepEqual(setUp(), {
        status: 1,
        lines: ['set-up: npm is missing: install it, for example by: apt-get install npm'],
      });
    });

    it('disk', async () => {
      const { checkDisk } = await import(pathToFileURL(join(ROOT, 'scripts/lib/machine.mjs')).href);
      assert.throws(
        () => checkDisk('/', 1e9),
        /^Error: the disk of \/ has [\d.]+ GiB free, but set-up needs 1000000000.0: free some space, or clone to another disk$/,
      );
      checkDisk('/', 0);
    });

    it('a new enough Node', async () => {
      const { checkNode } = await import(pathToFileURL(join(ROOT, 'scripts/lib/machine.mjs')).href);
      for (const version of ['16.20.2', '18.20.8', '20.18.3', '21.7.0', '22.11.0'])
        assert.throws(() => checkNode(version), {
          message: `Node ${version} is too old: install Node 20.19, 22.12 or newer`,
        });
      for (const version of ['20.19.0', '22.12.0', '24.0.0', '26.10.0']) checkNode(version);
    });
  });

  describe('says in one line why a download failed', () => {
    it('an npm registry out of reach', () => {
      provide('npm', 'node', 'sh', 'g++');
      providePython();
      const npm = { npm_config_registry: NOWHERE, npm_config_fetch_retries: '0' };
      const cure = 'check the network, or the address that it is set to (npm config get registry)';
      assert.deepEqual(setUp(npm), {
        status: 1,
        lines: [`set-up: the npm registry cannot be reached: ${cure}, then run the same command again`],
      });
      assert(!existsSync(join(folder, '.cache/stamps/npm')));
    });

    it('a package index out of reach', () => {
      provide('sh', 'g++');
      providePython();
      provideSteps('npm', 'python', 'compiled');
      const cure = 'check the network, or the address that it is set to (pip config list)';
      assert.deepEqual(setUp({ PIP_INDEX_URL: NOWHERE, PIP_RETRIES: '0', PIP_NO_CACHE_DIR: '1' }), {
        status: 1,
        lines: [`set-up: pip's package index cannot be reached: ${cure}, then run the same command again`],
      });
    });

    it('a wheel with another checksum', () => {
      provide('sh', 'g++');
      providePython();
      provideSteps('npm', 'python', 'compiled');
      const wheels = join(folder, 'wheels');
      mkdirSync(wheels);
      const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
      const name = process.arch === 'x64' ? 'tensorflow_cpu' : 'tensorflow';
      const make = [
        'import sys, zipfile',
        'name, path = sys.argv[1:]',
        'with zipfile.ZipFile(path, "w") as z:',
        '  z.writestr(f"{name}-2.21.0.dist-info/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 2.21.0\\n")',
        '  z.writestr(f"{name}-2.21.0.dist-info/WHEEL", "Wheel-Version: 1.0")',
        '  z.writestr(f"{name}-2.21.0.dist-info/RECORD", "")',
      ].join('\n');
      const wheel = join(wheels, `${name}-2.21.0-cp311-cp311-manylinux_2_27_${machine}.whl`);
      execFileSync(join(ROOT, '.venv/bin/python'), ['-c', make, name, wheel]);
      const { status, lines } = setUp({ PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels });
      assert.equal(status, 1);
      assert.match(
        lines.join('\n'),
        /^set-up: tensorflow(-cpu)?==2\.21\.0 has a checksum that differs from the pinned one: check the package index or proxy that served it, then run the same command again$/,
      );
      assert(!existsSync(join(folder, '.cache/tensorflow-2.21.0')));
    });
  });

  describe('TensorFlow with CUDA', () => {
    /** What pip is asked for, by a set-up that finds an index without packages. */
    function requirements(): string {
      provide('sh', 'g++');
      providePython();
      provideSteps('npm', 'python', 'compiled');
      const { status } = setUp({ PIP_NO_INDEX: '1' });
      assert.equal(status, 1);
      return readFileSync(join(folder, '.cache/wheels/requirements.txt'), 'utf8');
    }

    it('is taken where nvidia-smi lists a GPU, with a checksum for every package', function () {
      if (process.arch !== 'x64') this.skip();
      provideProgram('nvidia-smi', 'echo "GPU 0: NVIDIA A100 (UUID: GPU-1)"');
      const asked = requirements();
      const packages: readonly string[] = asked.match(/^\S+==\S+/gm) ?? [];
      assert(packages.includes('tensorflow==2.21.0'));
      assert(packages.some((name) => name.startsWith('nvidia-cudnn-cu12==')));
      for (const part of asked.split(/^(?=\S+==)/m).slice(1))
        assert.match(part, /--hash=sha256:[0-9a-f]{64}/);
    });

    it('finds cuSOLVER where it looks for the other libraries', async () => {
      const { linkCusolver } = (await import(
        pathToFileURL(join(ROOT, 'scripts/lib/tensorflow.mjs')).href
      )) as { linkCusolver: (nvidia: string) => void };
      const [source, beside] = ['cusolver', 'cusparse'].map((name) => join(folder, 'nvidia', name, 'lib'));
      for (const path of [source!, beside!]) mkdirSync(path, { recursive: true });
      writeFileSync(join(source!, 'libcusolver.so.11'), 'library');
      linkCusolver(join(folder, 'nvidia'));
      assert.equal(readFileSync(join(beside!, 'libcusolver.so.11'), 'utf8'), 'library');
      linkCusolver(join(folder, 'without CUDA'));
    });

    it('is not taken where nvidia-smi finds no driver', () => {
      provideProgram('nvidia-smi', 'echo "NVIDIA-SMI has failed"; exit 9');
      assert.doesNotMatch(requirements(), /nvidia|cudnn/);
    });

    it('is not taken on a machine without nvidia-smi', () => {
      assert.doesNotMatch(requirements(), /nvidia|cudnn/);
    });
  });

  describe('killed', () => {
    /** A script that holds the lock and runs a program which writes a line a moment for ever. */
    function holder(log: string): string {
      const lib = (name: string): string =>
        JSON.stringify(pathToFileURL(join(ROOT, 'scripts/lib', name)).href);
      return `
        import { locked } from ${lib('lock.mjs')};
        import { run } from ${lib('program.mjs')};
        await locked(${JSON.stringify(join(folder, 'lock'))}, () =>
          run('sh', ['-c', 'while :; do echo alive >> "$0"; sleep 0.05; done', ${JSON.stringify(log)}]));`;
    }
    const start = (script: string): ChildProcess =>
      spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const until = async (test: () => boolean): Promise<void> => {
      while (!test()) await new Promise((resolve) => setTimeout(resolve, 10));
    };

    for (const signal of ['SIGKILL', 'SIGTERM'] as const)
      it(`by ${signal}, it leaves no program that works beside the next set-up`, async () => {
        const log = join(folder, 'log');
        const first = start(holder(log));
        await until(() => existsSync(log));
        first.kill(signal);
        await once(first, 'exit');
        const next = start(`
          import { readFileSync } from 'node:fs';
          import { locked } from ${JSON.stringify(pathToFileURL(join(ROOT, 'scripts/lib/lock.mjs')).href)};
          const size = () => readFileSync(${JSON.stringify(log)}).length;
          await locked(${JSON.stringify(join(folder, 'lock'))}, async () => {
            const before = size();
            await new Promise((resolve) => setTimeout(resolve, 300));
            console.log(size() - before);
          });`);
        const [written] = (await once(next.stdout!.setEncoding('utf8'), 'data')) as [string];
        assert.equal(written.trim(), '0');
        await once(next, 'exit');
        assert(!existsSync(join(folder, 'lock')));
      });

    it('a lock with the number of another, living process is not waited for', async () => {
      writeFileSync(
        join(folder, 'lock'),
        JSON.stringify({ holder: { pid: process.pid, started: '1' }, programs: [] }),
      );
      const { locked } = await import(pathToFileURL(join(ROOT, 'scripts/lib/lock.mjs')).href);
      assert.equal(await locked(join(folder, 'lock'), async () => 'done'), 'done');
    });
  });

  it('does nothing the second time', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) },
    });
    // Each step that does something says so.
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
  });
});
