/**
 * The inner loops of a search in WebAssembly, from the same C++ (`native/kernel.cc`). Each call copies its data into the module's
 * memory, in parts that fit, and the results back. The copies take about a hundredth of the time of a product of 1,024 x 1,024
 * points.
 */
import type { Kernel } from './kernel';
import { WASM } from './wasm-bytes';
import { WasmMemory } from './wasm-memory';

/** The same as in `native/kernel.h`. */
const PANEL = 32;
const GROUP = 8;
/** The number of bytes of an array that are copied at a time. */
const PART = 2 ** 24;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global<'i32'>;
  multiply(...given: number[]): void;
  offerToRows(...given: number[]): void;
  offerToColumns(...given: number[]): void;
  look(...given: number[]): void;
  pack(...given: number[]): void;
  distance(...given: number[]): number;
}

type Coordinates = Float32Array | Float64Array;
/** Data, the row of each point or null, the points, and the coordinates of each. */
type Source = [data: Coordinates, kept: Int32Array | null, n: number, d: number];

const wholes = (count: number, size: number): number => Math.ceil(count / size) * size;
const down = (count: number, size: number): number => Math.floor(count / size) * size;

/** @throws Error if the host has no WebAssembly with SIMD */
export function wasmKernel(): Kernel {
  const loops = instantiate();
  const memory = new WasmMemory(loops.memory, loops.__heap_base.value);
  return {
    instructions: 'wasm',
    bfloat16: false,
    multiply: multiplyIn(memory, loops) as Kernel['multiply'],
    offer: offerIn(memory, loops) as Kernel['offer'],
    look: lookIn(memory, loops) as Kernel['look'],
    pack: packIn(memory, loops) as Kernel['pack'],
    measure: measureIn(memory, loops) as Kernel['measure'],
    distance: distanceIn(memory, loops) as Kernel['distance'],
    wordsToLine: () => 0,
  };
}

function instantiate(): Exports {
  try {
    const bytes = Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0));
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Exports;
  } catch (error) {
    throw new Error(
      `no search kernel loads: WebAssembly with SIMD is missing here (${(error as Error).message}): use Node 20.19, ` +
        'Chrome 91, Firefox 89, Safari 16.4 or newer',
    );
  }
}

/** Parts of a range, each of at most `most` and ending with a whole panel. */
function* panels(begin: number, end: number, most: number): Generator<readonly [number, number]> {
  const step = Math.max(PANEL, down(most, PANEL));
  for (let from = begin; from < end; ) {
    const to = Math.min(end, down(from, PANEL) + step);
    yield [from, to];
    from = to;
  }
}

function multiplyIn(memory: WasmMemory, loops: Exports): unknown {
  return (
    left: Uint32Array,
    right: Uint32Array,
    words: number,
    run: number,
    _halved: boolean,
    top: number,
    bottom: number,
    begin: number,
    end: number,
    out: Float32Array,
    stride: number,
    add: boolean,
    above: boolean,
    leftHalves: Float32Array | null,
    rightHalves?: Float32Array,
  ): void => {
    const bytes = 4 * words;
    const most = Math.max(PANEL, PART / Math.max(bytes, 4 * PANEL));
    for (const [from, to] of panels(top, wholes(bottom, GROUP), most)) {
      const base = down(from, PANEL);
      const rows = to - from;
      for (const [start, stop] of panels(begin, wholes(end, PANEL), Math.min(most, PART / (4 * rows)))) {
        if (above && from >= stop) continue; // The tile has no part above the diagonal.
        const width = stop - start;
        const sizes = [bytes * wholes(to - base, PANEL), bytes * width, 4 * rows * width];
        memory.begin(...sizes, 4 * (to - base), 4 * width);
        const leftAt = memory.put(left.subarray(base * words, wholes(to, PANEL) * words));
        const rightAt = memory.put(right.subarray(start * words, stop * words));
        const outAt = memory.take(4 * rows * width);
        const rowOf = (i: number): Float32Array =>
          out.subarray((from - top + i) * stride + start - begin, (from - top + i) * stride + stop - begin);
        if (add) for (let i = 0; i < rows; i++) memory.set(rowOf(i), outAt + 4 * i * width);
        loops.multiply(
          ...[leftAt, rightAt, words, run, from - base, to - base, width / PANEL, outAt, width],
          ...[add ? 1 : 0, above ? 1 : 0, base - start],
          leftHalves ? memory.put(leftHalves.subarray(base, to)) : 0,
          leftHalves ? memory.put(rightHalves!.subarray(start, stop)) : 0,
        );
        const computed = memory.singles(outAt, rows * width);
        if (width === stride) out.set(computed, (from - top) * stride);
        else for (let i = 0; i < rows; i++) rowOf(i).set(computed.subarray(i * width, (i + 1) * width));
      }
    }
  };
}

function offerIn(memory: WasmMemory, loops: Exports): unknown {
  return (
    nearness: Float32Array,
    indices: Int32Array,
    last: Float32Array,
    size: number,
    values: Float32Array,
    stride: number,
    top: number,
    bottom: number,
    left: number,
    right: number,
  ): void => {
    const offerTo = (loop: Exports['offerToRows'], first: number, end: number, tile: number[]): void => {
      const lists = [nearness.subarray(first * size, end * size), indices.subarray(first * size, end * size)];
      const all = [...lists, last.subarray(first, end)];
      const places = all.map((array) => memory.put(array));
      loop(...places, size, ...tile);
      for (const [a, array] of all.entries()) memory.get(places[a]!, array);
    };
    const most = Math.max(1, Math.floor(PART / (4 * stride)));
    for (let from = top; from < bottom; from += most) {
      const to = Math.min(bottom, from + most);
      const part = values.subarray((from - top) * stride, (to - top) * stride);
      const listed = to - from + right - left;
      memory.begin(part.byteLength, ...[size, size, 1].flatMap((of) => [4 * of * listed, 4 * of * listed]));
      const tile = [memory.put(part), stride, from, to, left, right];
      offerTo(loops.offerToRows, from, to, tile);
      offerTo(loops.offerToColumns, left, right, tile);
    }
  };
}

