/** The weights of a Keras model, in either layout of its files. */
import * as tf from '@tensorflow/tfjs';
import { counted } from '../../../number-format';
import type { BuiltLayer } from './build-model';
import type { Hdf5 } from './hdf5';

/** A layer that is not a model. */
type Leaf = BuiltLayer & Required<Pick<BuiltLayer, 'layer'>>;

/** A weight of a layer, as a file stores it. */
interface Stored {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Where the weights of a layer lie, below the place of the layer: the weights of a recurrent layer belong to its cell. */
function placesOf(type: string, options: Readonly<Record<string, unknown>>): readonly string[] {
  const inside = (): { class_name: string; config: Readonly<Record<string, unknown>> } =>
    options.layer as ReturnType<typeof inside>;
  if (type === 'LSTM' || type === 'GRU' || type === 'SimpleRNN') return ['cell/vars'];
  if (type === 'Bidirectional')
    return ['forward_layer', 'backward_layer'].flatMap((half) =>
      placesOf(inside().class_name, inside().config).map((place) => `${half}/${place}`),
    );
  if (type === 'TimeDistributed')
    return placesOf(inside().class_name, inside().config).map((place) => `layer/${place}`);
  return ['vars'];
}

/**
 * Sets the weights from the `model.weights.h5` of a .keras file, whose groups have the names of classes, in the order of the
 * layers.
 *
 * @throws Error that names a layer whose weights are missing or of another shape
 */
export function setWeights(file: Hdf5, layers: readonly BuiltLayer[], place = ''): void {
  const counts = new Map<string, number>();
  for (const built of layers) {
    // Operations are not layers, and have no weights.
    if (built.isOperation) continue;
    const type = snakeCase(built.type);
    const count = counts.get(type) ?? 0;
    counts.set(type, count + 1);
    const own = `${place}layers/${type}${count === 0 ? '' : `_${count}`}`;
    if (built.layers) {
      setWeights(file, built.layers, `${own}/`);
      continue;
    }
    const found = placesOf(built.type, built.options).flatMap((below) => {
      const names = file.names(`${own}/${below}`) ?? [];
      return names
        .map(Number)
        .sort((a, b) => a - b)
        .map((name) => file.array(`${own}/${below}/${name}`));
    });
    assign(built as Leaf, found);
  }
}

/** keras.src.utils.naming.to_snake_case */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * Sets the weights from a .h5 file, which has a list of weights for each layer of the model. For a model within the model, the
 * list has the trainable weights of all its layers, and then the others.
 *
 * @throws Error that names a layer whose weights are missing, have other names, or have another shape
 */
export function setLegacyWeights(file: Hdf5, layers: readonly BuiltLayer[], group: string): void {
  for (const built of layers) {
    const leaves = leavesOf(built, true);
    const order = leaves.flatMap(({ built: leaf, trainable }) =>
      leaf.layer.weights.map((weight, i) => {
        const name = lastName(weight.originalName);
        return { leaf, i, name, trainable: trainable && !/^moving_/.test(name) };
      }),
    );
    const sorted = [
      ...order.filter(({ trainable }) => trainable),
      ...order.filter(({ trainable }) => !trainable),
    ];
    const place = `${group}/${built.name}`;
    const names = listed(file, place, 'weight_names');
    if (names.length !== sorted.length) throw wrongCount(built, names.length, sorted.length);
    const found = new Map<Leaf, Stored[]>(leaves.map(({ built: leaf }) => [leaf, []]));
    for (const [k, { leaf, i, name }] of sorted.entries()) {
      // Keras 3 calls the depthwise_kernel of some layers a kernel.
      const stored = lastName(names[k]!);
      if (!(stored === name || name.endsWith(`_${stored}`)))
        throw new Error(
          `layer '${built.name}' (${built.type}): its weights are ${names.join(', ')}, and ${name} is not at its place`,
        );
      found.get(leaf)![i] = file.array(`${place}/${names[k]}`);
    }
    for (const [leaf, weights] of found) assign(leaf, weights);
  }
}

/** The layers with weights, including those of models within the model, and whether they are trained. */
function leavesOf(built: BuiltLayer, above: boolean): { built: Leaf; trainable: boolean }[] {
  const trainable = above && built.options.trainable !== false;
  return (
    built.layers?.flatMap((layer) => leavesOf(layer, trainable)) ?? [{ built: built as Leaf, trainable }]
  );
}

/** `kernel` of `dense_1/kernel:0` */
function lastName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/:\d+$/, '')
    .replace(/_\d+$/, '');
}

/** The texts of an attribute; Keras splits an attribute that is too long into several. */
function listed(file: Hdf5, group: string, attribute: string): readonly string[] {
  const whole = file.texts(group, attribute);
  if (whole) return whole;
  const parts: string[] = [];
  for (let part = 0; ; part++) {
    const more = file.texts(group, `${attribute}${part}`);
    if (!more) return parts;
    parts.push(...more);
  }
}

function assign(built: Leaf, found: readonly Stored[]): void {
  const { layer, name, type } = built;
  const { weights } = layer;
  if (found.length !== weights.length) throw wrongCount(built, found.length, weights.length);
  const wrong = weights.findIndex((weight, i) => String(weight.shape) !== String(found[i]!.shape));
  if (wrong >= 0)
    throw new Error(
      `layer '${name}' (${type}): the file has ${lastName(weights[wrong]!.originalName)} of shape [${found[wrong]!.shape}], and the layer takes [${weights[wrong]!.shape}]`,
    );
  const tensors = found.map(({ data, shape }) => tf.tensor(data, [...shape]));
  layer.setWeights(tensors);
  tf.dispose(tensors);
}

function wrongCount({ name, type }: BuiltLayer, found: number, wanted: number): Error {
  return new Error(
    `layer '${name}' (${type}): the file has ${counted(found, 'array')} of weights for it, and it takes ${wanted}`,
  );
}
