/** What a misspelt word was meant to be. */
import { distance } from 'fastest-levenshtein';

/** The word that takes the fewest edits, upper and lower case alike. */
export function nearest(misspelt: string, words: readonly string[]): string {
  const far = (word: string): number => distance(misspelt.toLowerCase(), word.toLowerCase());
  return words.reduce((best, word) => (far(word) < far(best) ? word : best));
}
