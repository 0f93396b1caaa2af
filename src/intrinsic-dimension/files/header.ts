/** The first row of a table: names, or the first point. */
import { type Delimiter, isNumber, NO_VALUE, type Row, shown } from './cells';

/** The names of so many columns; R gives the column of labels none. */
export function namesOf(cells: readonly string[], width: number): string[] {
  if (cells.length === width - 1) return ['', ...cells];
  return cells.length === width + 1 && cells.at(-1) === '' ? cells.slice(0, -1) : [...cells];
}

/** Columns without a name before those that have one: pandas leaves the names of labels empty. */
export function leadingUnnamed(names: readonly string[]): number {
  const first = names.findIndex((name) => !/^(Unnamed: \d+)?$/.test(name));
  return Math.max(0, first);
}

/**
 * Whether the first row are names. That is clear for words, and for 0, 1, 2, ..., which pandas gives to three or more columns without
 * names; fewer are a point. What may be either is asked for.
 *
 * @param said what was asked for
 * @param notes where it is said how a row of numbers is taken
 * @throws Error where the row may be names or a point
 */
export function isHeader(
  [head, ...others]: readonly [Row, ...Row[]],
  delimiter: Delimiter,
  said: boolean | undefined,
  notes: string[],
): boolean {
  if (said !== undefined) return said;
  const unnamed = leadingUnnamed(head.cells);
  const names = head.cells.slice(unnamed);
  const few = head.cells.slice(0, 8).map(shown).join(', ');
  const text = head.cells.length > 8 ? `${few}, ...` : few;
  const isFraction = (cell: string): boolean => isNumber(cell, delimiter) && !/^[+-]?\d+$/.test(cell);
  const areFractions = others.length > 0 && others.every(({ cells }) => cells.some(isFraction));
  const fromZero = countsUp(names) && names[0] === '0';
  if (unnamed > 0 && countsUp(names) && (fromZero || names.length > 1)) return true;
  if (fromZero && names.length > 2) {
    notes.push(`the first row, ${text}, is taken for names and left out (--no-header takes it for a point)`);
    return true;
  }
  if (fromZero && areFractions) {
    notes.push(`the first row, ${text}, is taken for a point (--header takes it for names)`);
    return false;
  }
  // What begins like a number, as 0x10 and 1_000 do, is a mistake in a point.
  const isWord = (cell: string): boolean =>
    !isNumber(cell, delimiter) && !NO_VALUE.test(cell) && !/^[+-]?\.?\d/.test(cell);
  const words = names.filter(isWord);
  const numbers = names.filter((cell) => isNumber(cell, delimiter));
  if (words.length > 0 && numbers.length === 0)
    return names.every((cell) => cell === '' || !NO_VALUE.test(cell));
  const overNumbers = head.cells.some(
    (cell, c) =>
      isWord(cell) && others.length > 0 && others.every(({ cells }) => isNumber(cells[c] ?? '', delimiter)),
  );
  if (overNumbers || (countsUp(numbers) && numbers.length + words.length > 2 && areFractions))
    throw new Error(`its first row, ${text}, may be names or a point: say --header or --no-header`);
  return false;
}

/** Whether cells are whole numbers, each by 1 above the one before. */
function countsUp(cells: readonly string[]): boolean {
  return cells.every(
    (cell, c) => /^\d+$/.test(cell) && (c === 0 || Number(cell) === Number(cells[c - 1]) + 1),
  );
}
