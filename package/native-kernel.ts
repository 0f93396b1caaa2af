/** The native kernel of the package: in an optional package for each system, which npm chooses by `os`, `cpu` and `libc`. */

import { version } from '../package.json';
import type { Kernel } from '../src/intrinsic-dimension/search/kernel';

/** Systems that have a package. */
const SYSTEMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** What to do where the kernel does not load. */
export const NATIVE_CURE: string =
  '. npm leaves optional packages out where the lock file was made on another system (npm/cli issue 4828): remove ' +
  `node_modules and package-lock.json and install again, or npm install ${packageNames()[0]}@${version}. ` +
  'ID_KERNEL=wasm chooses WebAssembly without this message';

/** The kernel, the reason why it does not load, or undefined where there is none for this system. */
export function loadNativeKernel(): Kernel | string | undefined {
  const names = packageNames();
  const reasons: string[] = [];
  for (const name of names) {
    try {
      return require(name) as Kernel;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Of the packages for glibc and musl one is missing everywhere.
      if (code !== 'MODULE_NOT_FOUND') reasons.push(message.split('\n')[0]!);
    }
  }
  if (names.length === 0) return undefined;
  return reasons.length > 0 ? reasons.join('; ') : `no package ${names.join(' or ')} is installed`;
}

/** The packages that may hold the kernel of this system. */
function packageNames(): string[] {
  const system = `${process.platform}-${process.arch}`;
  if (!SYSTEMS.includes(system)) return [];
  const names = process.platform === 'linux' ? [`${system}-gnu`, `${system}-musl`] : [system];
  return names.map((name) => `intrinsic-dimension-${name}`);
}
