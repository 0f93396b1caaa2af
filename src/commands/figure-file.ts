/** A figure as a file, whose name says its form. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { type Figure, type Size, toHTML, toPNG, toSVG } from '../figures/figure';
import { withEmbeddedFonts } from '../figures/fonts';
import { toPDF } from '../figures/pdf';
import { assertWritable, whyUnwritable } from './writable';

/** Pixels of a PNG for one of the figure: 300 dots an inch. */
const PRINT_SCALE = 300 / 96;

const WRITERS: Readonly<Record<string, (figure: Figure, size: Size) => Promise<string | Buffer>>> = {
  svg: async (figure, size) => withEmbeddedFonts(await toSVG(figure, size)),
  pdf: toPDF,
  png: (figure, size) => toPNG(figure, { ...size, scale: PRINT_SCALE }),
  html: async (figure, size) => toHTML(figure, size),
};

/** The forms of a figure in a file. */
export const FIGURE_FORMATS: readonly string[] = Object.keys(WRITERS);

function formatOf(path: string): string {
  return extname(path).slice(1).toLowerCase();
}

/** @throws Error for a name that ends in none of the forms, and for a file that cannot be written */
export function assertFigurePath(path: string): void {
  if (!FIGURE_FORMATS.includes(formatOf(path))) {
    throw new Error(`a figure ends in ${FIGURE_FORMATS.map((form) => `.${form}`).join(', ')}, got '${path}'`);
  }
  assertWritable(path);
}

/**
 * Writes a figure in the form that the name asks for.
 *
 * @throws Error that names the file and why it cannot be written
 */
export async function writeFigure(path: string, figure: Figure, size: Size = {}): Promise<void> {
  const drawn = await WRITERS[formatOf(path)]!(figure, size);
  try {
    writeFileSync(path, drawn);
  } catch (error) {
    throw new Error(`cannot write ${path}: ${whyUnwritable(error, path)}`);
  }
}
