/** The format of a file, from its first bytes, or from its name if these do not decide. */
import { extname } from 'node:path';
import type { ByteSource } from './byte-source';
import { NPY_MAGIC } from './npy';
import type { OptionWords } from './option-words';
import { LARGEST_HEADER } from './safetensors';

/** The formats that are read. */
export const FORMATS = ['npy', 'npz', 'csv', 'safetensors', 'pt'] as const;

/** The format of a file. */
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
/** The extensions that errors of `npm run profile` and `npm run id` list. */
const READ = '.npy, .npz, .csv, .safetensors, .pt, .pth';

/** How Python reads formats that are not read here, for the cure in an error. */
const OTHERS: Readonly<Record<string, string>> = {
  '.json': 'json.load(open(path))',
  '.jsonl': 'pandas.read_json(path, lines=True)',
  '.mat': "scipy.io.loadmat(path)['name']",
  '.h5': "h5py.File(path)['name']",
  '.hdf5': "h5py.File(path)['name']",
  '.parquet': 'pandas.read_parquet(path)',
  '.feather': 'pandas.read_feather(path)',
  '.xls': 'pandas.read_excel(path)',
};

/**
 * NumPy and zip files are recognised by their first bytes, whatever their names are; for others the name decides. Data without
 * an extension, such as standard input, is safetensors if it begins with the length of a header and a brace, and else text.
 *
 * @param words how to name the option for the format, if the caller has one
 * @returns the format, and a note if the name suggests another one
 * @throws Error that says what is wrong
 */
export function formatOf(
  path: string,
  source: ByteSource,
  words?: OptionWords,
): { readonly format: Format; readonly note?: string } {
  if (source.size === 0) throw new Error('it is empty');
  const first = source.read(0, Math.min(16, source.size));
  const begins = (magic: Buffer): boolean => first.subarray(0, magic.length).equals(magic);
  const extension = path === '-' ? '' : extname(path).toLowerCase();
  const named = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  const called = (format: Format): { format: Format; note?: string } =>
    named === undefined
      ? { format }
      : { format, note: `its name ends in ${extension}, but it is .${format}` };
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
  if (extension !== '') {
    const other = Object.hasOwn(OTHERS, extension) ? OTHERS[extension] : undefined;
    const rename = words ? `, or name its ${words('format')}` : '';
    const cure =
      other === undefined ? `convert it${rename}` : `convert it with numpy.save('points.npy', ${other})`;
    throw new Error(`'${extension}' is not one of ${READ}: ${cure}`);
  }
  return { format: hasHeader(first, source.size) ? 'safetensors' : 'csv' };
}

function hasHeader(first: Buffer, size: number): boolean {
  if (first.length < 9 || first[8] !== 0x7b) return false;
  const length = Number(first.readBigUInt64LE(0));
  return length >= 2 && length <= size - 8 && length <= LARGEST_HEADER;
}
