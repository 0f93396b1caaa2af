/** Bytes that are read in place, from a file of any size or a part of one. */
import { constants } from 'node:buffer';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes that can be read at any position. */
export interface ByteSource {
  readonly size: number;
  /**
   * @param into takes the bytes in place of a new buffer; a source in memory returns its own bytes nevertheless
   * @throws Error if the bytes end before `at + length`
   */
  read(at: number, length: number, into?: Buffer): Buffer;
  /** Closes the source; it may be called more than once. */
  readonly close: () => void;
}

/** @throws what the file system throws */
export function openBytes(path: string): ByteSource {
  return descriptorBytes(openSync(path, 'r'));
}

/** The bytes of an open file; closing them closes the file. */
export function descriptorBytes(file: number): ByteSource {
  const { size } = fstatSync(file);
  let open = true;
  return {
    size,
    read: (at, length, into) => {
      assertWithin(at, length, size);
      const bytes = into ?? allocate(length);
      for (let done = 0; done < length; ) {
        const more = readSync(file, bytes, done, Math.min(2 ** 30, length - done), at + done);
        if (more === 0)
          throw new Error('it became shorter while it was read: wait until no program writes to it');
        done += more;
      }
      return bytes;
    },
    close: () => {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function assertWithin(at: number, length: number, size: number): void {
  if (!(at >= 0 && length >= 0 && at + length <= size))
    throw new Error(`it ends at byte ${size}, before byte ${at + length}: it is cut off or damaged`);
}

/** @throws Error if there is no room for so many bytes in Node or on the machine */
function allocate(length: number): Buffer {
  const gibibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 30).toLocaleString('en')} GiB`;
  if (length > constants.MAX_LENGTH) {
    const most = gibibytes(constants.MAX_LENGTH);
    const newer =
      Number.parseInt(process.versions.node, 10) < 22 ? ', or use Node 22 or newer, which reads more' : '';
    throw new Error(`it is larger than ${most}: give fewer points${newer}`);
  }
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch {
    throw new Error(`there is not enough memory for its ${gibibytes(length)}: give fewer points`);
  }
}

/** Bytes in memory. */
export function bufferBytes(bytes: Buffer): ByteSource {
  const { length: size } = bytes;
  const read = (at: number, length: number): Buffer => {
    assertWithin(at, length, size);
    return bytes.subarray(at, at + length);
  };
  return { size, read, close: () => {} };
}

/** `length` bytes of a source from byte `start` on; closing them closes the source. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  if (!(start >= 0 && length >= 0 && start + length <= source.size)) {
    throw new Error(
      `it has ${source.size} bytes, and a part of it should end at byte ${start + length}: it is cut off or damaged`,
    );
  }
  return {
    size: length,
    read: (at, count, into) => {
      if (!(at >= 0 && count >= 0 && at + count <= length))
        throw new Error(`a part of it has ${length} bytes, and ${at + count} are needed: it is damaged`);
      return source.read(start + at, count, into);
    },
    close: source.close,
  };
}

/** An open file without a name, which disappears when it is closed, however the process ends. */
export function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), 'activations-'));
  try {
    return openSync(join(folder, 'bytes'), 'wx+');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
