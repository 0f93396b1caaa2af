/** Reads a file with one label for each example: an array, or lines of text. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { whyUnreadable } from '../../intrinsic-dimension/files/input';
import { openArrays } from '../../intrinsic-dimension/files/open-arrays';
import { readBox } from '../../intrinsic-dimension/files/stored-array';
import { counted } from '../../number-format';

/** Labels and the file that they come from. */
export interface Labels {
  readonly file: string;
  /** [examples] The labels; equal labels are one class. */
  readonly values: readonly (number | string)[];
}

/**
 * Reads labels: .txt or .csv with one on each line, or a file with one array [examples].
 *
 * @throws Error that names the file and what is wrong with it
 */
export async function readLabels(file: string): Promise<Labels> {
  if (['.txt', '.csv'].includes(extname(file).toLowerCase())) {
    try {
      return { file, values: readFileSync(file, 'utf8').trimEnd().split(/\r?\n/) };
    } catch (error) {
      throw new Error(`cannot read ${file}: ${whyUnreadable(error)}`);
    }
  }
  const content = await openArrays(file);
  try {
    const [array] = content.arrays;
    const shapes = content.arrays.map(({ name, shape }) => `${name}[${shape}]`).join(', ');
    if (content.arrays.length !== 1 || array!.shape.length !== 1)
      throw new Error(`labels must be one array with one axis, the examples, but ${file} has ${shapes}`);
    return { file, values: Array.from(readBox(array!, { from: [0], count: array!.shape }, [0])) };
  } finally {
    content.close();
  }
}

/** @throws RangeError if the number of labels differs from that of examples, and for a single class */
export function assertLabels({ file, values }: Labels, examples: number): void {
  if (values.length !== examples)
    throw new RangeError(
      `${file} has ${counted(values.length, 'label')} for ${counted(examples, 'example')}: give one for each example`,
    );
  if (new Set(values).size < 2)
    throw new RangeError(`${file} has only the label ${values[0]}: an overlap with labels needs two classes`);
}
