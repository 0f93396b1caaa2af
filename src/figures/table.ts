/** A table of numbers for a notebook, as HTML, Markdown and plain text. */
import { median } from 'd3-array';
import { assertGiven, NAMES, TEXT } from '../given';
import { counted, withMinus } from '../number-format';
import type { MimeBundle } from './notebook-output';

/** The value of a cell; a missing value is shown as a dash. */
export type Cell = string | number | boolean | null | undefined;

export interface Table {
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** Names of the columns, in order. */
  readonly columns: readonly string[];
  readonly caption?: string;
}

/**
 * A table from rows of the same kind, for `show`.
 * @param options.columns the columns, in order. @default all keys, in their own order
 */
export function table(
  rows: readonly Readonly<Record<string, Cell>>[],
  options: { columns?: readonly string[]; caption?: string } = {},
): Table {
  assertGiven('tables.of', options, { columns: NAMES, caption: TEXT });
  const columns = options.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) throw new Error('a table needs at least one row with a column, got none');
  return { rows, columns, ...(options.caption === undefined ? {} : { caption: options.caption }) };
}

/** The part of a danfo DataFrame that is needed to show it, so that danfo need not be loaded. */
export interface Frame {
  readonly columns: readonly string[];
  /** The values by row; a row of a Series is a single value. */
  readonly values: readonly unknown[];
  /** Names of the rows, or their numbers from 0. */
  readonly index?: readonly (string | number)[];
}

/** True for a danfo DataFrame or Series. */
export function isFrame(value: object): value is Frame {
  const { columns, values, index } = value as Partial<Frame>;
  return Array.isArray(columns) && Array.isArray(values) && Array.isArray(index);
}

/** A DataFrame or Series as a table; row names are kept, unless they are just numbers. */
export function frameTable({ columns, values, index = [] }: Frame): Table {
  const named = index.some((name, i) => name !== i);
  const rows = values.map((row, r) => ({
    ...(named ? { '': asCell(index[r]) } : {}),
    ...Object.fromEntries(columns.map((name, i) => [name, asCell(Array.isArray(row) ? row[i] : row)])),
  }));
  return { rows, columns: named ? ['', ...columns] : columns };
}

/** A value of danfo, which uses NaN for a missing number, as a cell. */
function asCell(value: unknown): Cell {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

/** A table in all its forms. */
export function tableBundle(contents: Table): MimeBundle {
  return {
    'text/html': toHtml(contents),
    'text/markdown': toMarkdown(contents),
    'text/plain': toText(contents),
  };
}

/** The format of a column, whose numbers all get the same number of decimals. */
function columnFormat({ rows }: Table, column: string): (value: Cell) => string {
  const values = rows.map((row) => row[column]);
  const numbers = values.filter((value): value is number => Number.isFinite(value) && value !== 0);
  const digits = Math.max(0, ...numbers.map((number) => decimalsOf(number / 10 ** magnitude(number))));
  const typical = median(numbers.map(magnitude)) ?? 0;
  const least = Math.min(0, ...numbers.map(magnitude));
  // Four decimals show nothing of a number below 1e-4, and little if all numbers are small.
  const exponents = least < -4 || (least < -3 && typical < -2);
  // Three digits of a typical number, at least one of the smallest, and no more decimals than the numbers have.
  const decimals = Math.min(
    Math.max(-least, Math.ceil(2 - typical), 0),
    4,
    Math.max(0, ...numbers.map(decimalsOf)),
  );
  return (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    if (typeof value !== 'number' || !Number.isFinite(value)) return String(value);
    if (value === 0 && (exponents || decimals === 0)) return '0';
    const text = exponents
      ? value.toExponential(Math.min(2, digits))
      : value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return withMinus(text);
  };
}

/** The power of ten of the first digit. */
function magnitude(number: number): number {
  return Math.floor(Math.log10(Math.abs(number)));
}

/** The number of decimals, without those that come from binary rounding. */
function decimalsOf(number: number): number {
  return (
    String(Number(number.toPrecision(6)))
      .split('.')[1]
      ?.replace(/e.*/, '').length ?? 0
  );
}

function isNumeric({ rows }: Table, column: string): boolean {
  return rows.some((row) => typeof row[column] === 'number');
}

/** A table with more rows is folded. */
const MOST_ROWS = 20;

function toHtml(contents: Table): string {
  const { rows, columns, caption } = contents;
  const align = columns.map((column) => (isNumeric(contents, column) ? 'right' : 'left'));
  const line = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell, i) => `<${tag} style="text-align:${align[i]}">${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const folded = rows.length > MOST_ROWS;
  const heading = caption && !folded ? `<caption>${escapeHtml(caption)}</caption>` : '';
  const body = cellTexts(contents).map((cells) => line('td', cells));
  const whole = `<table>${heading}\n<thead>${line('th', columns)}</thead>\n<tbody>\n${body.join('\n')}\n</tbody></table>`;
  if (!folded) return whole;
  const summary = `${escapeHtml(caption ?? 'Table')} (${counted(rows.length, 'row')})`;
  return `<details><summary>${summary}</summary>\n${whole}</details>`;
}

/** The cells of every row as they are written. */
function cellTexts(contents: Table): string[][] {
  const formats = contents.columns.map((column) => columnFormat(contents, column));
  return contents.rows.map((row) => contents.columns.map((column, i) => formats[i]!(row[column])));
}

function toMarkdown(contents: Table): string {
  const { columns, caption } = contents;
  const line = (cells: readonly string[]): string => `| ${cells.map(escapePipes).join(' | ')} |`;
  return [
    ...(caption ? [`${caption}\n`] : []),
    line(columns),
    line(columns.map((column) => (isNumeric(contents, column) ? '--:' : '---'))),
    ...cellTexts(contents).map(line),
  ].join('\n');
}

function toText(contents: Table): string {
  const { columns, caption } = contents;
  const lines = [[...columns], ...cellTexts(contents)];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => (cells[i] as string).length)));
  const text = lines.map((cells) =>
    cells
      .map((cell, i) => {
        const width = widths[i] as number;
        return isNumeric(contents, columns[i] as string) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return [...(caption ? [caption] : []), ...text].join('\n');
}

function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Text for the inside of an HTML element or attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
