/** Chooses layers by their names, in which * stands for any text. */
import { nearest } from '../given';

/**
 * @returns the layers of each name or pattern, in the order of the patterns
 * @throws RangeError for a name that no layer has, with the nearest one
 */
export function chooseSites<Layer extends { readonly site: string }>(
  layers: readonly Layer[],
  wanted: readonly string[] | undefined,
): readonly Layer[] {
  if (wanted === undefined) return layers;
  const found = wanted.flatMap((glob) => {
    const pattern = new RegExp(`^${glob.split('*').map(literal).join('.*')}$`);
    const matching = layers.filter(({ site }) => pattern.test(site));
    if (matching.length > 0) return matching;
    const names = layers.map(({ site }) => site);
    const listed = names.slice(0, 12).join(', ') + (names.length > 12 ? ', ...' : '');
    throw new RangeError(
      `no layer is called '${glob}': did you mean '${nearest(glob, names)}'? There are ${listed}`,
    );
  });
  return [...new Set(found)];
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
