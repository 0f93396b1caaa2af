/** The words of a command line, looked at before any work begins: help, and names that are misspelt. */
import { SetupError } from './report.mjs';

/**
 * Prints the usage and ends the process where help is asked for.
 *
 * @param options the options that there are; a value may follow with `=`
 * @throws SetupError for another option, with the nearest
 */
export async function checkWords(words, usage, options = []) {
  if (words.some((word) => word === '-h' || word === '--help')) {
    console.log(usage.trim());
    process.exit(0);
  }
  for (const word of words) {
    const [option] = word.split('=');
    if (!/^-+\D/.test(word) || options.includes(option)) continue;
    throw new SetupError(`there is no option ${option}.${await didYouMean(option, options)} See --help`);
  }
}

/** ` Did you mean x?` where the package that tells is installed and there is something to offer. */
export async function didYouMean(word, known) {
  try {
    const { closest } = await import('fastest-levenshtein');
    return known.length > 0 ? ` Did you mean ${closest(word, known)}?` : '';
  } catch {
    return '';
  }
}
