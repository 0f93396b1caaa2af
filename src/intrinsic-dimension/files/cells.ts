/** The cells of a text table, and which of them are numbers. */

/** A row of a table. */
export interface Row {
  readonly cells: readonly string[];
  /** The number of its line, from 1. */
  readonly line: number;
}

/** The delimiters that may separate cells. */
export const DELIMITERS = [';', '\t', ',', '|', ' '] as const;

/** A delimiter between cells. */
export type Delimiter = (typeof DELIMITERS)[number];

/** A number, finite or too large. JavaScript would also read 0x10 and an empty cell as numbers. */
export const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** The words for a missing or infinite value. */
export const NO_VALUE = /^[+-]?(nan|inf|infinity|na|n\/a|null|none|-)?$/i;

/** True if a cell is a number, possibly with a decimal comma if the delimiter is not a comma. */
export function isNumber(cell: string, delimiter: Delimiter): boolean {
  return NUMBER.test(withPoint(cell, delimiter));
}

/** A text without line breaks and other control characters. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u00B7');
}

/** A cell as an error shows it, in one short line. */
export function shown(cell: string): string {
  const line = oneLine(cell);
  return line.length > 40 ? `${line.slice(0, 40)}...` : line;
}

/** A cell with a decimal point in place of a decimal comma. */
export function withPoint(cell: string, delimiter: Delimiter): string {
  return delimiter === ',' ? cell : cell.replace(',', '.');
}
