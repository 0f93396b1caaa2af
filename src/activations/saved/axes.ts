/** What the axes of saved activations are: L layers, N examples, T tokens or places, D features. */

/** The role of each axis. */
export interface Axes {
  /** A letter for each axis, such as LNTD; axes with the same letter, T or D, are taken together. */
  readonly text: string;
  /** How that was found, in words; undefined where the caller has said it. */
  readonly why?: string;
}

/** What is known besides the shape. */
export interface AxesEvidence {
  /** What the user says: one text, or several for arrays of different rank, separated by commas. */
  readonly axes?: string;
  /** Whether this is one of several arrays that all have as many elements along their first axis. */
  readonly shared: boolean;
  /** Whether the user has said which tokens to take, or which are padding. */
  readonly tokens: boolean;
}

/** Fewer examples than this give no estimate worth a layer's name, and no network saved here has more layers. */
const FEW = 100;
/** No network has more layers. */
const MOST_LAYERS = 256;

/** Positions of a letter's axes. */
export function axesNamed({ text }: Axes, letter: 'L' | 'N' | 'T' | 'D'): number[] {
  return [...text].flatMap((found, axis) => (found === letter ? [axis] : []));
}

/**
 * The axes of an array: as they were said, or from its shape where that leaves one reading.
 *
 * @throws RangeError for axes that do not fit, and for a shape that can be read in several ways, with these ways
 */
export function axesOf(shape: readonly number[], evidence: AxesEvidence): Axes {
  if (evidence.axes !== undefined) return { text: said(evidence.axes, shape) };
  const [first = 0, second = 0] = shape;
  if (shape.length === 2) return { text: 'ND', why: 'two axes are examples and features' };
  if (shape.length === 3) {
    if (evidence.tokens) return { text: 'NTD', why: 'tokens were named' };
    if (evidence.shared && first >= FEW) return { text: 'NTD', why: 'all arrays have as many examples' };
    if (first > MOST_LAYERS) return { text: 'NTD', why: `${first} are too many for layers` };
    if (first < FEW && second >= FEW) return { text: 'LND', why: `${first} are too few for examples` };
    throw ambiguous(shape, ['LND', 'NTD']);
  }
  if (shape.length === 4) {
    if (first < FEW && second >= FEW) return { text: 'LNTD', why: `${first} are too few for examples` };
    if (evidence.shared && first >= FEW && !evidence.tokens)
      return {
        text: 'NDDD',
        why: 'all arrays have as many examples, and three axes of features are flattened',
      };
    throw ambiguous(shape, ['LNTD', 'NLTD', 'NDDD', 'NTTD', 'NDTT']);
  }
  throw new RangeError(
    `its shape is [${shape}], and activations have two to four axes: name them with --axes, such as ${'NDDDDDDD'.slice(0, Math.max(2, shape.length))}`,
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
    `its shape [${shape}] can be read in several ways: say --axes with one of ${choices}`,
  );
}

function said(text: string, shape: readonly number[]): string {
  const all = text.split(',').map((one) => one.trim().toUpperCase());
  for (const one of all) {
    if (!/^[LNTD]+$/.test(one) || !/^[^N]*N[^N]*$/.test(one) || (one.match(/L/g) ?? []).length > 1) {
      throw new RangeError(
        `axes are made of the letters L, N, T and D, with one N and at most one L, got '${one}': such as LNTD`,
      );
    }
    if (!one.includes('D')) throw new RangeError(`axes '${one}' name no features: add a D`);
  }
  const fitting = all.filter((one) => one.length === shape.length);
  if (fitting.length === 1) return fitting[0]!;
  throw new RangeError(
    `its shape [${shape}] has ${shape.length} axes, and --axes ${text} names ${all.map((one) => one.length).join(' or ')}: ` +
      'give one letter for each axis, and texts for several ranks separated by commas',
  );
}
