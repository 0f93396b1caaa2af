/** Writes a figure to a file, in the format of its extension. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { type Figure, type Size, toHTML, toPNG, toSVG } from '../figures/figure';
import { withEmbeddedFonts } from '../figures/fonts';
import { toPDF } from '../figures/pdf';
import { assertWritable, whyUnwritable } from './writable';

/** Pixels of a PNG for each pixel of the figure, which gives 300 dots per inch. */
const PRINT_SCALE = 300 / 96;

const WRITERS: Readonly<Record<string, (figure: Figure, size: Size) => Promise<string | Buffer>>> = {
  svg: async (figure, size) => withEmbeddedFonts(await toSVG(figure, size)),
  pdf: toPDF,
  png: (figure, size) => toPNG(figure, { ...size, scale: PRINT_SCALE }),
  html: async (figure, size) => toHTML(figure, size),
};

/** The file formats of figures. */
export const FIGURE_FORMATS: readonly string[] = Object.keys(WRITERS);

function formatOf(path: string): string {
  return extname(path).slice(1).toLowerCase();
}

/** @throws Error for an extension that is not one of the formats, and for a file that cannot be written */
export function assertFigurePath(path: string): void {
  if (!FIGURE_FORMATS.includes(formatOf(path))) {
    throw new Error(
      `the name of a figure must end in ${FIGURE_FORMATS.map((form) => `.${form}`).join(', ')}, got '${path}'`,
    );
  }
  assertWritable(path);
}

/**
 * Writes a figure in the format of its extension.
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
