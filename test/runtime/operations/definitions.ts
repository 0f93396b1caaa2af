/**
 * The definitions of operations in float64, by loops over single numbers. Each result comes with its magnitude: the
 * same sum over absolute values, from which the rounding that float32 may do follows.
 */

/** Numbers in C order. */
export interface Exact {
  readonly values: Float64Array;
  /** The sum of the absolute values of the terms of each value. */
  readonly magnitudes: Float64Array;
  /** Terms that are added up in one value. */
  readonly terms: number;
}

/** A convolution of images [batch, height, width, input] by filters [rows, columns, input, output]. */
export interface ConvolutionShape {
  readonly image: readonly [number, number, number, number];
  readonly filter: readonly [number, number, number, number];
  readonly strides: readonly [number, number];
  readonly dilation: number;
  readonly padding: 'valid' | 'same' | readonly [top: number, bottom: number, left: number, right: number];
  /** Every input channel has its own outputs: filters are [rows, columns, input, multiplier]. */
  readonly depthwise?: boolean;
}

/** Height and width of the output, and the zeros above and to the left of the image. */
export function placement({ image, filter, strides, dilation, padding }: ConvolutionShape): {
  readonly size: readonly [number, number];
  readonly before: readonly [number, number];
} {
  const along = (axis: 0 | 1): { size: number; before: number } => {
    const length = image[axis + 1]!;
    const window = (filter[axis] - 1) * dilation + 1;
    const stride = strides[axis];
    if (padding === 'same') {
      const size = Math.ceil(length / stride);
      return { size, before: Math.max(0, (size - 1) * stride + window - length) >> 1 };
    }
    const [before, after] = padding === 'valid' ? [0, 0] : [padding[2 * axis]!, padding[2 * axis + 1]!];
    return { size: Math.floor((length + before + after - window) / stride) + 1, before };
  };
  const [rows, columns] = [along(0), along(1)];
  return { size: [rows.size, columns.size], before: [rows.before, columns.before] };
}

/** Output, and the gradients of image and filter by it. */
export function convolutionExactly(
  shape: ConvolutionShape,
  x: Float32Array,
  filter: Float32Array,
  dy: Float32Array,
): { readonly y: Exact; readonly dx: Exact; readonly dFilter: Exact } {
  const { image, filter: window, strides, dilation, depthwise = false } = shape;
  const [batch, height, width, input] = image;
  const [rows, columns, , outputs] = window;
  const channels = depthwise ? input * outputs : outputs;
  const { size, before } = placement(shape);
  const zeros = (length: number): Float64Array => new Float64Array(length);
  const [y, yAbs] = [zeros(dy.length), zeros(dy.length)];
  const [dx, dxAbs] = [zeros(x.length), zeros(x.length)];
  const [dFilter, dFilterAbs] = [zeros(filter.length), zeros(filter.length)];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < size[0]; i++)
      for (let j = 0; j < size[1]; j++)
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++) {
            const row = i * strides[0] + r * dilation - before[0];
            const column = j * strides[1] + c * dilation - before[1];
            if (row < 0 || column < 0 || row >= height || column >= width) continue;
            for (let e = 0; e < input; e++)
              for (let o = 0; o < outputs; o++) {
                const p = ((b * height + row) * width + column) * input + e;
                const q = ((r * columns + c) * input + e) * outputs + o;
                const t = ((b * size[0] + i) * size[1] + j) * channels + (depthwise ? e * outputs + o : o);
                y[t]! += x[p]! * filter[q]!;
                yAbs[t]! += Math.abs(x[p]! * filter[q]!);
                dx[p]! += dy[t]! * filter[q]!;
                dxAbs[p]! += Math.abs(dy[t]! * filter[q]!);
                dFilter[q]! += dy[t]! * x[p]!;
                dFilterAbs[q]! += Math.abs(dy[t]! * x[p]!);
              }
          }
  return {
    y: { values: y, magnitudes: yAbs, terms: rows * columns * (depthwise ? 1 : input) },
    dx: { values: dx, magnitudes: dxAbs, terms: rows * columns * outputs },
    dFilter: { values: dFilter, magnitudes: dFilterAbs, terms: batch * size[0] * size[1] },
  };
}

/** Largest or mean value of each window, and the gradient of the image. */
export function poolingExactly(
  kind: 'max' | 'avg',
  shape: ConvolutionShape,
  x: Float32Array,
  dy: Float32Array,
): { readonly y: Exact; readonly dx: Exact } {
  const { image, filter, strides } = shape;
  const [batch, height, width, channels] = image;
  const { size, before } = placement(shape);
  const [y, dx] = [new Float64Array(dy.length), new Float64Array(x.length)];
  const dxAbs = new Float64Array(x.length);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < size[0]; i++)
      for (let j = 0; j < size[1]; j++)
        for (let e = 0; e < channels; e++) {
          const places: number[] = [];
          for (let r = 0; r < filter[0]; r++)
            for (let c = 0; c < filter[1]; c++) {
              const row = i * strides[0] + r - before[0];
              const column = j * strides[1] + c - before[1];
              if (row >= 0 && column >= 0 && row < height && column < width)
                places.push(((b * height + row) * width + column) * channels + e);
            }
          const t = ((b * size[0] + i) * size[1] + j) * channels + e;
          const best = places.reduce((most, p) => (x[p]! > x[most]! ? p : most));
          y[t] = kind === 'max' ? x[best]! : places.reduce((sum, p) => sum + x[p]!, 0) / places.length;
          for (const p of kind === 'max' ? [best] : places) {
            const part = dy[t]! / (kind === 'max' ? 1 : places.length);
            dx[p]! += part;
            dxAbs[p]! += Math.abs(part);
          }
        }
  const terms = filter[0] * filter[1];
  const yAbs = y.map((_, t) => (kind === 'max' ? Math.abs(y[t]!) : 6)); // no input is larger than 6
  return { y: { values: y, magnitudes: yAbs, terms }, dx: { values: dx, magnitudes: dxAbs, terms } };
}

/** Rows normalised to mean 0 and variance 1, times `scale`, plus `offset`; and the gradient of the rows. */
export function normalizedExactly(
  rows: readonly (readonly number[])[],
  dy: readonly (readonly number[])[],
  scale: (row: number, i: number) => number,
  offset: (row: number, i: number) => number,
  epsilon: number,
): { readonly y: number[][]; readonly dx: number[][] } {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const y: number[][] = [];
  const dx: number[][] = [];
  for (const [r, row] of rows.entries()) {
    const centre = mean(row);
    const deviation = Math.sqrt(mean(row.map((value) => (value - centre) ** 2)) + epsilon);
    const normal = row.map((value) => (value - centre) / deviation);
    const slope = dy[r]!.map((value, i) => value * scale(r, i));
    const [average, along] = [mean(slope), mean(slope.map((value, i) => value * normal[i]!))];
    y.push(normal.map((value, i) => value * scale(r, i) + offset(r, i)));
    dx.push(slope.map((value, i) => (value - average - normal[i]! * along) / deviation));
  }
  return { y, dx };
}

/** GPT-2's GELU and its derivative. */
export function geluExactly(x: number): { readonly value: number; readonly slope: number } {
  const [a, b] = [Math.sqrt(2 / Math.PI), 0.044715 * Math.sqrt(2 / Math.PI)];
  const t = Math.tanh(a * x + b * x ** 3);
  return {
    value: (x / 2) * (1 + t),
    slope: (1 + t) / 2 + (x / 2) * (1 - t * t) * (a + 3 * b * x * x),
  };
}
