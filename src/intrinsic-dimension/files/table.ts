/** Text tables of numbers, such as .csv, with names and labels as pandas, R and spreadsheets write them. */
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { counted } from '../../number-format';
import { DELIMITERS, type Delimiter, isNumber, NO_VALUE, NUMBER, type Row, shown, withPoint } from './cells';
import { type ColumnOptions, type Columns, chosenColumns, columnInWords } from './columns';
import { isHeader, leadingUnnamed, namesOf } from './header';
import { inCode, type OptionWords } from './option-words';

/** Options of reading a table. */
export interface TableOptions extends ColumnOptions {
  /** True if the first row holds names. @default decided by its contents */
  readonly header?: boolean;
  /** Called from time to time with the share that has been read, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
}

/** The numbers of a table. */
export interface Table {
  readonly data: Float64Array;
  readonly shape: readonly [number, number];
  /** The columns of the file, and the indices of the chosen ones. */
  readonly columns: Columns;
  readonly places: readonly number[];
  /** Notes on what was left out. */
  readonly notes: readonly string[];
}

/** The number of rows that decide the form of the table. */
const SAMPLE = 50;
/**
 * Reads numbers separated by semicolons, tabs, commas, bars or spaces. Names in the first row, and a first column of labels
 * without a name, are left out. Commas are decimal commas if the delimiter is another character.
 *
 * @throws Error that says what is wrong, in which line and column
 */
export async function readTable(
  bytes: Buffer,
  options: TableOptions = {},
  words: OptionWords = inCode,
): Promise<Table> {
  assertText(bytes, words);
  const { text, delimiter } = formOf(bytes);
  const sample: Row[] = [];
  let body: Body | undefined;
  const add = (cells: string[], { lines: line }: { readonly lines: number }): null => {
    const own = delimiter === ' ' ? cells.filter((cell) => cell !== '') : cells;
    // A line that consists of spaces is empty.
    if (own.length === 0 || (own.length === 1 && own[0] === '')) return null;
    if (body) body.add({ cells: own, line });
    else if (sample.push({ cells: own, line }) === SAMPLE) body = begin(sample, delimiter, options, words);
    return null;
  };
  const parser = parse({
    bom: true,
    comment: '#',
    comment_no_infix: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    ltrim: true,
    rtrim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    on_record: add,
  });
  try {
    await pipeline(Readable.from(piecesOf(text, options.onProgress)), parser, async (nothing) => {
      for await (const _ of nothing);
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = (error as unknown as { lines?: number }).lines;
    throw new Error(
      `its quotes are not closed or not at the ends of a cell${line === undefined ? '' : `, in line ${line}`}`,
    );
  }
  return (body ?? begin(sample, delimiter, options, words)).end();
}

/** The number of bytes that are parsed at once. */
const PIECE = 2 ** 20;

function* piecesOf(
  text: Buffer,
  onProgress: TableOptions['onProgress'] = () => {},
): Generator<Buffer, void, void> {
  for (let at = 0; at < text.length; at += PIECE) {
    onProgress(at / text.length);
    yield text.subarray(at, at + PIECE);
  }
}

function assertText(bytes: Buffer, words: OptionWords): void {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) throw new Error('it is UTF-16 or UTF-32 text: save it as UTF-8');
  const zero = bytes.indexOf(0);
  if (zero < 0 && isUtf8(bytes)) return;
  const line = lineOf(bytes, zero < 0 ? firstInvalid(bytes) : zero);
  throw new Error(
    `it is not UTF-8 text, the first time in line ${line}: save it as UTF-8, or name its ${words('format')}`,
  );
}

function lineOf(bytes: Buffer, at: number): number {
  let line = 1;
  for (let i = 0; i < at; i++) if (bytes[i] === 10) line++;
  return line;
}

/** The length of the longest prefix that is UTF-8, to within one character. */
function firstInvalid(bytes: Buffer): number {
  let [good, bad] = [0, bytes.length];
  const ends = (at: number): boolean =>
    [0, 1, 2, 3].some((less) => isUtf8(bytes.subarray(0, Math.max(0, at - less))));
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (ends(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** Finds the delimiter: the one that a spreadsheet names in its first line, or else the one that yields numbers below the first row. */
function formOf(bytes: Buffer): { readonly text: Buffer; readonly delimiter: Delimiter } {
  const head = bytes
    .subarray(0, 2 ** 16)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  const said = /^sep=(.)(\r\n?|\n)/i.exec(head);
  if (said && DELIMITERS.includes(said[1] as Delimiter))
    return { text: bytes.subarray(bytes.indexOf(said[0]) + said[0].length), delimiter: said[1] as Delimiter };
  const lines = head
    .split(/\r\n?|\n/)
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const some = lines.slice(1, 10).length > 0 ? lines.slice(1, 10) : lines;
  const present = DELIMITERS.filter((mark) => some.some((line) => line.trim().includes(mark)));
  const makesNumbers = (mark: Delimiter): boolean =>
    some.every((line) =>
      line
        .trim()
        .split(mark === ' ' ? /\s+/ : mark)
        .every((cell) => NO_VALUE.test(cell.trim()) || isNumber(cell.trim(), mark)),
    );
  return { text: bytes, delimiter: present.find(makesNumbers) ?? present[0] ?? ',' };
}

interface Body {
  add(row: Row): void;
  end(): Table;
}

/** Finds names and labels in the first rows, and begins the table with these rows. */
function begin(
  sample: readonly Row[],
  delimiter: Delimiter,
  options: TableOptions,
  words: OptionWords,
): Body {
  const notes: string[] = [];
  const [head, ...others] = sample;
  if (!head) throw new Error('it has no rows of numbers');
  const named = isHeader([head, ...others], delimiter, options.header, notes, words);
  const rows = named ? others : sample;
  const first = rows[0];
  if (!first) throw new Error('it has names but no rows of numbers: give each point a row');
  const isClosed = (row: Row): boolean => row.cells.at(-1) === '';
  const trailing = rows.every(isClosed) && first.cells.length > 1;
  const width = first.cells.length - (trailing ? 1 : 0);
  const names = named ? namesOf(head.cells, width) : undefined;
  if (names && names.length !== width) throw raggedRow(head, first, width);
  const columns: Columns = { width, ...(names ? { names } : {}) };
  const said = options.columns !== undefined || options.dropColumn !== undefined;
  const labels = said || !names ? 0 : leadingUnnamed(names);
  for (let c = 0; c < labels; c++) assertLabels(rows, c, delimiter, words);
  if (labels > 0) {
    const what = labels === 1 ? 'the first column has' : `the first ${labels} columns have`;
    notes.push(`${what} no name: read as labels and left out (${words('columns', 'all')} keeps all columns)`);
  }
  const places = chosenColumns(columns, options, words).slice(labels);
  const body = collector({ columns, places, trailing, delimiter, first, notes, words });
  for (const row of rows) body.add(row);
  return body;
}

function raggedRow({ cells, line }: Row, first: Row, width: number): Error {
  return new Error(
    `line ${line} has ${counted(cells.length, 'column')}, line ${first.line} has ${counted(width, 'column')}: give all rows the same columns`,
  );
}

/** @throws Error for a column without a name that holds fractions, and so may be a coordinate */
function assertLabels(rows: readonly Row[], column: number, delimiter: Delimiter, words: OptionWords): void {
  const cellOf = ({ cells }: Row): string => withPoint(cells[column] ?? '', delimiter);
  const fraction = rows.find((row) => NUMBER.test(cellOf(row)) && !Number.isInteger(Number(cellOf(row))));
  if (fraction === undefined || !rows.every((row) => NUMBER.test(cellOf(row)))) return;
  throw new Error(
    `its column ${column + 1} has no name but holds numbers, such as ${shown(fraction.cells[column]!)} in line ${fraction.line}: leave it ` +
      `out with ${words('dropColumn', `${column + 1}`)}, or keep it with ${words('columns', 'all')}`,
  );
}

interface Form {
  readonly columns: Columns;
  readonly places: readonly number[];
  /** True if each row ends with a delimiter. */
  readonly trailing: boolean;
  readonly delimiter: Delimiter;
  readonly first: Row;
  readonly notes: string[];
  readonly words: OptionWords;
}

function collector(form: Form): Body {
  const { columns, places, trailing, delimiter, first, notes } = form;
  const d = places.length;
  const commas = commaCheck(delimiter, columns);
  let data = new Float64Array(Math.max(1024, 64 * d));
  let n = 0;
  return {
    add(row) {
      const { cells, line } = row;
      const width = cells.length - (trailing && cells.at(-1) === '' ? 1 : 0);
      if (width !== columns.width) throw raggedRow(row, first, columns.width);
      if ((n + 1) * d > data.length) {
        const larger = new Float64Array(2 * data.length);
        larger.set(data);
        data = larger;
      }
      for (let c = 0; c < d; c++) {
        const cell = cells[places[c]!]!;
        data[n * d + c] = numberOf(
          commas(cell, line, places[c]!),
          () => placeOf(line, places[c]!, columns),
          form,
        );
      }
      n++;
    },
    end() {
      commas.end();
      if (trailing) notes.push('the rows end with a delimiter, which is left out');
      return { data: data.slice(0, n * d), shape: [n, d], columns, places, notes };
    },
  };
}

function placeOf(line: number, place: number, columns: Columns): string {
  return `line ${line}, ${columnInWords(place, columns)}`;
}

/** @throws Error for anything but a finite number, and for whole numbers that a float64 cannot hold */
function numberOf(cell: string, place: () => string, { columns, words }: Form): number {
  const value = NUMBER.test(cell) ? Number(cell) : Number.NaN;
  if (!Number.isFinite(value)) {
    const missing = cell === '' ? 'is empty' : `is '${shown(cell)}', which is not a finite number`;
    const first = NO_VALUE.test(cell) ? 'remove the row, fill it in' : 'correct it';
    const cure = columns.width > 1 ? `${first}, or leave the column out with ${words('dropColumn')}` : first;
    throw new Error(`${place()} ${missing}: ${cure}`);
  }
  if (!Number.isSafeInteger(value) && /^[+-]?\d+$/.test(cell) && BigInt(cell) !== BigInt(value)) {
    throw new Error(
      `${place()} is ${cell}, whose last digits a float64 cannot hold: subtract what the column has in common first, ` +
        `or leave it out with ${words('dropColumn')}`,
    );
  }
  return value;
}

interface CommaCheck {
  /** The cell with a decimal point. */
  (cell: string, line: number, place: number): string;
  /** @throws Error if all commas may separate thousands */
  end(): void;
}

/** With another delimiter, a comma is a decimal comma, unless there are decimal points or all commas may separate thousands. */
function commaCheck(delimiter: Delimiter, columns: Columns): CommaCheck {
  if (delimiter === ',') return Object.assign((cell: string) => cell, { end: () => {} });
  let comma: string | undefined;
  let point: string | undefined;
  let isDecimal = false;
  const check = (cell: string, line: number, place: number): string => {
    const hasComma = cell.includes(',');
    if (!hasComma && !cell.includes('.')) return cell;
    const here = `'${shown(cell)}' (${placeOf(line, place, columns)})`;
    if (hasComma) comma ??= here;
    else point ??= here;
    if (comma !== undefined && point !== undefined)
      throw new Error(
        `it has decimal points, as in ${point}, and commas, as in ${comma}: use decimal points only`,
      );
    isDecimal ||= hasComma && !/^[+-]?[1-9]\d{0,2},\d{3}$/.test(cell);
    return cell.replace(',', '.');
  };
  const end = (): void => {
    if (comma !== undefined && !isDecimal)
      throw new Error(
        `its commas, as in ${comma}, may be decimal commas or separate thousands: use decimal points only`,
      );
  };
  return Object.assign(check, { end });
}
