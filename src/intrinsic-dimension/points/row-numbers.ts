/** Detects a column that numbers the rows, and so is not a coordinate. */

/** A column of distinct whole numbers. */
export interface RowNumbers {
  readonly least: number;
  readonly most: number;
  /** True if it holds each number from the least to the most: in rising order or, with at least 5 rows, in any order. */
  readonly consecutive: boolean;
  /** True if it rises or falls from row to row, possibly with gaps, like the index of a part of a table. */
  readonly ordered: boolean;
}

/** Fewer whole numbers may be consecutive by chance, unless they rise one by one. */
const FEW = 5;

/** Columns of whole numbers that repeat mostly do so within the first rows. */
const FIRST = 1000;

/** The properties of a column as row numbers; undefined if a value is not a whole number, or two values are equal. */
export function rowNumbers(n: number, value: (i: number) => number): RowNumbers | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let before = Number.NaN;
  const first = new Set<number>();
  const steps = { one: true, rising: true, falling: true };
  for (let i = 0; i < n; i++) {
    const here = value(i);
    if (!Number.isInteger(here)) return undefined;
    if (i < FIRST && first.size === first.add(here).size) return undefined;
    least = Math.min(least, here);
    most = Math.max(most, here);
    if (i > 0) {
      steps.one &&= here === before + 1;
      steps.rising &&= here > before;
      steps.falling &&= here < before;
    }
    before = here;
  }
  const ordered = steps.rising || steps.falling;
  if (!ordered) {
    const seen = new Set<number>();
    for (let i = 0; i < n; i++) if (seen.size === seen.add(value(i)).size) return undefined;
  }
  return { least, most, consecutive: steps.one || (n >= FEW && most - least === n - 1), ordered };
}
