/** Reads the file that marks padding tokens. */
import { existsSync } from 'node:fs';
import { openArrays } from '../../intrinsic-dimension/files/open-arrays';
import { readBox } from '../../intrinsic-dimension/files/stored-array';
import type { TokenMask } from './tokens';

/** A mask and the file that it comes from. */
export interface Mask extends TokenMask {
  readonly file: string;
  readonly key?: string;
}

/**
 * Reads a mask, `file` or `file:name`.
 *
 * @throws Error that names the file, and the arrays among which one must be chosen
 */
export async function readMask(path: string): Promise<Mask> {
  const colon = path.lastIndexOf(':');
  const keyed = !existsSync(path) && colon > 0;
  const file = keyed ? path.slice(0, colon) : path;
  const key = keyed ? path.slice(colon + 1) : undefined;
  const content = await openArrays(file);
  try {
    const found = content.arrays.filter(({ name }) => key === undefined || name === key);
    if (found.length !== 1) {
      const names = content.arrays.map(({ name }) => name).join(', ');
      throw new Error(`the mask ${file} has the arrays ${names}: choose one as ${file}:NAME`);
    }
    const { shape } = found[0]!;
    const order = shape.map((_, axis) => axis);
    const numbers = readBox(found[0]!, { from: shape.map(() => 0), count: shape }, order);
    return {
      file,
      shape,
      valid: Uint8Array.from(numbers, (value) => (value === 0 ? 0 : 1)),
      ...(key === undefined ? {} : { key }),
    };
  } finally {
    content.close();
  }
}
