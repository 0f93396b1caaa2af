/** Which tokens of saved activations become points. */
import { mulberry32 } from '../../random';

/** Which tokens are taken; `sample` takes so many of all examples together, the same of every layer. */
export type TokenRule = 'last' | 'first' | 'mean' | 'all' | { readonly sample: number };

/** The tokens that are padding have false; [examples * tokens]. */
export interface TokenMask {
  readonly shape: readonly number[];
  readonly valid: Uint8Array;
}

/** The points of a layer: each is one token, or the mean over the tokens of one example. */
export interface Selection {
  readonly examples: number;
  /** Tokens of one example. */
  readonly tokens: number;
  /** [points] The token `example * tokens + token` of each point, rising; the first token of the example for `mean`. */
  readonly places: Float64Array;
  /** For `mean`: which tokens of each example count. */
  readonly mean?: { readonly valid?: Uint8Array };
  /** What was chosen and what was left out, in words. */
  readonly note: string;
}

/**
 * Chooses the tokens that become points.
 *
 * @param seed of `sample`
 * @throws RangeError for a mask of another shape, and a sample larger than what there is
 */
export function selectTokens(
  examples: number,
  tokens: number,
  rule: TokenRule,
  mask: TokenMask | undefined,
  seed: number,
): Selection {
  if (mask && mask.valid.length !== examples * tokens) {
    throw new RangeError(
      `the mask has shape [${mask.shape}], and the activations have ${examples} examples of ${tokens} tokens: give a mask [${examples}, ${tokens}]`,
    );
  }
  const isValid = (place: number): boolean => mask?.valid[place] !== 0;
  const everyPlace = (): Float64Array =>
    Float64Array.from({ length: examples * tokens }, (_, place) => place).filter(isValid);
  const counted = (n: number): string => n.toLocaleString('en');
  if (typeof rule === 'object') {
    const all = everyPlace();
    const { sample } = rule;
    if (!(Number.isInteger(sample) && sample >= 3 && sample <= all.length))
      throw new RangeError(`a sample needs 3 to ${all.length} tokens, as many as there are, got ${sample}`);
    return {
      examples,
      tokens,
      places: drawn(all, sample, seed),
      note: `${counted(sample)} of ${counted(all.length)} tokens`,
    };
  }
  if (rule === 'all') {
    const places = everyPlace();
    return { examples, tokens, places, note: `all ${counted(places.length)} tokens` };
  }
  const places: number[] = [];
  for (let n = 0; n < examples; n++) {
    const place = placeOf(n * tokens, tokens, rule, isValid);
    if (place !== undefined) places.push(place);
  }
  const empty = examples - places.length;
  const note =
    `the ${rule} token of ${counted(places.length)} examples` +
    (empty > 0 ? `; examples of padding alone that are left out: ${counted(empty)}` : '');
  return {
    examples,
    tokens,
    places: Float64Array.from(places),
    ...(rule === 'mean' ? { mean: mask ? { valid: mask.valid } : {} } : {}),
    note: rule === 'mean' ? note.replace('mean token', 'mean over the tokens') : note,
  };
}

function placeOf(
  start: number,
  tokens: number,
  rule: 'last' | 'first' | 'mean',
  isValid: (place: number) => boolean,
): number | undefined {
  for (let i = 0; i < tokens; i++) {
    const place = rule === 'last' ? start + tokens - 1 - i : start + i;
    if (isValid(place)) return rule === 'mean' ? start : place;
  }
  return undefined;
}

/** Without replacement, in rising order. */
function drawn(all: Float64Array, count: number, seed: number): Float64Array {
  const uniform = mulberry32(seed);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(uniform() * (all.length - i));
    const place = all[i]!;
    all[i] = all[j]!;
    all[j] = place;
  }
  return all.slice(0, count).sort();
}
