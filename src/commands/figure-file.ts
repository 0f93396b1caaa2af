/** A figure as a file, whose name says its form. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { type Figure, toHTML, toPNG, toSVG } from '../figures/figure';

/** @throws Error for a name that ends in none of the forms */
export function assertFigurePath(path: string): void {
  if (!['.png', '.svg', '.html'].includes(extname(path).toLowerCase())) {
    throw new Error(`a figure ends in .png, .svg or .html, got '${path}'`);
  }
}

/** Writes a figure as .png, .svg or .html. */
export async function writeFigure(path: string, figure: Figure): Promise<void> {
  const extension = extname(path).toLowerCase();
  if (extension === '.png') writeFileSync(path, await toPNG(figure));
  else if (extension === '.svg') writeFileSync(path, await toSVG(figure));
  else writeFileSync(path, await toHTML(figure));
}
