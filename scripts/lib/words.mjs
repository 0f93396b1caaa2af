/** Checks the words of a command line before any work begins: help, and misspelt names. */
import { SetupError } from './report.mjs';

/**
 * Prints the usage and ends the process if help is asked for.
 *
 * @param options the valid options; a value may follow with `=`
 * @throws SetupError for an unknown option, with the nearest valid one, and for a word that is not an option
 */
export async function checkWords(words, usage, options = []) {
  if (words.some((word) => word === '-h' || word === '--help')) {
    console.log(usage.trim());
    process.exit(0);
  }
  for (const word of words) {
    const [option] = word.split('=');
    if (options.includes(option)) continue;
    if (!/^-+\D/.test(word))
      throw new SetupError(`${word} is not an option, and would be ignored. See --help`);
    throw new SetupError(`there is no option ${option}.${await didYouMean(option, options)} See --help`);
  }
}

/** ` Did you mean x?`, if the package that finds the nearest word is installed, and there are words to choose from. */
export async function didYouMean(word, known) {
  try {
    const { closest } = await import('fastest-levenshtein');
    return known.length > 0 ? ` Did you mean ${closest(word, known)}?` : '';
  } catch {
    return '';
  }
}
