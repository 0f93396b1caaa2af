/** Seeded generators of numbers and permutations, for every station. */

/** 2^32 / golden ratio, odd: its multiples are distinct modulo 2^32 and lie far apart. */
export const GOLDEN = 0x9e3779b9;

/** A generator of numbers uniform in [0, 1), period 2^32 (mulberry32 by T. Ettinger, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A seed for one of many independent streams of a run (an epoch's order, a variable's initial values). Both numbers go through
 * murmur3's finaliser, so that the generators of neighbouring seeds and streams are unrelated.
 */
export function streamSeed(seed: number, stream: number): number {
  return finalise(finalise(seed) + Math.imul(stream, GOLDEN));
}

/** Standard normal numbers from uniform ones (Box and Muller 1958). */
export function normals(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // 1 - u is never 0
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/**
 * Logarithms of gamma-distributed numbers of a given shape and rate 1 (Marsaglia and Tsang 2000). They are finite for small
 * shapes, too, where the numbers themselves would be rounded to 0.
 */
export function logGammas(uniform: () => number): (shape: number) => number {
  const normal = normals(uniform);
  const above1 = (shape: number): number => {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
    }
  };
  return (shape) => (shape >= 1 ? above1(shape) : above1(shape + 1) + Math.log(1 - uniform()) / shape);
}

/** A permutation of 0 .. n-1 (Fisher and Yates), a pure function of its arguments, independent for each stream. */
export function shuffled(n: number, seed: number, stream = 0): Int32Array {
  const uniform = mulberry32(streamSeed(seed, stream));
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    const value = order[i]!;
    order[i] = order[j]!;
    order[j] = value;
  }
  return order;
}

/** murmur3's 32-bit finaliser: every bit of the input changes half of the bits of the output. */
function finalise(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
