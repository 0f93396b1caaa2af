/** The columns of a file that are coordinates: the chosen ones, or all, if none of them numbers the rows. */
import { nearest } from '../../given';
import { rowNumbers } from '../points/row-numbers';
import { shown } from './cells';
import type { OptionWords } from './option-words';

/** The choice of columns, by name or by number from 1; a list may have spans such as 2-5. */
export interface ColumnOptions {
  /** Names or numbers, or `all`, which also accepts row numbers as coordinates. @default all, without row numbers */
  readonly columns?: string;
  /** Names or numbers of columns that are left out. @default none */
  readonly dropColumn?: string;
}

/** The columns of a file. */
export interface Columns {
  readonly width: number;
  /** Their names in order; undefined if they have none. */
  readonly names?: readonly string[];
}

/**
 * The indices of the chosen columns, from 0.
 *
 * @throws Error for a missing column, for a name that two columns have, and if no column is left
 */
export function chosenColumns(
  columns: Columns,
  { columns: wanted, dropColumn }: ColumnOptions,
  words: OptionWords,
): number[] {
  if (wanted !== undefined && dropColumn !== undefined)
    throw new Error(
      `${words('columns')} and ${words('dropColumn')} both choose the columns: give only one of them`,
    );
  const all = Array.from({ length: columns.width }, (_, c) => c);
  const placesOf = (option: 'columns' | 'dropColumn', list: string): number[] => {
    const places = list.split(',').flatMap((word) => placesOfWord(word.trim(), columns, () => words(option)));
    const twice = places.find((place, i) => places.indexOf(place) < i);
    if (twice !== undefined)
      throw new Error(`${words(option, list)} names ${columnInWords(twice, columns)} twice: name it once`);
    return places;
  };
  if (wanted !== undefined) return wanted.trim() === 'all' ? all : placesOf('columns', wanted);
  if (dropColumn === undefined) return all;
  const dropped = new Set(placesOf('dropColumn', dropColumn));
  const left = all.filter((c) => !dropped.has(c));
  if (left.length === 0) throw new Error(`${words('dropColumn', dropColumn)} leaves none of its columns`);
  return left;
}

function placesOfWord(word: string, columns: Columns, option: () => string): number[] {
  const { width, names = [] } = columns;
  const span = /^(\d+)(?:-(\d*))?$/.exec(word);
  if (span) {
    const from = Number(span[1]);
    const to = span[2] === undefined ? from : span[2] === '' ? width : Number(span[2]);
    if (from < 1 || to > width || from > to)
      throw new Error(`${option()} names ${word}, but its columns are 1 to ${width}`);
    return Array.from({ length: to - from + 1 }, (_, i) => from - 1 + i);
  }
  const found = names.flatMap((name, c) => (name === word ? [c] : []));
  if (found.length === 1) return found;
  if (found.length > 1)
    throw new Error(
      `${option()} names '${word}', but columns ${found.map((c) => c + 1).join(' and ')} both have this name: give their numbers`,
    );
  const cure =
    names.length === 0
      ? `its columns have no names: give numbers from 1 to ${width}`
      : `did you mean '${nearest(word, names)}'?`;
  throw new Error(`${option()} names '${word}', which is not one of its columns: ${cure}`);
}

/** `column 2 ('x')` */
export function columnInWords(place: number, { names }: Columns): string {
  const name = names?.[place];
  return `column ${place + 1}${name === undefined || name === '' ? '' : ` ('${shown(name)}')`}`;
}

/** Names of columns that number the rows if they hold distinct whole numbers. */
const INDEX_NAME =
  /^(unnamed(: ?\d+)?|index|idx|ids?|rows?|row[ _.]?(ids?|names?|num(ber)?s?|index)|level_0|#|no\.?|nr\.?|_id)$/i;

/** Names of columns that hold the class of each row. */
const LABEL_NAME = /^(labels?|class(es)?|targets?|species|category|categories|cluster)$/i;

/** Notes on the columns of whole numbers whose names say that they are classes, and not coordinates. */
export function labelNotes(
  { data, shape: [n, d] }: Grid,
  places: readonly number[],
  columns: Columns,
  words: OptionWords,
): string[] {
  return places.flatMap((place, c) => {
    const isLabel = LABEL_NAME.test(columns.names?.[place]?.trim() ?? '');
    if (!isLabel || !Array.from({ length: n }, (_, i) => data[i * d + c]!).every(Number.isInteger)) return [];
    const called = columnInWords(place, columns);
    return [`its ${called} is read as a coordinate: ${words('dropColumn', `${place + 1}`)} leaves it out`];
  });
}

/** Numbers in rows. */
interface Grid {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [number, number];
}

/**
 * Rejects points with a coordinate that numbers the rows: distinct consecutive whole numbers, or distinct whole numbers under
 * a name such as `index`. If all columns are like that, as with ranks, they are accepted.
 *
 * @param places indices of the columns in the file
 * @throws Error that names the column and the two ways to proceed
 */
export function refuseRowNumbers(
  { data, shape: [n, d] }: Grid,
  places: readonly number[],
  columns: Columns,
  words: OptionWords,
): void {
  const spans = places.map((place, c) => {
    const isNamed = INDEX_NAME.test(columns.names?.[place]?.trim() ?? '');
    const found = n < 3 ? undefined : rowNumbers(n, (i) => data[i * d + c]!);
    return found && (found.consecutive || isNamed) ? `${found.least} to ${found.most}` : undefined;
  });
  const first = spans.findIndex((span) => span !== undefined);
  if (first < 0 || spans.every((span) => span !== undefined)) return;
  const place = places[first]!;
  throw new Error(
    `its ${columnInWords(place, columns)} numbers the rows, from ${spans[first]}, and is not a ` +
      `coordinate: leave it out with ${words('dropColumn', `${place + 1}`)}, or keep it with ${words('columns', 'all')}`,
  );
}
