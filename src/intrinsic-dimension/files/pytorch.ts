/** The format of torch.save since PyTorch 1.6: a zip archive with a pickle and the numbers of its tensors. */
import type { ByteSource } from './byte-source';
import { UnreadType } from './numbers';
import { LARGEST_PICKLE, PickleCallable, unpickle } from './pickle';
import { checkArray, type StoredArray } from './stored-array';
import { unpacked, type ZipEntry } from './zip';

const CURE = 'save tensors only, such as torch.save([h.cpu() for h in hidden_states], path)';

/** NumPy's names for PyTorch's types of storages and numbers; tensors of other types are left out by name. */
const STORAGES: Readonly<Record<string, string>> = {
  'torch.DoubleStorage': 'f8',
  'torch.FloatStorage': 'f4',
  'torch.HalfStorage': 'f2',
  'torch.BFloat16Storage': 'bf2',
  'torch.LongStorage': 'i8',
  'torch.IntStorage': 'i4',
  'torch.ShortStorage': 'i2',
  'torch.CharStorage': 'i1',
  'torch.ByteStorage': 'u1',
  'torch.BoolStorage': 'b1',
};
const UNTYPED = 'torch.storage.UntypedStorage';
const DTYPES: Readonly<Record<string, string>> = {
  'torch.uint16': 'u2',
  'torch.uint32': 'u4',
  'torch.uint64': 'u8',
};
const READ: ReadonlySet<string> = new Set([...Object.values(STORAGES), ...Object.values(DTYPES)]);

class StorageType {
  constructor(readonly type: string | undefined) {}
}

class Dtype {
  constructor(readonly type: string) {}
}

interface Storage {
  readonly type: string | undefined;
  readonly key: string;
}

