/**
 * The inner loops of a search in WebAssembly, from the same C++ (`native/kernel.cc`). Each call copies its data into the module's
 * memory, in parts that fit, and the results back. The copies take about a hundredth of the time of a product of 1,024 x 1,024
 * points.
 */
import { threads } from '../../threads';
import type { Coordinates, Kernel, Source } from './kernel';
import { MATRIX_LOOPS } from './matrix-loops';
import { WASM } from './wasm-bytes';
import { WasmMemory } from './wasm-memory';
import { type Exports, type Team, wasmTeam } from './wasm-team';
import { down, wholes } from './wholes';

/** The number of bytes of an array that are copied at a time. */
const PART = 2 ** 24;

/** @throws Error if the host has no WebAssembly with SIMD */
export function wasmKernel(): Kernel {
  const team = load();
  const { loops } = team;
  const memory = new WasmMemory(team.memory, team.base);
  return {
    instructions: 'wasm',
    bfloat16: false,
    panel: loops.panel(),
    group: loops.group(),
    multiply: multiplyIn(memory, team),
    offer: offerIn(memory, team),
    look: lookIn(memory, loops),
    pack: packIn(memory, loops),
    measure: measureIn(memory, loops),
    distance: distanceIn(memory, loops),
    ...MATRIX_LOOPS,
    wordsToLine: () => 0,
  };
}

function load(): Team {
  try {
    return wasmTeam(
      Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0)),
      threads(),
    );
  } catch (error) {
    throw new Error(
      `no search kernel loads: WebAssembly with SIMD is missing here (${(error as Error).message}): use Node 20.19, ` +
        'Chrome 91, Firefox 89, Safari 16.4 or newer',
    );
  }
}

/** Parts of a range, each of at most `most` and ending with a whole panel. */
function* panels(
  panel: number,
  begin: number,
  end: number,
  most: number,
): Generator<readonly [number, number]> {
  const step = Math.max(panel, down(most, panel));
  for (let from = begin; from < end; ) {
    const to = Math.min(end, down(from, panel) + step);
    yield [from, to];
    from = to;
  }
}

function multiplyIn(memory: WasmMemory, team: Team): Kernel['multiply'] {
  const [panel, group] = [team.loops.panel(), team.loops.group()];
  return (left, right, words, run, _, top, bottom, begin, end, out, stride, add, above, ...rest) => {
    const [leftHalves, rightHalves] = rest.length === 3 ? rest : [];
    const bytes = 4 * words;
    const most = Math.max(panel, PART / Math.max(bytes, 4 * panel));
    for (const [from, to] of panels(panel, top, wholes(bottom, group), most)) {
      const base = down(from, panel);
      const rows = to - from;
      const widest = Math.min(most, PART / (4 * rows));
      for (const [start, stop] of panels(panel, begin, wholes(end, panel), widest)) {
        if (above && from >= stop) continue; // The tile has no part above the diagonal.
        const width = stop - start;
        const sizes = [bytes * wholes(to - base, panel), bytes * width, 4 * rows * width];
        memory.begin(...sizes, 4 * (to - base), 4 * width);
        const leftAt = memory.put(left.subarray(base * words, wholes(to, panel) * words));
        const rightAt = memory.put(right.subarray(start * words, stop * words));
        const outAt = memory.take(4 * rows * width);
        const rowOf = (i: number): Float32Array =>
          out.subarray((from - top + i) * stride + start - begin, (from - top + i) * stride + stop - begin);
        if (add) for (let i = 0; i < rows; i++) memory.set(rowOf(i), outAt + 4 * i * width);
        team.share('multiply', from - base, to - base, [
          ...[leftAt, rightAt, words, run, width / panel, outAt, from - base, width],
          ...[add ? 1 : 0, above ? 1 : 0, base - start],
          leftHalves ? memory.put(leftHalves.subarray(base, to)) : 0,
          rightHalves ? memory.put(rightHalves.subarray(start, stop)) : 0,
        ]);
        const computed = memory.singles(outAt, rows * width);
        if (width === stride) out.set(computed, (from - top) * stride);
        else for (let i = 0; i < rows; i++) rowOf(i).set(computed.subarray(i * width, (i + 1) * width));
      }
    }
  };
}

function offerIn(memory: WasmMemory, team: Team): Kernel['offer'] {
  return (nearness, indices, last, size, values, stride, top, bottom, left, right) => {
    const offerTo = (
      loop: 'offerToRows' | 'offerToColumns',
      first: number,
      end: number,
      tile: readonly number[],
    ): void => {
      const lists = [nearness.subarray(first * size, end * size), indices.subarray(first * size, end * size)];
      const all = [...lists, last.subarray(first, end)];
      const places = all.map((array) => memory.put(array));
      team.share(loop, first, end, [...places, size, ...tile]);
      for (const [a, array] of all.entries()) memory.get(places[a]!, array);
    };
    const most = Math.max(1, Math.floor(PART / (4 * stride)));
    for (let from = top; from < bottom; from += most) {
      const to = Math.min(bottom, from + most);
      const part = values.subarray((from - top) * stride, (to - top) * stride);
      const listed = to - from + right - left;
      memory.begin(part.byteLength, ...[size, size, 1].flatMap((of) => [4 * of * listed, 4 * of * listed]));
      const tile = [memory.put(part), stride, from, to, left, right];
      offerTo('offerToRows', from, to, tile);
      offerTo('offerToColumns', left, right, tile);
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

function lookIn(memory: WasmMemory, loops: Exports): Kernel['look'] {
  return (data, kept, n, d, finite, hashes, first) => {
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

function packIn(memory: WasmMemory, loops: Exports): Kernel['pack'] {
  const panel = loops.panel();
  return (
    ...[data, kept, n, d, from, count, target, words, _, center, scale, ranges, squares, errors, to]
  ) => {
    for (const [first, end] of panels(panel, to, to + count, PART / (8 * d))) {
      const base = down(first, panel);
      const room = 4 * words * wholes(end - base, panel);
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
      const packed = memory.words(targetAt, room / 4);
      copyPoints(panel, packed, target.subarray(base * words), words, first - base, end - base);
    }
  };
}

/** Copies packed points `first` .. `end` - 1: complete panels at once, and single points of the others. */
function copyPoints(
  size: number,
  from: Uint32Array,
  to: Uint32Array,
  words: number,
  first: number,
  end: number,
): void {
  for (let panel = 0; panel < end; panel += size) {
    const begin = Math.max(first - panel, 0);
    const stop = Math.min(end - panel, size);
    const [start, last] = [panel * words, (panel + size) * words];
    if (stop - begin === size) to.set(from.subarray(start, last), start);
    else
      for (let word = start; word < last; word += size)
        for (let point = word + begin; point < word + stop; point++) to[point] = from[point]!;
  }
}

function measureIn(memory: WasmMemory, loops: Exports): Kernel['measure'] {
  return (data, kept, _, d, ranges, is, js, limits, out) => {
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

function distanceIn(memory: WasmMemory, loops: Exports): Kernel['distance'] {
  return (x, y, ranges, limit, out) => {
    memory.begin(x.byteLength, y.byteLength, ranges.byteLength);
    const [xAt, yAt, rangesAt] = [memory.put(x), memory.put(y), memory.put(ranges)];
    out[0] = loops.distance(xAt, yAt, isDouble(x), rangesAt, ranges.length / 2, limit);
  };
}
