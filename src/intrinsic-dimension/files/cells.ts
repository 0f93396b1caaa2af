/** The cells of a table of text, and which of them are numbers. */

/** A row of a table. */
export interface Row {
  readonly cells: readonly string[];
  /** From 1. */
  readonly line: number;
}

/** What may stand between cells. */
export const DELIMITERS = [';', '\t', ',', '|', ' '] as const;

/** What stands between cells. */
export type Delimiter = (typeof DELIMITERS)[number];

/** A finite number or one too large; JavaScript would also take 0x10 and an empty cell for numbers. */
export const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** What stands for a missing or infinite value. */
export const NO_VALUE = /^[+-]?(nan|inf|infinity|na|n\/a|null|none|-)?$/i;

/** Whether a cell is a number, with a decimal comma where something else separates. */
export function isNumber(cell: string, delimiter: Delimiter): boolean {
  return NUMBER.test(withPoint(cell, delimiter));
}

/** A cell as it is shown in an error: one short line. */
export function shown(cell: string): string {
  const line = cell.replaceAll(/\p{Cc}/gu, '\u00B7');
  return line.length > 40 ? `${line.slice(0, 40)}...` : line;
}

/** A cell whose decimal comma is a point. */
export function withPoint(cell: string, delimiter: Delimiter): string {
  return delimiter === ',' ? cell : cell.replace(',', '.');
}
