/** A table of numbers for a notebook, as HTML, Markdown and plain text. */
import type { MimeBundle } from './notebook-output';

/** A value of a cell; missing ones are shown as a dash. */
export type Cell = string | number | boolean | null | undefined;

export interface Table {
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** Names of the columns, in order. */
  readonly columns: readonly string[];
  readonly caption?: string;
}

/**
 * A table from rows of the same kind, to be given to `show`.
 * @param options.columns which columns, in which order. @default all keys, as they come
 */
export function table(
  rows: readonly Readonly<Record<string, Cell>>[],
  options: { columns?: readonly string[]; caption?: string } = {},
): Table {
  const columns = options.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) throw new Error('a table needs at least one row with a column, got none');
  return { rows, columns, ...(options.caption === undefined ? {} : { caption: options.caption }) };
}

/** What a danfo DataFrame has; its own class is not needed to show it. */
export interface Frame {
  readonly columns: readonly string[];
  /** By row; those of a Series are no arrays. */
  readonly values: readonly unknown[];
  /** Names of the rows, or their numbers from 0. */
  readonly index?: readonly (string | number)[];
}

/** Whether a value is a danfo DataFrame or Series. */
export function isFrame(value: object): value is Frame {
  const { columns, values, index } = value as Partial<Frame>;
  return Array.isArray(columns) && Array.isArray(values) && Array.isArray(index);
}

/** A DataFrame or Series as a table; rows that are not just numbered keep their names. */
export function frameTable({ columns, values, index = [] }: Frame): Table {
  const named = index.some((name, i) => name !== i);
  const rows = values.map((row, r) => ({
    ...(named ? { '': asCell(index[r]) } : {}),
    ...Object.fromEntries(columns.map((name, i) => [name, asCell(Array.isArray(row) ? row[i] : row)])),
  }));
  return { rows, columns: named ? ['', ...columns] : columns };
}

/** danfo has NaN for a missing number. */
function asCell(value: unknown): Cell {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}

/** All forms of a table. */
export function tableBundle(contents: Table): MimeBundle {
  return {
    'text/html': toHtml(contents),
    'text/markdown': toMarkdown(contents),
    'text/plain': toText(contents),
  };
}

/** Up to four significant digits, thousands apart, as the eye compares numbers. */
function format(value: Cell): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return value.toLocaleString('en');
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  return Number(value.toPrecision(4)).toLocaleString('en', { maximumSignificantDigits: 4 });
}

function isNumeric({ rows }: Table, column: string): boolean {
  return rows.some((row) => typeof row[column] === 'number');
}

function toHtml(contents: Table): string {
  const { rows, columns, caption } = contents;
  const cell = (tag: string, column: string, value: Cell): string => {
    const align = isNumeric(contents, column) ? 'right' : 'left';
    return `<${tag} style="text-align:${align}">${escapeHtml(format(value))}</${tag}>`;
  };
  const line = (tag: string, values: (column: string) => Cell): string =>
    `<tr>${columns.map((column) => cell(tag, column, values(column))).join('')}</tr>`;
  const heading = caption ? `<caption>${escapeHtml(caption)}</caption>` : '';
  const body = rows.map((row) => line('td', (column) => row[column])).join('\n');
  return `<table>${heading}\n<thead>${line('th', (column) => column)}</thead>\n<tbody>\n${body}\n</tbody></table>`;
}

function toMarkdown(contents: Table): string {
  const { rows, columns, caption } = contents;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    ...(caption ? [`${caption}\n`] : []),
    line(columns.map(escapePipes)),
    line(columns.map((column) => (isNumeric(contents, column) ? '--:' : '---'))),
    ...rows.map((row) => line(columns.map((column) => escapePipes(format(row[column]))))),
  ].join('\n');
}

function toText(contents: Table): string {
  const { rows, columns, caption } = contents;
  const lines = [[...columns], ...rows.map((row) => columns.map((column) => format(row[column])))];
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
