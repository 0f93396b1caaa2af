/** The choice of tokens of saved activations that become points. */
import { counted } from '../../number-format';
import { mulberry32 } from '../../random';

/** The tokens to use; `sample` draws a number of tokens from all examples together, the same for every layer. */
export type TokenRule = 'last' | 'first' | 'mean' | 'all' | { readonly sample: number };

/** A mask, which is false for padding tokens, [examples * tokens]. */
export interface TokenMask {
  readonly shape: readonly number[];
  readonly valid: Uint8Array;
}

/** The points of a layer: each is one token, or the mean over the tokens of one example. */
export interface Selection {
  readonly examples: number;
  /** The number of tokens of one example. */
  readonly tokens: number;
  /** [points] The token `example * tokens + token` of each point, in rising order; for `mean`, the first token of the example. */
  readonly places: Float64Array;
  /** For `mean`, the tokens of each example that count. */
  readonly mean?: { readonly valid?: Uint8Array };
  /** A note on the tokens that were chosen and left out. */
  readonly note: string;
}

/**
 * Chooses the tokens that become points.
 *
 * @param seed seed of `sample`
 * @throws RangeError for a mask of another shape, and for a sample that is larger than the number of tokens
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
      `the mask has shape [${mask.shape}], but the activations have ${counted(examples, 'example')} of ${counted(tokens, 'token')}: give a mask [${examples}, ${tokens}]`,
    );
  }
  const isValid = (place: number): boolean => mask?.valid[place] !== 0;
  const everyPlace = (): Float64Array =>
    Float64Array.from({ length: examples * tokens }, (_, place) => place).filter(isValid);
  if (typeof rule === 'object') {
    const all = everyPlace();
    const { sample } = rule;
    if (!(Number.isInteger(sample) && sample >= 3 && sample <= all.length))
      throw new RangeError(
        `a sample must have 3 to ${all.length} tokens, since there are no more, got ${sample}`,
      );
    return {
      examples,
      tokens,
      places: drawn(all, sample, seed),
      note: `${sample.toLocaleString('en')} of ${counted(all.length.toLocaleString('en'), 'token')}`,
    };
  }
  if (rule === 'all') {
    const places = everyPlace();
    return { examples, tokens, places, note: `all ${counted(places.length.toLocaleString('en'), 'token')}` };
  }
  const places: number[] = [];
  for (let n = 0; n < examples; n++) {
    const place = placeOf(n * tokens, tokens, rule, isValid);
    if (place !== undefined) places.push(place);
  }
  const empty = examples - places.length;
  const note =
    `the ${rule} token of ${counted(places.length.toLocaleString('en'), 'example')}` +
    (empty > 0 ? `; left out are examples that consist of padding: ${empty.toLocaleString('en')}` : '');
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

/** A sample without replacement, in rising order. */
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
