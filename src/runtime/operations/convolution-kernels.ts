/**
 * The convolutions of tfjs, rewritten if TensorFlow computes them wrongly or rejects them. This is decided only here, since every
 * path leads through these kernels: eager and compiled, tf.conv2d and tf.layers.
 *
 * - A one-pixel filter with a stride becomes an unstrided one on every stride-th pixel. oneDNN's gradient of such a filter is
 *   wrong and overwrites memory, with few input channels and certain numbers of threads, for AVX2 and AVX-512
 *   (uxlfoundation/oneDNN issue 6035).
 * - Explicit padding, whose gradients tfjs-node rejects, becomes zeros around the image.
 */
import * as tf from '@tensorflow/tfjs';
import type { OpAttribute, TensorFlowBackend } from '../backend';

type KernelCall = Parameters<tf.KernelFunc>[0];
type Kernel = (call: KernelCall) => tf.Tensor;

/** Replaces the kernels of the TensorFlow backend, once it is registered. */
export function installConvolutionKernels(): void {
  for (const [name, rewrite] of Object.entries(REWRITTEN)) {
    const config = tf.getKernel(name, 'tensorflow');
    const stock = config.kernelFunc as Kernel;
    config.kernelFunc = ((call: KernelCall) => tf.tidy(() => rewrite(call, stock))) as tf.KernelFunc;
  }
}

/** The rewritten kernels by name; `stock` is TensorFlow's. */
const REWRITTEN: Readonly<Record<string, (call: KernelCall, stock: Kernel) => tf.Tensor>> = {
  Conv2D: forward,
  FusedConv2D: forward,
  Conv3D: forward,
  Conv2DBackpropFilter: filterGradient,
  Conv3DBackpropFilterV2: filterGradient,
  Conv2DBackpropInput: inputGradient,
  Conv3DBackpropInputV2: inputGradient,
};

function forward(call: KernelCall, stock: Kernel): tf.Tensor {
  const { x, filter } = call.inputs as Record<string, tf.Tensor>;
  const skipped = skippedPixels(call, filter!.shape);
  if (!skipped) return stock(withZerosByAxis(call, x!.rank));
  const image = everyNth(call, withZeros(x!, skipped.padding), skipped.strides);
  return stock(unstrided(call, { ...call.inputs, x: image }));
}

function filterGradient(call: KernelCall, stock: Kernel): tf.Tensor {
  const { x } = call.inputs as Record<string, tf.Tensor>;
  const { filterShape } = call.attrs as unknown as { filterShape: number[] };
  const padding = explicitPadding(call, x!.rank);
  const image = withZeros(x!, padding);
  const skipped = skippedPixels(call, filterShape);
  if (skipped) return stock(unstrided(call, { ...call.inputs, x: everyNth(call, image, skipped.strides) }));
  return stock(padding ? valid(call, { ...call.inputs, x: image }) : call);
}

function inputGradient(call: KernelCall, stock: Kernel): tf.Tensor {
  const { filter } = call.inputs as Record<string, tf.Tensor>;
  const { inputShape } = call.attrs as unknown as { inputShape: number[] };
  const padding = explicitPadding(call, inputShape.length);
  const padded = inputShape.map((size, axis) => size + (padding ? padding[axis]![0] + padding[axis]![1] : 0));
  const skipped = skippedPixels(call, filter!.shape);
  if (!skipped && !padding) return stock(call);
  let gradient: tf.Tensor;
  if (skipped) {
    const { strides } = skipped;
    const kept = padded.map((size, axis) => Math.ceil(size / strides[axis]!));
    gradient = amongZeros(call, stock(unstrided(call, call.inputs, { inputShape: kept })), padded, strides);
  } else gradient = stock(valid(call, call.inputs, { inputShape: padded }));
  if (!padding) return gradient;
  return tf.slice(
    gradient,
    padding.map(([before]) => before),
    inputShape,
  );
}

/** The numbers of zeros before and after, by axis. */
type Padding = readonly (readonly [number, number])[];

