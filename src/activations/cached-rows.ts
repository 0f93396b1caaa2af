/** Rows that are made on demand; the most recent ones stay in memory. */

/** Bytes of rows that stay in memory, at least two rows. */
const CACHE = 2 ** 27;

/**
 * A function that returns row i, which remains valid while one further row is asked for.
 *
 * @param empty makes room for a row of `bytes` bytes
 * @param fill writes row i
 */
export function cachedRows<Row>(
  empty: () => Row,
  bytes: number,
  fill: (i: number, into: Row) => void,
): (i: number) => Row {
  const slots = Math.max(2, Math.floor(CACHE / bytes));
  /** The rows, with the least recent one first. */
  const cache = new Map<number, Row>();
  const oldest = (): Row => {
    const [[i, row]] = cache as unknown as [[number, Row]];
    cache.delete(i);
    return row;
  };
  return (i) => {
    let row = cache.get(i);
    if (row !== undefined) cache.delete(i);
    else {
      row = cache.size < slots ? empty() : oldest();
      fill(i, row);
    }
    cache.set(i, row);
    return row;
  };
}
