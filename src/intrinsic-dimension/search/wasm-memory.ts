/** Room in the memory of a WebAssembly module, for the arrays of one call. */

/** Numbers in a row, of any type. */
type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Bytes of a page of memory. */
const PAGE = 2 ** 16;
/** Arrays begin with a line of the cache. */
const LINE = 64;

export class WasmMemory {
  #bytes: Uint8Array;
  #at: number;

  /** @param base the first byte that the module itself does not use */
  constructor(
    readonly memory: WebAssembly.Memory,
    readonly base: number,
  ) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#at = base;
  }

  /** Gives up what was taken, and makes room for arrays of so many bytes each. */
  begin(...sizes: number[]): void {
    const needed = sizes.reduce((sum, size) => sum + size + LINE, this.base + LINE);
    if (needed > this.#bytes.length) {
      this.memory.grow(Math.ceil((needed - this.#bytes.length) / PAGE));
      this.#bytes = new Uint8Array(this.memory.buffer);
    }
    this.#at = this.base;
  }

  /** The place of so many bytes. */
  take(size: number): number {
    const place = Math.ceil(this.#at / LINE) * LINE;
    this.#at = place + size;
    return place;
  }

  /** Copies an array, and returns its place. */
  put(array: Numbers): number {
    const place = this.take(array.byteLength);
    this.set(array, place);
    return place;
  }

  /** Copies an array to a place. */
  set(array: Numbers, place: number): void {
    this.#bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), place);
  }

  /** Copies what lies at a place into an array. */
  get(place: number, array: Numbers): void {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(
      this.#bytes.subarray(place, place + array.byteLength),
    );
  }

  /** The float32 numbers at a place, until more room is made. */
  singles(place: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, place, length);
  }

  /** The words at a place, until more room is made. */
  words(place: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, place, length);
  }
}
