/** tfjs loaded a second time, as where npm has installed it twice: other classes, the same engine. */
import type * as tf from '@tensorflow/tfjs';

export function secondCopy(): typeof tf {
  const isTfjs = (file: string): boolean =>
    /[\\/]@tensorflow[\\/]tfjs(-layers|-converter|-core)?[\\/]/.test(file);
  const first = Object.entries(require.cache).filter(([file]) => isTfjs(file));
  for (const [file] of first) delete require.cache[file];
  try {
    return require('@tensorflow/tfjs') as typeof tf;
  } finally {
    for (const file of Object.keys(require.cache)) if (isTfjs(file)) delete require.cache[file];
    for (const [file, module] of first) require.cache[file] = module;
  }
}
