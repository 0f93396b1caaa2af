/**
 * The loops over matrices, as `native/matrix.h` has them, in JavaScript. The WebAssembly kernel has these, since a matrix would have
 * to be copied to the module's memory and back for each of its rows.
 */
import type { MatrixLoops } from './kernel';

/** The loops in JavaScript. */
export const MATRIX_LOOPS: MatrixLoops = {
  innerProducts(rows, n, d, first, last, out) {
    for (let i = first; i < last; i++) {
      const [begin, end] = [i * d, (i + 1) * d];
      let j = 0;
      // Four sums at a time need not wait for each other, which halves the time (500 x 2,000).
      for (; j + 3 <= i; j += 4) {
        let [a, b, c, e] = [0, 0, 0, 0];
        for (let p = begin, q = j * d; p < end; p++, q++) {
          const factor = rows[p]!;
          a += factor * rows[q]!;
          b += factor * rows[q + d]!;
          c += factor * rows[q + 2 * d]!;
          e += factor * rows[q + 3 * d]!;
        }
        out.set([a, b, c, e], i * n + j);
      }
      for (; j <= i; j++) {
        let sum = 0;
        for (let p = begin, q = j * d; p < end; p++, q++) sum += rows[p]! * rows[q]!;
        out[i * n + j] = sum;
      }
    }
  },

  reduce(matrix, size, from, v, w, next, products) {
    for (let i = from; i < size; i++) {
      const [vi, wi] = [v[i]!, w[i]!];
      let product = 0;
      for (let c = from, p = i * size + from; c < size; c++, p++) {
        const value = matrix[p]! - vi * w[c]! - wi * v[c]!;
        matrix[p] = value;
        product += value * next[c]!;
      }
      products[i] = product;
    }
  },

  reflect(reflectors, scales, rows, size, first, last) {
    for (let i = first; i < last; i++) {
      const row = rows.subarray(i * size, (i + 1) * size).fill(0);
      row[i] = 1;
      for (let k = i - 1; k >= 0; k--) {
        let product = 0;
        for (let c = k + 1, p = k * size + c; c < size; c++, p++) product += reflectors[p]! * row[c]!;
        product *= scales[k]!;
        for (let c = k + 1, p = k * size + c; c < size; c++, p++) row[c]! -= product * reflectors[p]!;
      }
    }
  },

  rotate(rows, size, upper, cosines, sines, count) {
    for (let r = 0; r < count; r++) {
      const [cosine, sine] = [cosines[r]!, sines[r]!];
      for (let above = upper[r]! * size, below = above + size, end = below; above < end; above++, below++) {
        // As a pair, these two take twice as long.
        const x = rows[above]!;
        const y = rows[below]!;
        rows[below] = sine * x + cosine * y;
        rows[above] = cosine * x - sine * y;
      }
    }
  },
};
