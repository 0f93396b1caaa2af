/** A figure as a file, whose name says its form. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { type Figure, toHTML, toPNG, toSVG } from '../figures/figure';
import { assertWritable, whyUnwritable } from './writable';

/** @throws Error for a name that ends in none of the forms, and for a file that cannot be written */
export function assertFigurePath(path: string): void {
  if (!['.png', '.svg', '.html'].includes(extname(path).toLowerCase())) {
    throw new Error(`a figure ends in .png, .svg or .html, got '${path}'`);
  }
  assertWritable(path);
}

/**
 * Writes a figure as .png, .svg or .html.
 *
 * @throws Error that names the file and why it cannot be written
 */
export async function writeFigure(path: string, figure: Figure): Promise<void> {
  const extension = extname(path).toLowerCase();
  const drawn = await (extension === '.png' ? toPNG : extension === '.svg' ? toSVG : toHTML)(figure);
  try {
    writeFileSync(path, drawn);
  } catch (error) {
    throw new Error(`cannot write ${path}: ${whyUnwritable(error, path)}`);
  }
}
