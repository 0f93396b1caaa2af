/** Reads all bytes of the file of a network. */
import { openBytes } from '../../intrinsic-dimension/files/byte-source';
import { whyUnreadable } from '../../intrinsic-dimension/files/input';

/** @throws Error that names the file and why it cannot be read */
export function wholeFile(path: string): Buffer {
  try {
    const source = openBytes(path);
    try {
      return source.read(0, source.size);
    } finally {
      source.close();
    }
  } catch (error) {
    throw new Error(`cannot read ${path}: ${whyUnreadable(error)}`);
  }
}
