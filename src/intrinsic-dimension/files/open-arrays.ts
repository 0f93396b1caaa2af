/** The arrays of a file in any format that is read: .npy, .npz, .safetensors, and PyTorch's .pt and .pth. */

import type { ByteSource } from './byte-source';
import { oneLine } from './cells';
import { type Format, formatOf } from './format';
import { openInput, whyUnreadable } from './input';
import { npyArray } from './npy';
import { UnreadType } from './numbers';
import { pytorchTensors } from './pytorch';
import { safetensorsArrays } from './safetensors';
import type { StoredArray, StoredArrays } from './stored-array';
import { unpacked, zipEntries } from './zip';

/** The extensions of files with arrays. */
export const ARRAY_EXTENSIONS: readonly string[] = ['.npy', '.npz', '.safetensors', '.pt', '.pth'];

/**
 * Opens a file, whose numbers are read later, a part at a time. The caller must close it.
 *
 * @throws Error that names the file, what is wrong with it, and what to do
 */
export async function openArrays(path: string): Promise<StoredArrays> {
  let source: ByteSource | undefined;
  try {
    source = await openInput(path);
    const { format, note } = formatOf(path, source);
    if (format === 'csv') throw new Error(`it is not one of ${ARRAY_EXTENSIONS.join(', ')}: convert it`);
    const opened = await arraysOf(source, format);
    return { ...opened, notes: [...(note === undefined ? [] : [note]), ...opened.notes].map(oneLine) };
  } catch (error) {
    source?.close();
    // Names in the file may hold control characters.
    throw new Error(oneLine(`cannot read ${path}: ${whyUnreadable(error)}`));
  }
}

/** What is opened of an archive of NumPy. */
export interface OpeningOptions {
  /** The only array that is needed; if there is none of this name, all are opened. */
  readonly only?: string | undefined;
  /** Called from time to time with the share of the archive that has been read, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
}

/** The arrays of an open file; closing them closes the file. */
export async function arraysOf(
  source: ByteSource,
  format: Exclude<Format, 'csv'>,
  options: OpeningOptions = {},
): Promise<StoredArrays> {
  const opened = await openedAs(source, format, options);
  return {
    ordered: true,
    notes: [],
    ...opened,
    close: () => {
      for (const array of opened.arrays) array.source.close();
      source.close();
    },
  };
}

type Opened = Pick<StoredArrays, 'arrays'> & Partial<StoredArrays>;

async function openedAs(
  source: ByteSource,
  format: Exclude<Format, 'csv'>,
  options: OpeningOptions,
): Promise<Opened> {
  if (format === 'npy') return { arrays: [npyArray(source, '')] };
  if (format === 'safetensors') return { ...safetensorsArrays(source), ordered: false };
  return zipped(source, options);
}

async function zipped(source: ByteSource, { only, onProgress = () => {} }: OpeningOptions): Promise<Opened> {
  const entries = zipEntries(source);
  const names = [...entries.keys()];
  /** Tells the share of these entries that was read, after each number of their bytes. */
  const shareOf = (wanted: readonly string[]): ((bytes: number) => void) => {
    const all = wanted.reduce((sum, name) => sum + entries.get(name)!.packedSize, 0);
    let done = 0;
    return (bytes) => {
      done += bytes;
      onProgress(done / all);
    };
  };
  const pickle = names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle !== undefined) {
    const prefix = pickle.slice(0, -'data.pkl'.length);
    const { arrays, others, unread } = await pytorchTensors(source, entries, prefix, shareOf(names));
    const unchecked = [...entries.values()].every(({ crc, deflated }) => crc === 0 && !deflated);
    const notes = [
      ...unread,
      ...(others.length > 0
        ? [
            others.length === 1
              ? `${listed(others)} is not a tensor and is left out`
              : `${others.length} values that are not tensors are left out: ${listed(others)}`,
          ]
        : []),
      ...(unchecked ? ['it was saved without checksums, so damage would go unnoticed'] : []),
    ];
    return { arrays, notes };
  }
  const members = names.filter((name) => name.endsWith('.npy'));
  if (members.length === 0)
    throw new Error(
      'its zip archive holds neither .npy arrays nor the data.pkl of PyTorch: save arrays with numpy.savez, or tensors with torch.save',
    );
  const arrays: StoredArray[] = [];
  const notes: string[] = [];
  const others = names.filter((name) => !name.endsWith('.npy') && !name.endsWith('/'));
  if (others.length > 0) notes.push(`entries that are not .npy arrays are left out: ${listed(others)}`);
  const needed = members.includes(`${only}.npy`) ? [`${only}.npy`] : members;
  const onPacked = shareOf(needed);
  for (const member of needed) {
    const name = member.slice(0, -'.npy'.length);
    try {
      arrays.push(npyArray(await unpacked(source, entries.get(member)!, onPacked), name));
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof UnreadType)) throw new Error(`in '${member}': ${message}`);
      notes.push(`'${name}' is left out: ${message}`);
    }
  }
  if (arrays.length === 0) throw new Error(notes.join('; '));
  return { arrays, notes };
}

function listed(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ', ...' : '');
}
