/** The places of files. Everything that set-up makes is in node_modules, .venv, dist and .cache. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CACHE = join(ROOT, '.cache');
/** The project's own Python. */
export const PYTHON = join(ROOT, '.venv', 'bin', 'python');
/** The compiler. It is not node_modules/.bin/tsc, since tslab brings an old compiler with the same name there. */
export const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
/** The package whose addon binds TensorFlow to Node. */
export const BINDING = join(ROOT, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
export const ADDON = join(BINDING, 'lib', 'napi-v8', 'tfjs_binding.node');
/** The addon with the inner loops of neighbour searches. */
export const SEARCH_KERNEL = join(CACHE, 'search-kernel.node');
/** The addon that loads TensorFlow's library. */
export const LIBRARY = join(CACHE, 'library.node');
/** The addon with operations that TensorFlow lacks. */
export const OPERATIONS = join(CACHE, 'operations.node');
