/** The form of a file: from its first bytes, and from its name where these do not tell. */
import { extname } from 'node:path';
import type { ByteSource } from './byte-source';
import { NPY_MAGIC } from './npy';
import { LARGEST_HEADER } from './safetensors';

/** The forms that are read. */
export const FORMATS = ['npy', 'npz', 'csv', 'safetensors', 'pt'] as const;

/** The form of a file. */
export type Format = (typeof FORMATS)[number];

const EXTENSIONS: Readonly<Record<string, Format>> = {
  '.npy': 'npy',
  '.npz': 'npz',
  '.safetensors': 'safetensors',
  '.pt': 'pt',
  '.pth': 'pt',
  '.bin': 'pt',
  '.pkl': 'pt',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.dat': 'csv',
};

const ZIP = [Buffer.from('PK\x03\x04'), Buffer.from('PK\x05\x06')];
const GZIP = Buffer.of(0x1f, 0x8b);
/** Not of the kind that is read: `npm run profile` and `npm run id` name these. */
const READ = '.npy, .npz, .csv, .safetensors, .pt, .pth';

/**
 * NumPy's and zip's files begin with bytes of their own, whatever they are called; for the others the name decides. What has
 * no extension, as standard input, is safetensors where it begins with the length of a header and its brace, else text.
 *
 * @returns the form, and a note where the name says another one
 * @throws Error that says what is wrong
 */
export function formatOf(
  path: string,
  source: ByteSource,
): { readonly format: Format; readonly note?: string } {
  if (source.size === 0) throw new Error('it is empty');
  const first = source.read(0, Math.min(16, source.size));
  const begins = (magic: Buffer): boolean => first.subarray(0, magic.length).equals(magic);
  const extension = path === '-' ? '' : extname(path).toLowerCase();
  const named = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  const called = (format: Format): { format: Format; note?: string } =>
    named === undefined
      ? { format }
      : { format, note: `its name ends in ${extension}, and it is .${format}` };
  if (begins(NPY_MAGIC)) return named === 'npy' ? { format: named } : called('npy');
  if (ZIP.some(begins)) return named === 'npz' || named === 'pt' ? { format: named } : called('npz');
  if (begins(GZIP)) throw new Error('it is compressed by gzip: unpack it with gunzip');
  if (named === 'npy') throw new Error('it is not an .npy file: it does not begin with \\x93NUMPY');
  if (named === 'npz') throw new Error('it is not an .npz file: save it with numpy.savez');
  if (named === 'pt')
    throw new Error(
      "it is not in PyTorch's zip format: save it with torch.save of PyTorch 1.6 or newer, without " +
        '_use_new_zipfile_serialization=False',
    );
  if (named !== undefined) return { format: named };
  if (extension !== '')
    throw new Error(`'${extension}' is none of ${READ}: convert it, or name its --format`);
  return { format: hasHeader(first, source.size) ? 'safetensors' : 'csv' };
}

function hasHeader(first: Buffer, size: number): boolean {
  if (first.length < 9 || first[8] !== 0x7b) return false;
  const length = Number(first.readBigUInt64LE(0));
  return length >= 2 && length <= size - 8 && length <= LARGEST_HEADER;
}