/** For a one-pixel filter with a stride, the stride and the zeros of each axis of the image. */
function skippedPixels(
  call: KernelCall,
  filterShape: readonly number[],
): { readonly strides: readonly number[]; readonly padding: Padding | undefined } | undefined {
  const strides = stridesOf(call, filterShape.length);
  const isPixel = filterShape.slice(0, -2).every((size) => size === 1);
  if (!isPixel || strides.every((stride) => stride === 1)) return undefined;
  return { strides, padding: explicitPadding(call, filterShape.length) };
}

/** The stride along each axis of an image of this rank. */
function stridesOf({ attrs }: KernelCall, rank: number): number[] {
  const { strides } = attrs as unknown as { strides: number | number[] };
  const spatial = Array.isArray(strides) ? strides : Array<number>(rank - 2).fill(strides);
  return along(attrs, spatial, 1);
}

/** The zeros around the image, if the padding is explicit and not empty. */
function explicitPadding({ attrs }: KernelCall, rank: number): Padding | undefined {
  const { pad } = attrs as unknown as { pad: 'same' | 'valid' | number | [number, number][] };
  if (typeof pad === 'string') return undefined;
  const padding: Padding = Array.isArray(pad)
    ? pad
    : along<readonly [number, number]>(attrs, Array(rank - 2).fill([pad, pad]), [0, 0]);
  return padding.some(([before, after]) => before > 0 || after > 0) ? padding : undefined;
}

/** Values for the spatial axes, inserted between those for batch and channels. */
function along<T>(attrs: unknown, spatial: readonly T[], others: T): T[] {
  const { dataFormat = 'NHWC' } = (attrs ?? {}) as { dataFormat?: string };
  return dataFormat.startsWith('NC') ? [others, others, ...spatial] : [others, ...spatial, others];
}

function withZeros(x: tf.Tensor, padding: Padding | undefined): tf.Tensor {
  return padding ? tf.pad(x, padding as [number, number][]) : x;
}

/** The same call of the kernel for a filter that visits every pixel, without padding. */
function unstrided(call: KernelCall, inputs: KernelCall['inputs'], attrs: object = {}): KernelCall {
  return valid(call, inputs, { strides: 1, ...attrs });
}

/** The same call without padding. */
function valid(call: KernelCall, inputs: KernelCall['inputs'], attrs: object = {}): KernelCall {
  return { ...call, inputs, attrs: { ...call.attrs, pad: 'valid', ...attrs } as tf.NamedAttrMap };
}

/** Explicit padding with one number for all sides, which tfjs-node does not accept, written out for each axis. */
function withZerosByAxis(call: KernelCall, rank: number): KernelCall {
  const { pad } = call.attrs as unknown as { pad: unknown };
  const padding = typeof pad === 'number' ? explicitPadding(call, rank) : undefined;
  return padding ? { ...call, attrs: { ...call.attrs, pad: padding } as unknown as tf.NamedAttrMap } : call;
}

/** Every n-th element along each axis, the first one included. */
function everyNth(call: KernelCall, x: tf.Tensor, strides: readonly number[]): tf.Tensor {
  const backend = call.backend as TensorFlowBackend;
  return backend.executeSingleOutput('StridedSlice', sliceAttributes(backend), [
    x,
    ...sliceBounds(x.shape, strides),
  ]);
}

/** The gradient of {@link everyNth}: every n-th element of a tensor of zeros. */
function amongZeros(
  call: KernelCall,
  x: tf.Tensor,
  shape: readonly number[],
  strides: readonly number[],
): tf.Tensor {
  const backend = call.backend as TensorFlowBackend;
  const sizes = tf.tensor1d([...shape], 'int32');
  return backend.executeSingleOutput('StridedSliceGrad', sliceAttributes(backend), [
    sizes,
    ...sliceBounds(shape, strides),
    x,
  ]);
}

function sliceBounds(shape: readonly number[], strides: readonly number[]): tf.Tensor[] {
  return [shape.map(() => 0), shape, strides].map((values) => tf.tensor1d([...values], 'int32'));
}

function sliceAttributes({ binding }: TensorFlowBackend): OpAttribute[] {
  const mask = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_INT, value: 0 });
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'Index', type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    ...['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map(mask),
  ];
}
