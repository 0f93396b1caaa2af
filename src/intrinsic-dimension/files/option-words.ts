/** How messages name the options of reading a file: as in code, or as the command line or a page calls them. */

/** The options that messages name. */
export type ReadOption = 'format' | 'key' | 'flatten' | 'columns' | 'dropColumn' | 'header' | 'distances';

/** An option, with its value if a message proposes one, in the words of those who read the message. */
export type OptionWords = (option: ReadOption, value?: string | boolean) => string;

/** `dropColumn: '2'` */
export const inCode: OptionWords = (option, value) => {
  if (option === 'distances') return 'readDistances';
  return value === undefined ? option : `${option}: ${typeof value === 'string' ? `'${value}'` : value}`;
};

/** `--drop-column 2` */
export const onCommandLine: OptionWords = (option, value) => {
  const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (value === false) return `--no-${name}`;
  return typeof value === 'string' ? `--${name} ${value}` : `--${name}`;
};
