/** Converts the numbers of a file to the type of a network's input. */

type Whole = (numbers: Float32Array | Float64Array) => ArrayBufferView;

/** The least and the greatest number of each type of whole numbers, and its array. */
const WHOLE: Readonly<Record<string, readonly [number, number, Whole]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1, (numbers) => Int8Array.from(numbers)],
  uint8: [0, 2 ** 8 - 1, (numbers) => Uint8Array.from(numbers)],
  int16: [-(2 ** 15), 2 ** 15 - 1, (numbers) => Int16Array.from(numbers)],
  uint16: [0, 2 ** 16 - 1, (numbers) => Uint16Array.from(numbers)],
  int32: [-(2 ** 31), 2 ** 31 - 1, (numbers) => Int32Array.from(numbers)],
  uint32: [0, 2 ** 32 - 1, (numbers) => Uint32Array.from(numbers)],
  int64: [-(2 ** 53), 2 ** 53, (numbers) => BigInt64Array.from(Array.from(numbers, BigInt))],
  uint64: [0, 2 ** 53, (numbers) => BigUint64Array.from(Array.from(numbers, BigInt))],
  bool: [0, 1, (numbers) => Uint8Array.from(numbers)],
};

/**
 * @param type float32, int64, bool, ...
 * @param name of the input, for errors
 * @throws RangeError for numbers that the type cannot hold, and for a type that is not one of numbers
 */
export function typedNumbers(
  numbers: Float32Array | Float64Array,
  type: string,
  name: string,
): ArrayBufferView {
  if (type === 'float32') return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  if (type === 'float64') return Float64Array.from(numbers);
  if (type === 'float16') return Uint16Array.from(numbers, halfOf);
  const whole = WHOLE[type];
  if (!whole)
    throw new RangeError(`input '${name}' takes ${type}, and files of inputs hold numbers: it cannot be fed`);
  const [least, most, convert] = whole;
  const wrong = numbers.find((number) => !(Number.isInteger(number) && number >= least && number <= most));
  if (wrong !== undefined)
    throw new RangeError(
      `input '${name}' takes ${type}, and its file has ${wrong}: give whole numbers from ${least} to ${most}`,
    );
  return convert(numbers);
}

const SINGLE = new Float32Array(1);
const BITS = new Uint32Array(SINGLE.buffer);

/** The bits of the nearest binary16 number, and the even one if two are equally near (IEEE 754). */
function halfOf(number: number): number {
  SINGLE[0] = number;
  const [bits] = BITS as unknown as [number];
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.abs(SINGLE[0]);
  if (Number.isNaN(number)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // Below 2^-14, the numbers lie 2^-24 apart; above, they lie a 1024th of the power of two apart.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const step = 2 ** (Math.max(-14, exponent) - 10);
  const steps = roundToEven(size / step);
  return sign | (size < 2 ** -14 ? steps : ((exponent + 15) << 10) + (steps - 1024));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return rest > 0.5 ? floor + 1 : floor;
}
