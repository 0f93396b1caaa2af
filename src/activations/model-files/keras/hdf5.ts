/** HDF5 files, read by the HDF5 library in WebAssembly. The library works on a copy in memory, and does not see the disk. */
import type * as H5 from 'h5wasm';

/** An open HDF5 file. */
export interface Hdf5 {
  /** The texts of an attribute of a group, one or several; undefined if there is no such attribute. */
  texts(group: string, attribute: string): readonly string[] | undefined;
  /** The names of the members of a group; undefined if there is no such group. */
  names(group: string): readonly string[] | undefined;
  /** @throws Error if there is no array of floating-point numbers at the path */
  array(path: string): { readonly data: Float32Array; readonly shape: readonly number[] };
  close(): void;
}

let opened = 0;

/** @throws Error if the bytes are not an HDF5 file, or only a part of one */
export async function openHdf5(bytes: Uint8Array): Promise<Hdf5> {
  const library = await import('h5wasm');
  const { FS, activate_throwing_error_handler } = await library.ready;
  // Without this handler, the library writes its errors to the terminal and goes on.
  activate_throwing_error_handler();
  const name = `/file-${opened++}`;
  FS.writeFile(name, bytes);
  let file: H5.File;
  try {
    file = new library.File(name, 'r');
  } catch (error) {
    FS.unlink(name);
    const { message } = error as Error;
    if (/signature not found/.test(message)) throw new Error('it is no HDF5 file');
    if (/truncated/.test(message)) throw new Error('it is cut off: save or copy it again');
    throw damaged(message);
  }
  const get = (path: string): H5.Entity | null => {
    try {
      return path === '' ? file : file.get(path);
    } catch {
      // The library has no other way to ask whether there is such a path.
      return null;
    }
  };
  const group = (path: string): H5.Group | undefined => {
    const found = get(path);
    return found instanceof library.Group ? found : undefined;
  };
  return {
    texts: (path, attribute) => {
      const found = group(path)?.attrs[attribute];
      if (!found) return undefined;
      if (found.shape?.includes(0)) return [];
      const value = whole(() => found.value);
      return (Array.isArray(value) ? value : [value]).map(String);
    },
    names: (path) => group(path)?.keys(),
    array: (path) => {
      const found = get(path);
      if (!(found instanceof library.Dataset)) throw new Error(`it has no array '${path}'`);
      const { dtype, shape } = found;
      if (!(dtype === '<f' || dtype === '<d') || !shape)
        throw new Error(`its array '${path}' has numbers of type ${dtype}: save the model in float32`);
      const value = whole(() => found.value);
      // A scalar is a number.
      const data = typeof value === 'number' ? [value] : (value as Float32Array | Float64Array);
      return { data: Float32Array.from(data), shape };
    },
    close: () => {
      file.close();
      FS.unlink(name);
    },
  };
}

function whole<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damaged((error as Error).message);
  }
}

/** The last line of the library's trace says what is wrong; the lines before it say where in the library this was noticed. */
function damaged(trace: string): Error {
  const reasons = [...trace.matchAll(/in \w+\(\): (.*)/g)].map(([, reason]) => reason);
  return new Error(`it is damaged (${reasons.at(-1) ?? trace}): save or copy it again`);
}
