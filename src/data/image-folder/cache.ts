/** Decoded pictures, kept beside the downloads until a file of the folder changes. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeAtomically } from '../../atomic-write';
import { parseSafetensors, safetensorsParts } from '../../intrinsic-dimension/files/safetensors';
import { downloadsFolder } from '../folders';

/** Decoded pictures of a folder. */
export interface Decoded {
  /** [pictures, height, width, channels], bytes. */
  readonly shape: readonly number[];
  readonly pixels: Uint8Array;
}

/** The file in which the pictures of a folder are kept, which depends on the folder's path and their size. */
export function cachePath(folder: string, imageSize: number | undefined): string {
  const key = createHash('sha256')
    .update(JSON.stringify([folder, imageSize]))
    .digest('hex')
    .slice(0, 12);
  return join(downloadsFolder(), 'decoded', `${basename(folder)}-${key}.safetensors`);
}

/** The pictures that were kept for exactly these files; undefined if there are none, or if they are damaged. */
export function readCache(path: string, files: string): Decoded | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { tensors, metadata } = parseSafetensors(readFileSync(path));
    const { bytes, shape } = tensors.get('pixels')!;
    if (metadata['files'] !== files || metadata['sha256'] !== sha256(bytes)) return undefined;
    return { shape, pixels: bytes };
  } catch {
    return undefined; // A damaged file is made again.
  }
}

/**
 * Keeps the pictures.
 *
 * @throws what the file system throws, such as that the disk is full
 */
export function writeCache(path: string, files: string, { shape, pixels }: Decoded): void {
  const tensors = new Map([['pixels', { dtype: 'U8', shape, bytes: pixels }]]);
  writeAtomically(path, safetensorsParts(tensors, { files, sha256: sha256(pixels) }));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
