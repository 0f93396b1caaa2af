/** Loads the native kernel from the project's folder, where set-up compiles it; the package replaces this file. */
import { join } from 'node:path';
import { IS_INSTALLED } from '../../installed';
import type { Kernel, NotLoaded } from './kernel';

/** The kernel, the reason why it does not load, or undefined if there is none for this system. */
export function loadNativeKernel(): Kernel | NotLoaded | undefined {
  if (IS_INSTALLED) return undefined;
  try {
    const native = require(join(__dirname, '..', '..', '..', '.cache', 'search-kernel.node')) as Kernel;
    // A kernel of earlier sources does not tell its layout.
    if (native.panel) return native;
    return { reason: 'it was compiled from earlier sources', cure: 'run npm run setup' };
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0]!, cure: 'run npm run setup' };
  }
}
