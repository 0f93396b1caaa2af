/** Names in the order of the numbers within them: layer_2 before layer_10. */

export const NATURAL: Intl.Collator = new Intl.Collator('en', { numeric: true });
