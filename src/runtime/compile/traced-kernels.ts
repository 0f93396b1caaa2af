/**
 * Better kernels for traces. tfjs splits operations that TensorFlow has as one kernel, and reads back data that TensorFlow checks
 * itself. The replacements compute the same, and have their own gradients of any order.
 */
import * as tf from '@tensorflow/tfjs';
import { type OpAttribute, tensorflowBackend } from '../backend';
import { fastFilterGradient, fastInputGradient } from '../operations/winograd';
import { withMethods } from '../patch';
import { typeAttribute } from './graph-def';

type KernelCall = Parameters<tf.KernelFunc>[0];

/** Runs `body` with these kernels and gradients in tfjs. */
export function withTracedKernels<R>(body: () => R): R {
  const kernel = (name: string, kernelFunc: (call: KernelCall, stock: tf.KernelFunc) => tf.Tensor) => {
    const config = tf.getKernel(name, 'tensorflow');
    const stock = config.kernelFunc;
    return (inner: () => R) => () =>
      withMethods(config, { kernelFunc: ((call) => kernelFunc(call, stock)) as tf.KernelFunc }, inner);
  };
  const gradient = (name: string, config: Partial<tf.GradConfig>) => (inner: () => R) => () =>
    withMethods(tf.getGradient(name), config, inner);
  const replacements = [
    kernel('GatherV2', gather),
    kernel('BatchMatMul', matMul),
    kernel('Conv2DBackpropInput', inputGradient),
    kernel('Conv2DBackpropFilter', filterGradient),
    gradient('Relu', {
      // Saving the output instead of the input leaves the input without other readers, so TensorFlow fuses product, bias and relu.
      inputsToSave: [],
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({ x: () => reluGrad(dy as tf.Tensor, tf.cast(y!, 'float32')) }),
    }),
    gradient('LeakyRelu', {
      inputsToSave: ['x'],
      outputsToSave: [true],
      // As for relu: if the input has another reader, TensorFlow 2.21 says `remapper failed` and fuses nothing.
      gradFunc: (dy, [x, y], attrs) => {
        const { alpha } = attrs as unknown as { alpha: number };
        return { x: () => leakyReluGrad(dy as tf.Tensor, alpha >= 0 ? y! : x!, alpha) };
      },
    }),
    gradient('Sum', { gradFunc: (dy, [x], attrs) => ({ x: () => spread(dy as tf.Tensor, x!, attrs) }) }),
    gradient('Mean', {
      gradFunc: (dy, [x], attrs) => ({
        x: () => {
          const share = (dy as tf.Tensor).size / x!.size;
          return spread(tf.mul(dy as tf.Tensor, share), x!, attrs);
        },
      }),
    }),
  ];
  return replacements.reduce((inner, replace) => replace(inner), body)();
}

/** dy where y > 0, and else 0, in one kernel; stock tfjs makes the mask with six. */
function reluGrad(dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return gated('ReluGrad', [], dy, y);
}

/** dy where y > 0, and else alpha dy. */
function leakyReluGrad(dy: tf.Tensor, y: tf.Tensor, alpha: number): tf.Tensor {
  return gated(
    'LeakyReluGrad',
    [{ name: 'alpha', type: tensorflowBackend().binding.TF_ATTR_FLOAT, value: alpha }],
    dy,
    y,
  );
}

/** The gradient of an activation that is linear on both sides of 0. It is linear in dy: its own gradient is itself. */
function gated(op: string, attributes: OpAttribute[], dy: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const run = tf.customGrad((dy, y, save) => {
    (save as unknown as (tensors: tf.Tensor[]) => void)([y as tf.Tensor]);
    const types = [typeAttribute('T', tensorflowBackend().binding.TF_FLOAT)];
    return {
      value: tensorflowBackend().executeSingleOutput(
        op,
        [...types, ...attributes],
        [dy as tf.Tensor, y as tf.Tensor],
      ),
      gradFunc: (ddy: tf.Tensor, [y]: tf.Tensor[]) => [gated(op, attributes, ddy, y!), tf.zerosLike(y!)],
    };
  });
  return run(dy, y);
}

/** Spreads the gradient of a sum to its terms; stock tfjs multiplies by ones, which a graph would hold as a constant. */
function spread(dy: tf.Tensor, { shape }: tf.Tensor, attrs: tf.NamedAttrMap): tf.Tensor {
  const axes = tf.util.parseAxisParam((attrs as { axis: number | number[] }).axis, shape);
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  return broadcast(tf.reshape(dy, kept), shape);
}

