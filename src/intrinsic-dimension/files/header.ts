/** The first row of a table: names, or the first point. */
import { type Delimiter, isNumber, NO_VALUE, type Row, shown } from './cells';
import type { OptionWords } from './option-words';

/** The names of `width` columns; R leaves out the name of the column of labels. */
export function namesOf(cells: readonly string[], width: number): string[] {
  if (cells.length === width - 1) return ['', ...cells];
  return cells.length === width + 1 && cells.at(-1) === '' ? cells.slice(0, -1) : [...cells];
}

/** The number of leading columns without a name; pandas leaves the names of labels empty. */
export function leadingUnnamed(names: readonly string[]): number {
  const first = names.findIndex((name) => !/^(Unnamed: \d+)?$/.test(name));
  return Math.max(0, first);
}

/**
 * Decides whether the first row holds names. Words are names, and so are 0, 1, 2, ..., which pandas writes for three or more
 * columns without names; fewer such numbers are a point. In doubtful cases the user must say which it is.
 *
 * @param said the user's choice, if any
 * @param notes receives a note if a row of numbers was read as names or as a point
 * @throws Error if the row may be names or a point
 */
export function isHeader(
  [head, ...others]: readonly [Row, ...Row[]],
  delimiter: Delimiter,
  said: boolean | undefined,
  notes: string[],
  words: OptionWords,
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
    notes.push(
      `the first row, ${text}, is read as names and left out (${words('header', false)} reads it as a point)`,
    );
    return true;
  }
  if (fromZero && areFractions) {
    notes.push(`the first row, ${text}, is read as a point (${words('header', true)} reads it as names)`);
    return false;
  }
  // A cell that begins like a number, such as 0x10 or 1_000, is a mistake in a point.
  const isWord = (cell: string): boolean =>
    !isNumber(cell, delimiter) && !NO_VALUE.test(cell) && !/^[+-]?\.?\d/.test(cell);
  const named = names.filter(isWord);
  const numbers = names.filter((cell) => isNumber(cell, delimiter));
  if (named.length > 0 && numbers.length === 0)
    return names.every((cell) => cell === '' || !NO_VALUE.test(cell));
  const overNumbers = head.cells.some(
    (cell, c) =>
      isWord(cell) && others.length > 0 && others.every(({ cells }) => isNumber(cells[c] ?? '', delimiter)),
  );
  if (overNumbers || (countsUp(numbers) && numbers.length + named.length > 2 && areFractions))
    throw new Error(
      `its first row, ${text}, may be names or a point: add ${words('header', true)} or ${words('header', false)}`,
    );
  return false;
}

/** True if the cells are whole numbers, each larger than the one before by 1. */
function countsUp(cells: readonly string[]): boolean {
  return cells.every(
    (cell, c) => /^\d+$/.test(cell) && (c === 0 || Number(cell) === Number(cells[c - 1]) + 1),
  );
}