/** Copies the coordinates of some points. */
function putRows(memory: WasmMemory, [data, kept, , d]: Source, from: number, to: number): number {
  if (!kept) return memory.put(data.subarray(from * d, to * d));
  const bytes = d * data.BYTES_PER_ELEMENT;
  const place = memory.take((to - from) * bytes);
  for (let i = from; i < to; i++) putRow(memory, data, kept[i]!, d, place + (i - from) * bytes);
  return place;
}

function putRow(memory: WasmMemory, data: Coordinates, row: number, d: number, place: number): void {
  memory.set(data.subarray(row * d, (row + 1) * d), place);
}

function isDouble(data: Coordinates): number {
  return data instanceof Float64Array ? 1 : 0;
}

function lookIn(memory: WasmMemory, loops: Exports): unknown {
  return (
    ...[data, kept, n, d, finite, hashes, first]: [...Source, Uint8Array, Int32Array, number]
  ): void => {
    const most = Math.max(1, Math.floor(PART / (8 * d)));
    for (let from = 0; from < n; from += most) {
      const to = Math.min(n, from + most);
      memory.begin(8 * d * (to - from), to - from, 4 * (to - from));
      const rows = putRows(memory, [data, kept, n, d], from, to);
      const [finiteAt, hashesAt] = [memory.take(to - from), memory.take(4 * (to - from))];
      loops.look(rows, isDouble(data), to - from, d, finiteAt, hashesAt);
      memory.get(finiteAt, finite.subarray(first + from, first + to));
      memory.get(hashesAt, hashes.subarray(first + from, first + to));
    }
  };
}

function packIn(memory: WasmMemory, loops: Exports): unknown {
  return (
    data: Coordinates,
    kept: Int32Array | null,
    n: number,
    d: number,
    from: number,
    count: number,
    target: Uint32Array,
    words: number,
    _halved: boolean,
    center: Float64Array,
    scale: number,
    ranges: Int32Array,
    squares: Float64Array,
    errors: Float64Array,
    to: number,
  ): void => {
    for (const [first, end] of panels(to, to + count, PART / (8 * d))) {
      const base = down(first, PANEL);
      const room = 4 * words * wholes(end - base, PANEL);
      const size = end - first;
      memory.begin(8 * d * size, room, center.byteLength, ranges.byteLength, 8 * size, 8 * size);
      const rows = putRows(memory, [data, kept, n, d], from + first - to, from + end - to);
      const targetAt = memory.take(room);
      const [centerAt, rangesAt] = [memory.put(center), memory.put(ranges)];
      const sums = [squares.subarray(first, end), errors.subarray(first, end)] as const;
      const [squaresAt, errorsAt] = sums.map((array) => memory.put(array)) as [number, number];
      // The sums begin with point `base`.
      const before = 8 * (first - base);
      loops.pack(
        ...[rows, isDouble(data), size, d, targetAt, words, centerAt, scale, rangesAt, ranges.length / 2],
        ...[squaresAt - before, errorsAt - before, first - base],
      );
      memory.get(squaresAt, sums[0]);
      memory.get(errorsAt, sums[1]);
      copyPoints(
        memory.words(targetAt, room / 4),
        target.subarray(base * words),
        words,
        first - base,
        end - base,
      );
    }
  };
}

/** Copies packed points `first` .. `end` - 1: complete panels at once, and single points of the others. */
function copyPoints(from: Uint32Array, to: Uint32Array, words: number, first: number, end: number): void {
  for (let panel = 0; panel < end; panel += PANEL) {
    const begin = Math.max(first - panel, 0);
    const stop = Math.min(end - panel, PANEL);
    const [start, last] = [panel * words, (panel + PANEL) * words];
    if (stop - begin === PANEL) to.set(from.subarray(start, last), start);
    else
      for (let word = start; word < last; word += PANEL)
        for (let point = word + begin; point < word + stop; point++) to[point] = from[point]!;
  }
}

function measureIn(memory: WasmMemory, loops: Exports): unknown {
  return (
    ...[data, kept, , d, ranges, is, js, limits, out]: [
      ...Source,
      ranges: Int32Array,
      i: Int32Array,
      j: Int32Array,
      limits: Float64Array,
      out: Float64Array,
    ]
  ): void => {
    memory.begin(8 * d, 8 * d, ranges.byteLength);
    const [x, y, rangesAt] = [memory.take(8 * d), memory.take(8 * d), memory.put(ranges)];
    let copied = -1;
    for (let p = 0; p < out.length; p++) {
      const [i, j] = [is[p]!, js[p]!];
      if (i !== copied) putRow(memory, data, kept ? kept[i]! : i, d, x);
      copied = i;
      putRow(memory, data, kept ? kept[j]! : j, d, y);
      out[p] = loops.distance(x, y, isDouble(data), rangesAt, ranges.length / 2, limits[p]!);
    }
  };
}

function distanceIn(memory: WasmMemory, loops: Exports): unknown {
  return (x: Coordinates, y: Coordinates, ranges: Int32Array, limit: number, out: Float64Array): void => {
    memory.begin(x.byteLength, y.byteLength, ranges.byteLength);
    const [xAt, yAt, rangesAt] = [memory.put(x), memory.put(y), memory.put(ranges)];
    out[0] = loops.distance(xAt, yAt, isDouble(x), rangesAt, ranges.length / 2, limit);
  };
}
