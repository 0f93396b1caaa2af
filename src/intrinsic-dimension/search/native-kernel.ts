/** The native kernel of this project's folder, which set-up compiles; the package has a file of its own in this place. */
import { join } from 'node:path';
import { IS_INSTALLED } from '../../installed';
import type { Kernel, NotLoaded } from './kernel';

/** The kernel, the reason why it does not load, or undefined where there is none for this system. */
export function loadNativeKernel(): Kernel | NotLoaded | undefined {
  if (IS_INSTALLED) return undefined;
  try {
    return require(join(__dirname, '..', '..', '..', '.cache', 'search-kernel.node')) as Kernel;
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0]!, cure: 'run npm run setup' };
  }
}
