/** The meaning of the axes of saved activations: L layers, N examples, T tokens or places, D features. */
import { counted } from '../../number-format';

/** The role of each axis. */
export interface Axes {
  /** A letter for each axis, such as LNTD; several axes T, or several axes D, are combined. */
  readonly text: string;
  /** The reason for this reading, in words; undefined if the caller chose it. */
  readonly why?: string;
}

/** Information about the axes besides the shape. */
export interface AxesEvidence {
  /** The user's choice: one text, or several separated by commas for arrays of different rank. */
  readonly axes?: string;
  /** True if this is one of several arrays that all have the same length along their first axis. */
  readonly shared: boolean;
  /** True if the user has chosen tokens, or named those that are padding. */
  readonly tokens: boolean;
}

/** The limit between layers and examples: fewer examples give no useful estimate, and typical networks do not have more layers. */
const FEW = 100;
/** The most layers that a network may have. */
const MOST_LAYERS = 256;

/** Positions of a letter's axes. */
export function axesNamed({ text }: Axes, letter: 'L' | 'N' | 'T' | 'D'): number[] {
  return [...text].flatMap((found, axis) => (found === letter ? [axis] : []));
}

/**
 * The axes of an array: those that were chosen, or those that its shape implies if it can be read in one way only.
 *
 * @throws RangeError for axes that do not fit, and for a shape that can be read in several ways, with these ways
 */
export function axesOf(shape: readonly number[], evidence: AxesEvidence): Axes {
  if (evidence.axes !== undefined) return { text: said(evidence.axes, shape) };
  const [first = 0, second = 0] = shape;
  if (shape.length === 2) return { text: 'ND', why: 'two axes are examples and features' };
  if (shape.length === 3) {
    if (evidence.tokens) return { text: 'NTD', why: 'tokens were named' };
    if (evidence.shared && first >= FEW)
      return { text: 'NTD', why: 'all arrays have the same number of examples' };
    if (first > MOST_LAYERS) return { text: 'NTD', why: `${first} are too many for layers` };
    if (first < FEW && second >= FEW) return { text: 'LND', why: `${first} are too few for examples` };
    throw ambiguous(shape, ['LND', 'NTD']);
  }
  if (shape.length === 4) {
    if (first < FEW && second >= FEW) return { text: 'LNTD', why: `${first} are too few for examples` };
    if (evidence.shared && first >= FEW && !evidence.tokens)
      return {
        text: 'NDDD',
        why: 'all arrays have the same number of examples, and three axes of features are flattened',
      };
    throw ambiguous(shape, ['LNTD', 'NLTD', 'NDDD', 'NTTD', 'NDTT']);
  }
  throw new RangeError(
    `its shape is [${shape}], but activations have two to four axes: name them with --axes, such as ${'NDDDDDDD'.slice(0, Math.max(2, shape.length))}`,
  );
}

const READINGS: Readonly<Record<string, string>> = {
  LND: 'layers, examples, features',
  NTD: 'examples, tokens, features',
  LNTD: 'layers, examples, tokens, features',
  NLTD: 'examples, layers, tokens, features',
  NDDD: 'examples, and three axes of features that are flattened',
  NTTD: 'examples, places in two axes, channels',
  NDTT: 'examples, channels, places in two axes',
};

function ambiguous(shape: readonly number[], texts: readonly string[]): RangeError {
  const choices = texts.map((text) => `${text} (${READINGS[text]})`).join(', ');
  return new RangeError(
    `its shape [${shape}] can be read in several ways: choose with --axes one of ${choices}`,
  );
}

function said(text: string, shape: readonly number[]): string {
  const all = text.split(',').map((one) => one.trim().toUpperCase());
  for (const one of all) {
    if (!/^[LNTD]+$/.test(one) || !/^[^N]*N[^N]*$/.test(one) || (one.match(/L/g) ?? []).length > 1) {
      throw new RangeError(
        `axes must consist of the letters L, N, T and D, with one N and at most one L, as in LNTD; got '${one}'`,
      );
    }
    if (!one.includes('D')) throw new RangeError(`axes '${one}' name no features: add a D`);
  }
  const fitting = all.filter((one) => one.length === shape.length);
  if (fitting.length === 1) return fitting[0]!;
  throw new RangeError(
    `its shape [${shape}] has ${counted(shape.length, 'axis', 'axes')}, but --axes ${text} names ${all.map((one) => one.length).join(' or ')}: ` +
      'give one letter for each axis, and texts for several ranks separated by commas',
  );
}
