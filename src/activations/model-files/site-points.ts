/** The activations of a batch as points: what the axes of a site are, and which tokens are taken. */
import { bisectLeft } from 'd3-array';
import { bufferBytes } from '../../intrinsic-dimension/files/byte-source';
import { stridesOf } from '../../intrinsic-dimension/files/stored-array';
import { counted } from '../../number-format';
import { type Axes, axesOf } from '../saved/axes';
import { savedPoints } from '../saved/saved-points';
import type { Selection } from '../saved/tokens';
import type { Activation } from './file-network';

/**
 * The axes of an activation. The first axis counts the examples. The others are features, unless tokens were named and there are
 * three axes, or `said` has a text of this rank. There is thus only one reading.
 *
 * @param maskTokens the number of tokens of one example in the mask, if there is one; a second axis of another length does not
 *   count tokens
 * @throws RangeError for axes that do not begin with the examples
 */
export function siteAxes(
  shape: readonly number[],
  said: string | undefined,
  tokens: boolean,
  maskTokens?: number,
): Axes {
  const texts = said?.split(',').map((text) => text.trim().toUpperCase()) ?? [];
  const wrong = texts.find((text) => !text.startsWith('N') || text.includes('L'));
  if (wrong !== undefined)
    throw new RangeError(
      `the first axis of a network's activations is the examples, N, and none is the layers; got axes '${wrong}'`,
    );
  const fitting = texts.find((text) => text.length === shape.length);
  if (fitting !== undefined) return axesOf(shape, { axes: fitting, shared: false, tokens });
  const isMasked = maskTokens === undefined || shape[1] === maskTokens;
  if (shape.length === 3 && tokens && isMasked) return { text: 'NTD', why: 'tokens were named' };
  const why = isMasked ? '' : `, since the mask has ${counted(maskTokens, 'token')}`;
  const flattened = shape.length > 2 ? { why: `all axes behind the examples are flattened${why}` } : {};
  return { text: `N${'D'.repeat(Math.max(0, shape.length - 1))}`, ...flattened };
}

/**
 * The points of a batch.
 *
 * @param start the first example of the batch
 * @returns [points of the batch, features]
 */
export function batchPoints(
  { data, shape }: Activation,
  axes: Axes,
  selection: Selection,
  start: number,
): Float32Array {
  const { places, tokens, mean } = selection;
  const [from, to] = [start * tokens, (start + shape[0]!) * tokens];
  const part: Selection = {
    ...selection,
    places: places.slice(bisectLeft(places, from), bisectLeft(places, to)).map((place) => place - from),
    ...(mean?.valid ? { mean: { valid: mean.valid.subarray(from, to) } } : {}),
  };
  const array = {
    name: '',
    type: 'f4',
    bigEndian: false,
    shape,
    strides: stridesOf(shape),
    offset: 0,
    source: bufferBytes(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  };
  return savedPoints(array, axes, 0, part, Number.POSITIVE_INFINITY).data as Float32Array;
}