/** A tensor as the pickle describes it, not yet checked against its numbers. */
class PickledTensor {
  constructor(
    readonly type: string,
    readonly key: string,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** The tensors of an archive, and its other contents. */
export interface PytorchTensors {
  readonly arrays: readonly StoredArray[];
  /** Names of values that are not tensors. */
  readonly others: readonly string[];
  /** Notes on the tensors that are left out because their types are not read. */
  readonly unread: readonly string[];
}

/**
 * Finds the tensors in nested lists, tuples and dictionaries; their names are the keys, joined by dots. Nothing in the pickle is
 * executed: it may build containers and tensors, and anything else is rejected.
 *
 * @param prefix the folder inside the archive, with its slash
 * @param onPacked is called from time to time with the number of bytes of numbers that were read since the last call
 * @throws Error that says what is wrong, where, and how to save it instead
 */
export async function pytorchTensors(
  archive: ByteSource,
  entries: ReadonlyMap<string, ZipEntry>,
  prefix: string,
  onPacked: (bytes: number) => void,
): Promise<PytorchTensors> {
  if (entries.has(`${prefix}constants.pkl`))
    throw new Error(`it is a TorchScript program, not saved tensors: ${CURE}`);
  const content = async (name: string): Promise<Buffer> => {
    const entry = entries.get(`${prefix}${name}`)!;
    if (entry.size > LARGEST_PICKLE)
      throw new Error(`its entry '${entry.name}' has ${entry.size} bytes: it is damaged`);
    const source = await unpacked(archive, entry);
    return source.read(0, source.size);
  };
  const order = entries.has(`${prefix}byteorder`)
    ? (await content('byteorder')).toString('latin1')
    : 'little';
  if (order !== 'little' && order !== 'big') throw new Error(`its byte order is '${order}': it is damaged`);
  let root: unknown;
  try {
    root = unpickle(await content('data.pkl'), { global, persistent });
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${CURE}`);
  }
  const { tensors, others } = contentsOf(root);
  /** The storages by key, since views share them. */
  const storages = new Map<string, Promise<ByteSource>>();
  const unread: string[] = [];
  const found = await Promise.all(
    tensors.map(async ({ name, tensor: { key, type, ...place } }) => {
      if (!READ.has(type)) {
        const cure = /^complex/i.test(type) ? 'torch.view_as_real(x).flatten(1)' : 'x.float()';
        const called = name === '' ? 'its tensor' : `'${name}'`;
        unread.push(`${called} is left out: its numbers are of type ${type}: save ${cure}`);
        return [];
      }
      const entry = entries.get(`${prefix}data/${key}`);
      if (!entry) throw new Error(`the numbers of its tensor '${name}' are missing: it is damaged`);
      const opening = storages.get(key) ?? unpacked(archive, entry, onPacked);
      storages.set(key, opening);
      const source = await opening;
      return [checkArray({ name, type, bigEndian: order === 'big', source, ...place })];
    }),
  );
  const arrays = found.flat();
  if (arrays.length === 0 && unread.length > 0) throw new UnreadType(unread.join('; '));
  return { arrays, others, unread };
}

function global(name: string): unknown {
  if (Object.hasOwn(STORAGES, name)) return new StorageType(STORAGES[name]);
  if (name === UNTYPED) return new StorageType(undefined);
  if (Object.hasOwn(DTYPES, name)) return new Dtype(DTYPES[name]!);
  // A type that is not read, such as torch.ComplexFloatStorage or torch.float8_e4m3fn, keeps PyTorch's name.
  const [, storage] = /^torch\.(\w+)Storage$/.exec(name) ?? [];
  if (storage !== undefined) return new StorageType(storage);
  const [, dtype] = /^torch\.((?:float|complex|u?int|bits)\d\w*)$/.exec(name) ?? [];
  if (dtype !== undefined) return new Dtype(dtype);
  return CALLABLES.get(name);
}

const CALLABLES: ReadonlyMap<string, PickleCallable> = new Map(
  [
    new PickleCallable('collections.OrderedDict', ([items = []]) => new Map(pairs(items))),
    new PickleCallable('torch.Size', ([sizes]) => sizes),
    new PickleCallable('torch._utils._rebuild_parameter', ([tensor]) => tensor),
    new PickleCallable('torch._utils._rebuild_tensor_v2', ([storage, offset, shape, strides]) =>
      tensorOf(storage, undefined, offset, shape, strides),
    ),
    new PickleCallable('torch._utils._rebuild_tensor_v3', ([storage, offset, shape, strides, , , dtype]) =>
      tensorOf(storage, dtype, offset, shape, strides),
    ),
  ].map((callable) => [callable.name, callable]),
);

function pairs(items: unknown): (readonly [unknown, unknown])[] {
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2))
    throw new Error('its pickle has a damaged dictionary');
  return items as [unknown, unknown][];
}

/** ('storage', type, key, device, numbers) */
function persistent(id: unknown): Storage {
  const [kind, type, key] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string')
    throw new Error('its pickle refers to something that is not a storage');
  return { type: type.type, key };
}

function tensorOf(
  storage: unknown,
  dtype: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
): PickledTensor {
  const { type = dtype instanceof Dtype ? dtype.type : undefined, key } = (storage ?? {}) as Partial<Storage>;
  if (
    type === undefined ||
    key === undefined ||
    !areSizes(shape) ||
    !areSizes(strides) ||
    !areSizes([offset])
  )
    throw new Error('its pickle has a damaged tensor');
  if (shape.length !== strides.length)
    throw new Error(`its pickle has a tensor of shape [${shape}] with strides [${strides}]`);
  return new PickledTensor(type, key, offset as number, shape, strides);
}

function areSizes(values: unknown): values is number[] {
  return Array.isArray(values) && values.every((value) => Number.isSafeInteger(value) && value >= 0);
}

/** The greatest depth of containers; deeper and larger ones are made to exhaust the reader. */
const DEEPEST = 64;
const MOST_VALUES = 1e5;

interface Contents {
  readonly tensors: { readonly name: string; readonly tensor: PickledTensor }[];
  /** Names of the values that are not tensors. */
  readonly others: string[];
}

function contentsOf(root: unknown): Contents {
  const contents: Contents = { tensors: [], others: [] };
  let visited = 0;
  const visit = (value: unknown, name: string, depth: number): void => {
    if (++visited > MOST_VALUES || depth > DEEPEST)
      throw new Error(`its '${name.slice(0, 100)}' nests more values than are read: ${CURE}`);
    const below = (key: unknown, item: unknown): void =>
      visit(item, name === '' ? `${key}` : `${name}.${key}`, depth + 1);
    if (value instanceof PickledTensor) contents.tensors.push({ name, tensor: value });
    else if (Array.isArray(value)) for (const [i, item] of value.entries()) below(i, item);
    else if (value instanceof Map) for (const [key, item] of value) below(key, item);
    else contents.others.push(name);
  };
  visit(root, '', 0);
  return contents;
}
