/** A figure as a file, whose name says its form; drawn without a document, so that the package needs no browser. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { assertWritable, whyUnwritable } from '../src/commands/writable';
import type { Figure } from '../src/figures/figure';
import { drawHTML, drawSVG } from './draw';

const WRITERS: Readonly<Record<string, (figure: Figure) => string>> = { svg: drawSVG, html: drawHTML };

/** The forms of a figure in a file. */
export const FIGURE_FORMATS: readonly string[] = Object.keys(WRITERS);

function formatOf(path: string): string {
  return extname(path).slice(1).toLowerCase();
}

/** @throws Error for a name that ends in none of the forms, and for a file that cannot be written */
export function assertFigurePath(path: string): void {
  if (!FIGURE_FORMATS.includes(formatOf(path)))
    throw new Error(`a figure ends in .svg or .html, got '${path}': the lab, npm run id, writes other forms`);
  assertWritable(path);
}

/**
 * Writes a figure in the form that the name asks for.
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
