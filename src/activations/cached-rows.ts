/** Rows that are made when they are asked for; those asked for last stay in memory. */

/** Bytes of rows that stay in memory; at least two rows do. */
const CACHE = 2 ** 27;

/**
 * A function that gives row i, which stays as it is while one further row is asked for.
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
  /** The row asked for longest ago first. */
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
