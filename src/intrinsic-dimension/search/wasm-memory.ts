/** Allocates the arrays of one call in the memory of a WebAssembly module. */

/** A typed array of numbers. */
type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** The number of bytes in a page of memory. */
const PAGE = 2 ** 16;
/** Arrays begin on a cache line of this many bytes. */
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

  /** Frees all arrays, and makes room for arrays of these numbers of bytes. */
  begin(...sizes: number[]): void {
    const needed = sizes.reduce((sum, size) => sum + size + LINE, this.base + LINE);
    if (needed > this.#bytes.length) {
      this.memory.grow(Math.ceil((needed - this.#bytes.length) / PAGE));
      this.#bytes = new Uint8Array(this.memory.buffer);
    }
    this.#at = this.base;
  }

  /** Reserves `size` bytes and returns their address. */
  take(size: number): number {
    const place = Math.ceil(this.#at / LINE) * LINE;
    this.#at = place + size;
    return place;
  }

  /** Copies an array into the memory, and returns its address. */
  put(array: Numbers): number {
    const place = this.take(array.byteLength);
    this.set(array, place);
    return place;
  }

  /** Copies an array to an address. */
  set(array: Numbers, place: number): void {
    this.#bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), place);
  }

  /** Copies from an address into an array. */
  get(place: number, array: Numbers): void {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(
      this.#bytes.subarray(place, place + array.byteLength),
    );
  }

  /** The float32 numbers at an address, valid until more room is made. */
  singles(place: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, place, length);
  }

  /** The words at an address, valid until more room is made. */
  words(place: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, place, length);
  }
}
