/** Reads files of a .tar.gz archive into memory; nothing is ever written to the disk. */
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { ReadEntry } from 'tar';

export interface ArchiveLimits {
  /** The most bytes of one file. */
  readonly fileBytes: number;
  /** The most bytes that are unpacked, including files that are not wanted. */
  readonly totalBytes: number;
}

/**
 * Reads the named files of an archive.
 *
 * An archive with a link, a device, or a name that points out of its own folder is rejected as a whole, even if that member is
 * not wanted, since a data set does not contain such members.
 *
 * @param names paths in the archive
 * @throws Error that names the archive, the member and what is wrong
 */
export async function readArchive(
  path: string,
  names: readonly string[],
  limits: ArchiveLimits,
): Promise<Map<string, Buffer>> {
  try {
    const files = await unpack(path, new Set(names), limits);
    const missing = names.filter((name) => !files.has(name));
    if (missing.length > 0) throw new Error(`it has no ${missing.join(', ')}`);
    return files;
  } catch (error) {
    throw new Error(`cannot read ${path}: ${inWords(error as NodeJS.ErrnoException)}`, { cause: error });
  }
}

async function unpack(
  path: string,
  wanted: ReadonlySet<string>,
  { fileBytes, totalBytes }: ArchiveLimits,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let failure: Error | undefined;
  const { Parse } = await import('tar');
  const parser = new Parse({ strict: true });
  parser.on('error', (error: Error) => {
    failure ??= error;
  });
  parser.on('entry', (entry: ReadEntry) => {
    const name = posix.normalize(entry.path);
    failure ??= refusal(entry, wanted.has(name) ? fileBytes : totalBytes);
    if (failure || entry.type === 'Directory' || !wanted.has(name)) {
      entry.resume();
      return;
    }
    if (files.has(name)) failure ??= new Error(`it has ${name} twice`);
    const chunks: Buffer[] = [];
    files.set(name, Buffer.alloc(0));
    entry.on('data', (chunk: Buffer) => chunks.push(chunk));
    entry.on('end', () => files.set(name, Buffer.concat(chunks)));
  });
  let ended = false;
  parser.on('eof', () => {
    ended = true;
  });
  let total = 0;
  const input = createReadStream(path);
  const unpacked = createGunzip();
  input.on('error', (error) => unpacked.destroy(error));
  try {
    for await (const chunk of input.pipe(unpacked) as AsyncIterable<Buffer>) {
      // The parser would unpack a second time, past the limit.
      if (total === 0 && chunk[0] === 0x1f && chunk[1] === 0x8b) throw new Error('it is packed twice');
      total += chunk.length;
      if (total > totalBytes) throw new Error(`more than ${totalBytes} bytes come out of it`);
      // An archive may be padded after its end, and the parser would examine every further block of zeros.
      if (ended) {
        if (chunk.some((byte) => byte !== 0)) throw new Error('there are data after its end');
        continue;
      }
      parser.write(chunk);
      if (failure) throw failure;
    }
  } finally {
    input.destroy();
  }
  parser.end();
  if (failure) throw failure;
  return files;
}

/** The reason why a member is rejected, if it is. */
function refusal({ path, type, size }: ReadEntry, mostBytes: number): Error | undefined {
  const name = JSON.stringify(path);
  if (/^([\\/]|[a-z]:)/i.test(path) || path.split(/[\\/]/).includes('..') || path.includes('\0')) {
    return new Error(`${name} points out of the archive's folder`);
  }
  if (!['File', 'OldFile', 'ContiguousFile', 'Directory'].includes(type)) {
    return new Error(`${name} is not a file but a ${type}`);
  }
  if (size > mostBytes) return new Error(`${name} has ${size} bytes, more than ${mostBytes}`);
  return undefined;
}

function inWords({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'Z_BUF_ERROR') return 'it is cut off';
  if (code === 'Z_DATA_ERROR') return `it is not a gzip file, or it is damaged (${message})`;
  if (code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ENTRY_INVALID') return `its tar is damaged (${message})`;
  return message;
}
