/** A figure as a file, whose name says its form; drawn without a document, so that the package needs no browser. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Figure } from '../src/figures/figure';
import { drawHTML, drawSVG } from './draw';

/** @throws Error for a name that ends in none of the forms */
export function assertFigurePath(path: string): void {
  const extension = extname(path).toLowerCase();
  if (['.svg', '.html'].includes(extension)) return;
  const png = extension === '.png' ? ' (the lab, npm run id, writes .png)' : '';
  throw new Error(`a figure ends in .svg or .html, got '${path}'${png}`);
}

/** Writes a figure as .svg or .html. */
export async function writeFigure(path: string, figure: Figure): Promise<void> {
  writeFileSync(path, extname(path).toLowerCase() === '.svg' ? drawSVG(figure) : drawHTML(figure));
}
