/** A tensor in words: its shape, its type and its first values. */
import type * as tf from '@tensorflow/tfjs';

/** Rows and columns of the corner that is shown. */
const CORNER = { rows: 6, columns: 8 } as const;

/** A tensor or variable of any copy of tfjs. */
export function isTensor(value: object): value is tf.Tensor {
  return ['shape', 'dtype', 'dataId', 'rankType'].every((name) => name in value);
}

/** `Tensor [1000, 10], float32` and a corner of its values; no more than these are read. */
export function tensorInWords(tensor: tf.Tensor): string {
  const { shape, dtype, size } = tensor;
  const heading = `Tensor [${shape.join(', ')}], ${dtype}`;
  if (tensor.isDisposed) return `${heading}, disposed`;
  if (size === 0) return `${heading}, empty`;
  if (dtype === 'complex64') return heading;
  // An axis of length 1, such as the one channel of a grey picture, would make a column of its own.
  const columns = shape.filter((length) => length > 1).at(-1) ?? 1;
  const rows = size / columns;
  const shown = { rows: Math.min(rows, CORNER.rows), columns: Math.min(columns, CORNER.columns) };
  // The tensor's own methods are used, since it may belong to another copy of tfjs.
  const table = tensor.reshape([rows, columns]);
  const corner = table.slice([0, 0], [shown.rows, shown.columns]);
  const values = corner.arraySync() as (number | string)[][];
  for (const made of [table, corner]) made.dispose();
  const texts = values.map((row) =>
    row.map((each) => (typeof each === 'number' ? short(each, dtype) : each)),
  );
  const width = Math.max(...texts.flat().map(({ length }) => length));
  const lines = texts.map((row) => {
    const cells = row.map((text) => text.padStart(width)).join('  ');
    return columns > shown.columns ? `${cells}  ...` : cells;
  });
  return [`${heading}:`, ...lines, ...(rows > shown.rows ? ['...'] : [])].join('\n');
}

function short(value: number, dtype: tf.DataType): string {
  return dtype === 'float32' && Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}
