/** Reads Python's pickle format as data: nothing in it is executed, and only types that the caller names are created. */

/** Stands for a Python function or class that a pickle may call. */
export class PickleCallable {
  constructor(
    readonly name: string,
    /** Receives the arguments in the pickle, which may be anything. */
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** The objects that a pickle may refer to. */
export interface PickleRules {
  /** The meaning of a global `module.name`; undefined rejects it. */
  readonly global: (name: string) => unknown;
  /** The meaning of an object that is stored outside the pickle. */
  readonly persistent: (id: unknown) => unknown;
}

/** The most bytes of a pickle, which holds names and shapes but no numbers. */
export const LARGEST_PICKLE: number = 2 ** 26;

/**
 * Reads one pickle, protocols 2 to 5. Tuples and lists become arrays, dictionaries become maps.
 *
 * @throws Error for a global that the rules reject and for unknown operations, with the position of the byte
 */
export function unpickle(bytes: Buffer, rules: PickleRules): unknown {
  if (bytes.length > LARGEST_PICKLE)
    throw new Error(`its pickle has ${bytes.length} bytes: at most ${LARGEST_PICKLE} are read`);
  return new Unpickler(bytes, rules).run();
}

class Unpickler {
  readonly #bytes: Buffer;
  readonly #rules: PickleRules;
  readonly #stack: unknown[] = [];
  /** The heights of the stack at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;
  /** The position at which the current operation begins. */
  #start = 0;

  constructor(bytes: Buffer, rules: PickleRules) {
    this.#bytes = bytes;
    this.#rules = rules;
  }

  run(): unknown {
    for (;;) {
      this.#start = this.#at;
      const code = this.#take(1).readUInt8();
      if (code === 0x2e) return this.#pop();
      const operation = OPERATIONS[String.fromCharCode(code)];
      if (!operation)
        throw this.#error(`has the operation 0x${code.toString(16).padStart(2, '0')}, which is not read`);
      operation(this.#machine);
    }
  }

  readonly #machine: Machine = {
    push: (value) => void this.#stack.push(value),
    pop: () => this.#pop(),
    top: () => {
      const value = this.#pop();
      this.#stack.push(value);
      return value;
    },
    take: (count) => this.#take(count),
    line: () => {
      const end = this.#bytes.indexOf(10, this.#at);
      if (end < 0) throw this.#error('is cut off');
      const text = this.#bytes.toString('utf8', this.#at, end);
      this.#at = end + 1;
      return text;
    },
    mark: () => void this.#marks.push(this.#stack.length),
    sinceMark: () => {
      const height = this.#marks.pop();
      if (height === undefined || height > this.#stack.length) throw this.#error('has no open mark');
      return this.#stack.splice(height);
    },
    remember: (index) => void this.#memo.set(index ?? this.#memo.size, this.#machine.top()),
    recall: (index) => {
      if (!this.#memo.has(index)) throw this.#error(`recalls object ${index}, which it has not kept`);
      this.#stack.push(this.#memo.get(index));
    },
    global: (name) => {
      const value = this.#rules.global(name);
      if (value === undefined)
        throw this.#error(`asks for ${name.slice(0, 100)}, which is not a part of tensors`);
      this.#stack.push(value);
    },
    persistent: () => void this.#stack.push(this.#rules.persistent(this.#pop())),
    error: (what) => this.#error(what),
  };

  #take(count: number): Buffer {
    if (!(count >= 0) || this.#at + count > this.#bytes.length) throw this.#error('is cut off');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.#error('takes more objects than it made');
    return this.#stack.pop();
  }

  #error(what: string): Error {
    return new Error(`its pickle ${what} (byte ${this.#start})`);
  }
}

interface Machine {
  push(value: unknown): void;
  pop(): unknown;
  top(): unknown;
  take(count: number): Buffer;
  line(): string;
  mark(): void;
  sinceMark(): unknown[];
  remember(index?: number): void;
  recall(index: number): void;
  global(name: string): void;
  persistent(): void;
  error(what: string): Error;
}

const text = (machine: Machine, length: number): void => machine.push(machine.take(length).toString('utf8'));
const size64 = (machine: Machine): number => Number(machine.take(8).readBigUInt64LE());
const tuple = (machine: Machine, count: number): void => {
  const items = Array.from({ length: count }, () => machine.pop());
  machine.push(items.reverse());
};

function append(machine: Machine, items: readonly unknown[]): void {
  const list = machine.top();
  if (!Array.isArray(list)) throw machine.error('appends to something that is not a list');
  for (const item of items) list.push(item);
}

function setItems(machine: Machine, items: readonly unknown[]): void {
  const map = machine.top();
  if (!(map instanceof Map) || items.length % 2 === 1)
    throw machine.error('sets items of something that is not a dictionary');
  for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
}

/** A little-endian number in two's complement. */
function long(bytes: Buffer): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

/** https://github.com/python/cpython/blob/main/Lib/pickletools.py; objects, classes and extensions are left out. */
const OPERATIONS: Readonly<Record<string, (machine: Machine) => void>> = {
  __proto__: null as never,
  '\x80': (m) => void m.take(1), // PROTO
  '\x95': (m) => void m.take(8), // FRAME
  '(': (m) => m.mark(),
  '0': (m) => void m.pop(),
  '1': (m) => void m.sinceMark(), // POP_MARK
  '2': (m) => m.push(m.top()), // DUP
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true),
  '\x89': (m) => m.push(false),
  J: (m) => m.push(m.take(4).readInt32LE()),
  K: (m) => m.push(m.take(1).readUInt8()),
  M: (m) => m.push(m.take(2).readUInt16LE()),
  '\x8a': (m) => m.push(long(m.take(m.take(1).readUInt8()))), // LONG1
  G: (m) => m.push(m.take(8).readDoubleBE()),
  X: (m) => text(m, m.take(4).readUInt32LE()), // BINUNICODE
  '\x8c': (m) => text(m, m.take(1).readUInt8()), // SHORT_BINUNICODE
  '\x8d': (m) => text(m, size64(m)), // BINUNICODE8
  ')': (m) => m.push([]),
  t: (m) => m.push(m.sinceMark()),
  '\x85': (m) => tuple(m, 1),
  '\x86': (m) => tuple(m, 2),
  '\x87': (m) => tuple(m, 3),
  ']': (m) => m.push([]),
  l: (m) => m.push(m.sinceMark()),
  a: (m) => {
    const item = m.pop();
    append(m, [item]);
  },
  e: (m) => append(m, m.sinceMark()),
  '}': (m) => m.push(new Map()),
  d: (m) => {
    const items = m.sinceMark();
    m.push(new Map());
    setItems(m, items);
  },
  s: (m) => {
    const value = m.pop();
    setItems(m, [m.pop(), value]);
  },
  u: (m) => setItems(m, m.sinceMark()),
  q: (m) => m.remember(m.take(1).readUInt8()), // BINPUT
  r: (m) => m.remember(m.take(4).readUInt32LE()), // LONG_BINPUT
  '\x94': (m) => m.remember(), // MEMOIZE
  h: (m) => m.recall(m.take(1).readUInt8()), // BINGET
  j: (m) => m.recall(m.take(4).readUInt32LE()), // LONG_BINGET
  c: (m) => {
    const module = m.line();
    m.global(`${module}.${m.line()}`);
  },
  '\x93': (m) => {
    const name = m.pop();
    m.global(`${m.pop()}.${name}`);
  },
  Q: (m) => m.persistent(), // BINPERSID
  R: (m) => {
    const args = m.pop();
    const callable = m.pop();
    if (!(callable instanceof PickleCallable) || !Array.isArray(args))
      throw m.error('calls something that does not make tensors');
    m.push(callable.call(args));
  },
  // The attributes of a dictionary, such as the _metadata of PyTorch's state_dict, hold no arrays.
  b: (m) => {
    m.pop();
    if (!(m.top() instanceof Map)) throw m.error('sets the state of something that is not a dictionary');
  },
};
