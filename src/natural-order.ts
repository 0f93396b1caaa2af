/** Sorts names by the numbers within them: layer_2 comes before layer_10. */

export const NATURAL: Intl.Collator = new Intl.Collator('en', { numeric: true });
