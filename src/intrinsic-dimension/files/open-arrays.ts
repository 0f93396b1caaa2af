/** The arrays of a file of any form that is read: .npy, .npz, .safetensors, and PyTorch's .pt and .pth. */
import { extname } from 'node:path';
import { type ByteSource, openBytes } from './byte-source';
import { whyUnreadable } from './file-bytes';
import { NPY_MAGIC, npyArray } from './npy';
import { pytorchTensors } from './pytorch';
import { safetensorsArrays } from './safetensors';
import type { StoredArray, StoredArrays } from './stored-array';
import { unpacked, zipEntries } from './zip';

/** How the names of files with arrays end. */
export const ARRAY_EXTENSIONS: readonly string[] = ['.npy', '.npz', '.safetensors', '.pt', '.pth'];

/**
 * Opens a file; its numbers are read later, a part at a time. Close it in the end.
 *
 * @throws Error that names the file, what is wrong with it, and what to do
 */
export async function openArrays(path: string): Promise<StoredArrays> {
  let source: ByteSource | undefined;
  try {
    source = openBytes(path);
    const opened = await arraysOf(path, source);
    return {
      ordered: true,
      notes: [],
      ...opened,
      close: () => {
        for (const array of opened.arrays) array.source.close();
        source?.close();
      },
    };
  } catch (error) {
    source?.close();
    throw new Error(`cannot read ${path}: ${whyUnreadable(error)}`);
  }
}

type Opened = Pick<StoredArrays, 'arrays'> & Partial<StoredArrays>;

async function arraysOf(path: string, source: ByteSource): Promise<Opened> {
  if (source.size === 0) throw new Error('it is empty');
  const first = source.read(0, Math.min(16, source.size));
  if (first.subarray(0, 6).equals(NPY_MAGIC)) return { arrays: [npyArray(source, '')] };
  if (first.subarray(0, 2).equals(Buffer.from('PK'))) return zipped(path, source);
  const extension = extname(path).toLowerCase();
  if (extension === '.npy') throw new Error('it is not an .npy file: it does not begin with \\x93NUMPY');
  if (extension === '.safetensors' || first[8] === 0x7b)
    return { arrays: safetensorsArrays(source), ordered: false };
  if (extension === '.npz') throw new Error('it is not an .npz file: save it with numpy.savez');
  if (['.pt', '.pth', '.bin', '.pkl'].includes(extension)) {
    throw new Error(
      "it is not in PyTorch's zip format: save it with torch.save of PyTorch 1.6 or newer, without " +
        '_use_new_zipfile_serialization=False',
    );
  }
  throw new Error(`'${extension}' is none of ${ARRAY_EXTENSIONS.join(', ')}: convert it`);
}

async function zipped(path: string, source: ByteSource): Promise<Opened> {
  const entries = zipEntries(source);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle !== undefined) {
    const { arrays, others } = await pytorchTensors(
      path,
      source,
      entries,
      pickle.slice(0, -'data.pkl'.length),
    );
    const listed = others.slice(0, 5).join(', ') + (others.length > 5 ? ', ...' : '');
    const notes =
      others.length > 0 ? [`${others.length} values that are not tensors are left out: ${listed}`] : [];
    return { arrays, notes };
  }
  const members = names.filter((name) => name.endsWith('.npy'));
  if (members.length === 0)
    throw new Error('its zip archive holds neither .npy arrays nor the data.pkl of PyTorch');
  const arrays: StoredArray[] = [];
  for (const member of members) {
    try {
      arrays.push(npyArray(await unpacked(path, source, entries.get(member)!), member.slice(0, -4)));
    } catch (error) {
      throw new Error(`in '${member}': ${(error as Error).message}`);
    }
  }
  return { arrays };
}
