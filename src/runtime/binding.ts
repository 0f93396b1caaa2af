/** The package that binds TensorFlow's C++ library to Node: the one that set-up builds, or that of the surrounding project. */
import { version as tfjsVersion } from '@tensorflow/tfjs';
import { IS_INSTALLED } from '../installed';

/** Both contain the same code with different libraries; set-up builds the first. */
const BINDINGS = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** What to do if TensorFlow is missing. */
export const TENSORFLOW_CURE: string = IS_INSTALLED
  ? `npm install @tensorflow/tfjs-node@${tfjsVersion['tfjs']} installs it; if npm has run no install scripts, ` +
    'npm rebuild @tensorflow/tfjs-node fetches its library'
  : 'npm run doctor says how to repair it';

/**
 * The name of the package, or of a file in it.
 *
 * @throws Error if neither is installed
 */
export function bindingPath(file = ''): string {
  for (const name of BINDINGS) {
    try {
      return require.resolve(`${name}${file}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(`neither ${BINDINGS.join(' nor ')} is installed`);
}
