/** A user's own data as columns: arrays, records and DataFrames, and which of their columns goes where. */
import { nearest } from '../../given';
import { counted } from '../../number-format';
import type { Frame } from '../table';

/** Numbers; NaN is a gap. */
export type NumberArray = readonly number[] | Float64Array | Float32Array | Int32Array | Uint8Array;

/** A value that can be drawn; null, undefined and NaN are gaps. */
export type Value = number | string | boolean | Date | null | undefined;

/**
 * Data that can be plotted: an array of numbers, records (one for each row), columns by name, or a danfo DataFrame.
 * @example [3, 2, 1.5]
 * @example [{ step: 0, loss: 3 }, { step: 1, loss: 2 }]
 * @example { step: [0, 1], loss: [3, 2] }
 */
export type PlotInput = NumberArray | readonly object[] | Readonly<Record<string, unknown>> | Frame;

/** Names of the columns of some data. */
type KeysOf<Data> = Data extends Frame
  ? string
  : Data extends NumberArray
    ? never
    : Data extends readonly (infer Row)[]
      ? keyof Row & string
      : keyof Data & string;

type RowOf<Data> = Data extends readonly (infer Row)[] ? Row : Readonly<Record<string, Value>>;

/** A column by its name, the values themselves, or a function of each row. */
export type Channel<Data> =
  | KeysOf<Data>
  | readonly Value[]
  | NumberArray
  | ((row: RowOf<Data>, index: number) => Value);

/** The values of a channel, and the label that an axis takes from it. */
export interface Column {
  readonly label: string;
  readonly values: readonly Value[];
}

/** Reads the channels of one plot. */
export interface Columns {
  /** How many rows there are. */
  readonly length: number;
  readonly names: readonly string[];
  /**
   * @param role name of the channel, such as `y`, for errors
   * @throws RangeError for a missing column, and for a number of values that differs from the number of rows
   */
  read(role: string, channel: unknown): Column;
}

/**
 * @param mark name of the function, such as `plot.line`, for errors
 * @throws RangeError for columns of different lengths; TypeError for data of an unknown kind
 */
export function columnsOf(mark: string, data: PlotInput): Columns {
  const { names, length, column, row } = access(mark, data);
  const read = (role: string, channel: unknown): Column => {
    if (typeof channel === 'function')
      return { label: role, values: Array.from({ length }, (_, i) => channel(row(i), i) as Value) };
    if (typeof channel === 'string') {
      if (names.includes(channel)) return { label: channel, values: column(channel) };
      const meant = names.length > 0 ? `did you mean '${nearest(channel, names)}'? ` : '';
      throw new RangeError(`${mark}: ${role} names no column '${channel}': ${meant}${those(names)}`);
    }
    const values = valuesOf(channel);
    if (!values)
      throw new TypeError(
        `${mark}: ${role} is ${shown(channel)}: give the name of a column, an array, or a function of a row`,
      );
    if (values.length !== length && names.length > 0)
      throw new RangeError(
        `${mark}: ${role} has ${counted(values.length, 'value')}, and the data have ${counted(length, 'row')}`,
      );
    return { label: role, values };
  };
  return { names, length, read };
}

interface Access {
  readonly names: readonly string[];
  readonly length: number;
  column(name: string): readonly Value[];
  row(index: number): unknown;
}

function access(mark: string, data: PlotInput): Access {
  const numbers = valuesOf(data);
  if (numbers && numbers.length > 0 && typeof numbers[0] === 'object' && !(numbers[0] instanceof Date)) {
    const rows = numbers as unknown as readonly Readonly<Record<string, Value>>[];
    const names = [...new Set(rows.flatMap((row) => Object.keys(row ?? {})))];
    return {
      names,
      length: rows.length,
      column: (name) => rows.map((row) => row?.[name]),
      row: (i) => rows[i],
    };
  }
  if (numbers) return { names: [], length: numbers.length, column: () => numbers, row: (i) => numbers[i] };
  if (typeof data !== 'object' || data === null)
    throw new TypeError(
      `${mark}: the data are ${shown(data)}: give numbers, records, columns by name, or a DataFrame`,
    );
  const columns = 'columns' in data && 'values' in data ? frameColumns(data as Frame) : data;
  const known = Object.entries(columns).flatMap(([name, values]) => {
    const read = valuesOf(values);
    return read ? [[name, read] as const] : [];
  });
  if (known.length === 0)
    throw new TypeError(
      `${mark}: the data have no column of values: give columns by name, such as { x: [1, 2], y: [3, 4] }`,
    );
  const byName = new Map(known);
  const [first, length] = [known[0]![0], known[0]![1].length];
  for (const [name, values] of known)
    if (values.length !== length)
      throw new RangeError(
        `${mark}: column '${name}' has ${counted(values.length, 'value')}, and '${first}' has ${length}`,
      );
  return {
    names: [...byName.keys()],
    length,
    column: (name) => byName.get(name)!,
    row: (i) => Object.fromEntries(known.map(([name, values]) => [name, values[i]])),
  };
}

function frameColumns({ columns, values }: Frame): Record<string, unknown> {
  const rows = values as readonly (readonly Value[])[];
  return Object.fromEntries(columns.map((name, i) => [name, rows.map((row) => row[i])]));
}

function valuesOf(channel: unknown): readonly Value[] | undefined {
  if (Array.isArray(channel)) return channel;
  if (ArrayBuffer.isView(channel) && !(channel instanceof DataView))
    return Array.from(channel as unknown as ArrayLike<number>);
  return undefined;
}

function those(names: readonly string[]): string {
  return names.length > 0
    ? `the columns are ${names.join(', ')}`
    : 'the data are an array of numbers, without columns';
}

/** A wrong value as an error names it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null
    ? (value.constructor?.name ?? 'an object')
    : String(value);
}

/** @throws TypeError for a value that is not a number, with its place */
export function numbersOf(mark: string, role: string, { values }: Column): number[] {
  const numbers = values.map((value, i) => {
    if (value === null || value === undefined) return Number.NaN;
    if (typeof value !== 'number')
      throw new TypeError(`${mark}: ${role}[${i}] is ${shown(value)}, which is not a number`);
    return value;
  });
  if (!numbers.some(Number.isFinite))
    throw new RangeError(
      `${mark}: ${role} has ${counted(numbers.length, 'value')}, and none is a number that can be drawn`,
    );
  return numbers;
}
