/** Lists of the nearest points so far, kept by WebAssembly's SIMD: `shortlist.wat`, assembled by `npm run assemble`. */

const MODULE = new WebAssembly.Module(
  Buffer.from(
    'AGFzbQEAAAABDgJgA39/fQBgBH9/f38AAkwFBGhvc3QGbWVtb3J5AgABBGhvc3QEc2l6ZQN/AARob3N0BWxlYXN0A38ABGhvc3QIbmVhcm5lc3MDfwAEaG9zdAdpbmRpY2VzA38AAwQDAAABBwkBBW9mZmVyAAIKhQQDigECA38BfSMDIwJrIQMjAiAAIwBsaiEEIAQjAGpBBGshBQJAA0AgBSAERg0BIAVBBGsqAgAhBiAGIAJdRQ0BIAUgBjgCACAFIANqIAUgA2pBBGsoAgA2AgAgBUEEayEFDAALCyAFIAI4AgAgBSADaiABNgIAIwEgAEECdGogBCMAakEEayoCADgCAAs0ACACIwEgAEECdGoqAgBeBEAgACABIAIQAAsgAiMBIAFBAnRqKgIAXgRAIAEgACACEAALC8ECAwF7A38EeyMBIAFBAnRqIQUCQANAIAJBwABqIANLDQEjASAAQQJ0av0JAgAhBCAC/QAEACEIIAL9AAQQIQkgAv0ABCAhCiAC/QAEMCELIAggBP1EIAggBf0ABAD9RP1QIQggCSAE/UQgCSAF/QAEEP1E/VAhCSAKIAT9RCAKIAX9AAQg/UT9UCEKIAsgBP1EIAsgBf0ABDD9RP1QIQsgCCAJ/VAgCiAL/VD9UP1TBEAgCP2kASAJ/aQBQQR0ciAK/aQBQQh0IAv9pAFBDHRyciEGA0AgBmghByAAIAEgB2ogAiAHQQJ0aioCABABIAYgBkEBa3EhBiAGDQALCyACQcAAaiECIAVBwABqIQUgAUEQaiEBDAALCwJAA0AgAiADTw0BIAAgASACKgIAEAEgAkEEaiECIAFBAWohAQwACwsL',
    'base64',
  ),
);

/** Bytes of one page of WebAssembly's memory. */
const PAGE = 2 ** 16;
const MOST_PAGES = 2 ** 16;

/** Of the pairs of a row from `column` on; `begin` and `end` are addresses. */
type Offer = (row: number, column: number, begin: number, end: number) => void;

/** Of each of `n` points the `size` nearest that were offered, by nearness -|y_i - y_j|^2 / 2. */
export class NearestLists {
  /** [n * size] Nearest first. */
  readonly indices: Int32Array;
  /** [n * size] */
  readonly nearness: Float32Array;
  readonly #row: Float32Array;
  readonly #offer: Offer;

  /**
   * @param width the most pairs that are offered at once
   * @throws RangeError when the lists need more than the 4 GiB that WebAssembly can have
   */
  constructor(n: number, size: number, width: number) {
    const least = 4 * width;
    const nearness = least + 4 * n;
    const indices = nearness + 4 * n * size;
    const pages = Math.ceil((indices + 4 * n * size) / PAGE);
    if (pages > MOST_PAGES) {
      throw new RangeError(
        `${size} candidates for each of ${n} points take more than 4 GiB: look at fewer neighbours, or fewer points`,
      );
    }
    const memory = new WebAssembly.Memory({ initial: pages });
    this.#row = new Float32Array(memory.buffer, 0, width);
    new Float32Array(memory.buffer, least, n + n * size).fill(Number.NEGATIVE_INFINITY);
    this.nearness = new Float32Array(memory.buffer, nearness, n * size);
    this.indices = new Int32Array(memory.buffer, indices, n * size);
    const host = { memory, size: 4 * size, least, nearness, indices };
    const { exports } = new WebAssembly.Instance(MODULE, { host });
    this.#offer = exports.offer as Offer;
  }

  /** Offers the pairs of point `row` with the points from number `column` on to both of their points. */
  offer(row: number, column: number, nearness: Float32Array): void {
    this.#row.set(nearness);
    this.#offer(row, column, 0, 4 * nearness.length);
  }
}
