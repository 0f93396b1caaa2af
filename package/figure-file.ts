/** Writes a figure to a file, in the format of its extension, without a document, so that the package needs no browser. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { assertWritable, whyUnwritable } from '../src/commands/writable';
import type { Figure } from '../src/figures/figure';
import { drawHTML, drawSVG } from './draw';

const WRITERS: Readonly<Record<string, (figure: Figure) => string>> = { svg: drawSVG, html: drawHTML };

/** The file formats of figures. */
export const FIGURE_FORMATS: readonly string[] = Object.keys(WRITERS);

function formatOf(path: string): string {
  return extname(path).slice(1).toLowerCase();
}

/** @throws Error for an extension that is not one of the formats, and for a file that cannot be written */
export function assertFigurePath(path: string): void {
  if (!FIGURE_FORMATS.includes(formatOf(path)))
    throw new Error(
      `the name of a figure must end in .svg or .html, got '${path}': npm run id in the lab writes other formats`,
    );
  assertWritable(path);
}

/**
 * Writes a figure in the format of its extension.
 *
 * @throws Error that names the file and why it cannot be written
 */
export async function writeFigure(path: string, figure: Figure): Promise<void> {
  const drawn = WRITERS[formatOf(path)]!(figure);
  try {
    writeFileSync(path, drawn);
  } catch (error) {
    throw new Error(`cannot write ${path}: ${whyUnwritable(error, path)}`);
  }
}
