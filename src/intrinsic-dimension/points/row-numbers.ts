/** Whether a column numbers the rows, and so is no coordinate. */

/** A column of whole numbers, each once. */
export interface RowNumbers {
  readonly least: number;
  readonly most: number;
  /** Each number from the least to the most, in rising order or, with at least 5 rows, in any. */
  readonly consecutive: boolean;
  /** Rising or falling from row to row, possibly with gaps, as the index of a part of a table. */
  readonly ordered: boolean;
}

/** Fewer whole numbers are consecutive by chance, unless they rise one by one. */
const FEW = 5;

/** What the values of a column are as numbers of the rows; undefined where one is not whole, or two are equal. */
export function rowNumbers(n: number, value: (i: number) => number): RowNumbers | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let before = Number.NaN;
  const steps = { one: true, rising: true, falling: true };
  for (let i = 0; i < n; i++) {
    const here = value(i);
    if (!Number.isInteger(here)) return undefined;
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
