/** Python's `random.Random(seed).shuffle`, so that a split is the same as the paper's, pair by pair. */

const STATE = 624;

/**
 * The numbers 0 .. size - 1 in the order in which `random.Random(seed).shuffle(list(range(size)))` leaves them.
 * @param seed a whole number from 0 to 2^53 - 1
 */
export function pythonShuffle(size: number, seed: number): Int32Array {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`seed ${seed} is not a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  const next = mersenneTwister(seed);
  const order = Int32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const bits = 32 - Math.clz32(i + 1);
    let j = next() >>> (32 - bits);
    while (j > i) j = next() >>> (32 - bits);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** MT19937 seeded as CPython seeds it: `init_by_array` of the seed's 32-bit words (Matsumoto and Nishimura, 1998). */
function mersenneTwister(seed: number): () => number {
  const high = Math.floor(seed / 2 ** 32);
  const key = high > 0 ? [seed >>> 0, high] : [seed >>> 0];
  const state = initialState(19650218);
  let i = 1;
  const scrambled = (factor: number): number =>
    Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), factor) ^ state[i]!;
  const advance = (): void => {
    i++;
    if (i === STATE) {
      state[0] = state[STATE - 1]!;
      i = 1;
    }
  };
  for (let k = 0; k < STATE; k++) {
    const j = k % key.length;
    state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1664525)) + key[j]! + j;
    advance();
  }
  for (let k = 1; k < STATE; k++) {
    state[i] = scrambled(1566083941) - i;
    advance();
  }
  state[0] = 0x80000000;

  let position = STATE;
  return () => {
    if (position === STATE) {
      renew(state);
      position = 0;
    }
    let y = state[position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function initialState(seed: number): Uint32Array {
  const state = new Uint32Array(STATE);
  state[0] = seed;
  for (let i = 1; i < STATE; i++) {
    state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
  }
  return state;
}

function renew(state: Uint32Array): void {
  for (let i = 0; i < STATE; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % STATE]! & 0x7fffffff);
    state[i] = state[(i + 397) % STATE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
