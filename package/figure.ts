/** Figures of the package, which are drawn without a document, so that no browser is needed. */
import type { Figure } from '../src/figures/figure';
import { drawHTML, drawSVG } from './draw';

export async function toSVG(figure: Figure): Promise<string> {
  return drawSVG(figure);
}

export function toHTML(figure: Figure): string {
  return drawHTML(figure);
}