function broadcast(x: tf.Tensor, shape: number[]): tf.Tensor {
  const run = tf.customGrad((x) => ({
    value: tf.tidy(() => {
      const { TF_FLOAT, TF_INT32 } = tensorflowBackend().binding;
      const attributes = [typeAttribute('T', TF_FLOAT), typeAttribute('Tidx', TF_INT32)];
      return tensorflowBackend().executeSingleOutput('BroadcastTo', attributes, [
        x as tf.Tensor,
        tf.tensor1d(shape, 'int32'),
      ]);
    }),
    gradFunc: (dy: tf.Tensor) => {
      const axes = [...shape.keys()].filter((i) => (x as tf.Tensor).shape[i] !== shape[i]);
      return axes.length === 0 ? tf.clone(dy) : tf.sum(dy, axes, true);
    },
  }));
  return run(x);
}

/** A single matrix product by MatMul, which is faster than the batched product that tf.layers asks for. */
function matMul(call: KernelCall, stock: tf.KernelFunc): tf.Tensor {
  const { a, b } = call.inputs as Record<'a' | 'b', tf.Tensor>;
  const single = [a, b].every(({ shape }) => shape.slice(0, -2).every((size) => size === 1));
  if (!single || a.rank !== b.rank || a.dtype !== 'float32') return stock(call) as tf.Tensor;
  const { transposeA, transposeB } = call.attrs as Record<string, boolean>;
  const { TF_ATTR_BOOL, TF_FLOAT } = tensorflowBackend().binding;
  const attributes: OpAttribute[] = [
    typeAttribute('T', TF_FLOAT),
    { name: 'transpose_a', type: TF_ATTR_BOOL, value: transposeA },
    { name: 'transpose_b', type: TF_ATTR_BOOL, value: transposeB },
  ];
  return tf.tidy(() => {
    const matrices = [a, b].map((x) => tf.reshape(x, x.shape.slice(-2)));
    const product = tensorflowBackend().executeSingleOutput('MatMul', attributes, matrices);
    return tf.reshape(product, [...a.shape.slice(0, -2), ...product.shape]);
  });
}

/** The gradient of the images of a convolution, by the project's own kernel if it is faster than TensorFlow's. */
function inputGradient(call: KernelCall, stock: tf.KernelFunc): tf.Tensor {
  const { dy, filter } = call.inputs as Record<'dy' | 'filter', tf.Tensor>;
  const attrs = call.attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const fast = keepsSize(attrs) && fastInputGradient(dy, filter, attrs.inputShape, strideOf(attrs));
  return (fast || stock(call)) as tf.Tensor;
}

/** The same for its filters. */
function filterGradient(call: KernelCall, stock: tf.KernelFunc): tf.Tensor {
  const { x, dy } = call.inputs as Record<'x' | 'dy', tf.Tensor>;
  const attrs = call.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  const fast = keepsSize(attrs) && fastFilterGradient(x, dy, attrs.filterShape, strideOf(attrs));
  return (fast || stock(call)) as tf.Tensor;
}

type ConvolutionAttributes = Pick<tf.Conv2DBackpropInputAttrs, 'strides' | 'pad' | 'dataFormat'>;

function keepsSize({ pad, dataFormat }: ConvolutionAttributes): boolean {
  return pad === 'same' && dataFormat === 'NHWC';
}

/** The stride in both directions; 0 if they differ. */
function strideOf({ strides }: ConvolutionAttributes): number {
  const [down, across = down] = [strides].flat();
  return down === across ? down! : 0;
}

/** tf.gather without reading the indices back to check them, which a graph cannot do; TensorFlow checks them itself. */
function gather({ inputs, attrs }: KernelCall): tf.Tensor {
  const backend = tensorflowBackend();
  const { TF_ATTR_INT, TF_INT32 } = backend.binding;
  const { x, indices } = inputs as Record<'x' | 'indices', tf.Tensor>;
  const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
  const typeOf = (tensor: tf.Tensor): number => backend.tensorMap.get(tensor.dataId).dtype;
  const attributes: OpAttribute[] = [
    { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
    typeAttribute('Tparams', typeOf(x)),
    typeAttribute('Tindices', typeOf(indices)),
    typeAttribute('Taxis', TF_INT32),
  ];
  const axisTensor = tf.scalar(axis, 'int32');
  const rows = backend.executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
  axisTensor.dispose();
  return rows;
}
