/** tfjs reads the indices of tf.gather back to check them, which a graph cannot; TensorFlow checks them itself. */
import * as tf from '@tensorflow/tfjs';
import { nativeBackend } from './backend';
import { typeAttribute } from './graph-def';
import { withMethods } from './patch';

/** Runs `body` while tf.gather, and so the embedding layer, leaves the check to TensorFlow. */
export function withUncheckedGather<R>(body: () => R): R {
  const kernel = tf.getKernel('GatherV2', 'tensorflow');
  return withMethods(kernel, { kernelFunc: gather as tf.KernelFunc }, body);
}

function gather({ inputs, attrs }: Parameters<tf.KernelFunc>[0]): tf.Tensor {
  const backend = nativeBackend();
  const { TF_ATTR_INT, TF_INT32 } = backend.binding;
  const { x, indices } = inputs as Record<'x' | 'indices', tf.Tensor>;
  const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
  const typeOf = (tensor: tf.Tensor): number => backend.tensorMap.get(tensor.dataId).dtype;
  const attributes = [
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
