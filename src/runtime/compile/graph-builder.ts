/** Collects the nodes of one traced function. */
import type * as tf from '@tensorflow/tfjs';
import { type OpAttribute, tensorflowBackend } from '../backend';
import {
  type ConstantValue,
  type GraphNode,
  shapeAttribute,
  type TypeCode,
  typeAttribute,
} from './graph-def';
import { currentLayer } from './layer-names';

/** Operations whose kernels omit their type or give a wrong one. Eager TensorFlow infers the type, but a graph does not. */
const UNTYPED: ReadonlySet<string> = new Set(['ExpandDims', 'Mean']);

export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly #scope: string;

  /** @param scope prefix of all names, ending in `/` */
  constructor(scope: string) {
    this.#scope = scope;
  }

  /** Adds a node, and returns its full name. By default, the name is that of its operation. */
  add(
    op: string,
    inputs: readonly string[],
    attributes: readonly OpAttribute[],
    name: string = `${op}_${this.nodes.length}`,
  ): string {
    const layer = currentLayer();
    this.nodes.push({ name: this.#scope + name, op, inputs, attributes, ...(layer ? { layer } : {}) });
    return this.#scope + name;
  }

  /** The full name in the graph of a node with this name. */
  fullName(name: string): string {
    return this.#scope + name;
  }

  /** Adds an operation that ran eagerly on these tensors. */
  operation(
    op: string,
    tensors: readonly tf.Tensor[],
    inputs: readonly string[],
    attributes: readonly OpAttribute[],
  ): string {
    if (!UNTYPED.has(op)) return this.add(op, inputs, attributes);
    const others = attributes.filter(({ name }) => name !== 'T');
    return this.add(op, inputs, [...others, typeAttribute('T', typeOf(tensors[0]!))]);
  }

  placeholder(name: string, type: TypeCode, shape: readonly number[]): string {
    return this.add('Placeholder', [], [typeAttribute('dtype', type), shapeAttribute('shape', shape)], name);
  }

  constant(constant: ConstantValue): string {
    const name = `${this.#scope}constant_${this.nodes.length}`;
    const attributes = [typeAttribute('dtype', constant.type)];
    this.nodes.push({ name, op: 'Const', inputs: [], attributes, constant });
    return name;
  }
}

/** TensorFlow's type of a tensor, which may be unknown to tfjs. */
export function typeOf(tensor: tf.Tensor): TypeCode {
  return tensorflowBackend().tensorMap.get(tensor.dataId).dtype;
}

/** The value of a tensor that the graph should hold as a constant. */
export function constantValue(tensor: tf.Tensor): ConstantValue {
  const type = typeOf(tensor);
  const { shape } = tensor;
  const data = tensorflowBackend().readSync(tensor.dataId) as
    | Float32Array
    | Int32Array
    | Uint8Array
    | Uint8Array[];
  if (Array.isArray(data)) return { type, shape, bytes: data };
  const bytes =
    tensor.dtype === 'bool'
      ? Uint8Array.from(data)
      : new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  return { type, shape, bytes };
}
