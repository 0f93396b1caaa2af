/** Loads the native kernel from an optional package for each system, which npm chooses by `os`, `cpu` and `libc`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { version } from '../package.json';
import type { Kernel, NotLoaded } from '../src/intrinsic-dimension/search/kernel';

/** The systems for which there is a package. */
const SYSTEMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** The kernel, or the reason why it does not load and the cure, or undefined if there is none for this system. */
export function loadNativeKernel(): Kernel | NotLoaded | undefined {
  const names = packageNames();
  if (names.length === 0) return undefined;
  const reasons = new Map<string, string>();
  for (const name of names) {
    try {
      return kernelIn(name);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // One of the packages for glibc and musl is always missing.
      if (code !== 'MODULE_NOT_FOUND') reasons.set(name, message.split('\n')[0]!);
    }
  }
  const own = names.length > 1 && !hasGlibc() ? names[1]! : names[0]!;
  const reason = reasons.get(own);
  const end = '. ID_KERNEL=wasm chooses WebAssembly without this message';
  if (reason === undefined)
    return {
      reason: `no package ${own} is installed`,
      cure:
        'npm before 11.3 leaves optional packages out of lock files that it makes on another system (npm/cli issue 4828): remove ' +
        `node_modules and package-lock.json and install again, or npm install --save-optional ${own}@${version}${end}`,
    };
  return {
    reason,
    cure: `${own} is damaged, or made for a newer system than this one: remove node_modules and install again${end}`,
  };
}

/**
 * The kernel in a package. Its bytes are compared with their checksum first: Linux ends a process that loads a library whose end
 * is missing.
 *
 * @throws Error with code MODULE_NOT_FOUND if there is no such package; other errors if it is damaged or does not load
 */
function kernelIn(name: string): Kernel {
  const manifest = require.resolve(`${name}/package.json`);
  const file = join(dirname(manifest), 'kernel.node');
  if (crc32(readFileSync(file)) !== (require(manifest) as { readonly crc32?: number }).crc32)
    throw new Error(`the checksum of ${file} is not the one in its package.json`);
  return require(file) as Kernel;
}

/** True if the system's C library is glibc; that of Alpine is musl. */
function hasGlibc(): boolean {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/** The packages that may contain the kernel for this system: on Linux, those for glibc and for musl. */
function packageNames(): string[] {
  const system = `${process.platform}-${process.arch}`;
  if (!SYSTEMS.includes(system)) return [];
  const names = process.platform === 'linux' ? [`${system}-gnu`, `${system}-musl`] : [system];
  return names.map((name) => `intrinsic-dimension-${name}`);
}
