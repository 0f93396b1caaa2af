/** What the page calls the options of reading a file: the labels of its controls. */
import type { OptionWords, ReadOption } from '../../src/intrinsic-dimension/files/option-words';

/** The options that have a control. */
export type Control = Exclude<ReadOption, 'flatten'>;

const LABELS: Readonly<Record<Control, string>> = {
  key: 'Array',
  distances: 'Contents',
  columns: 'Take columns',
  dropColumn: 'Leave out columns',
  header: 'First row',
  format: 'Format',
};

/** What the first row of a text is, if it is names. */
const ROW: Readonly<Record<string, string>> = { true: 'names', false: 'a point' };

/** `“First row: a point”`, or `“Leave out columns”` without a value. */
export const onPage: OptionWords = (option, value) => {
  if (option === 'flatten') return 'the page'; // which always does
  const said =
    option === 'distances'
      ? 'distances'
      : option === 'header' && value !== undefined
        ? ROW[`${value}`]
        : value;
  return `“${LABELS[option]}${said === undefined ? '' : `: ${said}`}”`;
};

/** The controls that texts name, in their order. */
export function controlsIn(...texts: readonly string[]): Control[] {
  const text = texts.join('\n');
  const at = (control: string): number => text.indexOf(`“${LABELS[control as Control]}`);
  return (Object.keys(LABELS) as Control[])
    .filter((control) => at(control) >= 0)
    .sort((a, b) => at(a) - at(b));
}
