/** A TensorFlow graph as plain nodes, and its encoding as the protocol buffer of a SavedModel. */
import type { OpAttribute } from '../backend';
import { tensorflowBackend } from '../backend';
import { type Message, type Messages, messages } from '../protobuf';

/** TensorFlow's numeric type codes (tensorflow/core/framework/types.proto). */
export type TypeCode = number;

/** One operation of a graph. Inputs are `name`, `name:output`, or `^name` for a control dependency. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: readonly OpAttribute[];
  /** The value of a `Const` node. */
  readonly constant?: ConstantValue;
  /** The tf.layers layer that ran it. */
  readonly layer?: string;
}

/** The value of a constant: raw little-endian bytes, or strings as UTF-8. */
export interface ConstantValue {
  readonly type: TypeCode;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array | readonly Uint8Array[];
}

/** The graph version that current TensorFlow writes; older versions would disable newer semantics of operations. */
const PRODUCER = 1994;

/** Encodes nodes as the `saved_model.pb` of a SavedModel with the tag `serve`. */
export function encodeSavedModel(nodes: readonly GraphNode[]): Uint8Array {
  const pb = messages();
  const graph = new pb.GraphDef();
  const version = new pb.VersionDef();
  version.setProducer(PRODUCER);
  graph.setVersions(version);
  graph.setNodeList(nodes.map((node) => encodeNode(pb, node)));
  const info = new pb.MetaGraphDef.MetaInfoDef();
  info.setTagsList(['serve']);
  const metaGraph = new pb.MetaGraphDef();
  metaGraph.setMetaInfoDef(info);
  metaGraph.setGraphDef(graph);
  const model = new pb.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.addMetaGraphs(metaGraph);
  return model.serializeBinary();
}

/** The attribute that names an element type. */
export function typeAttribute(name: string, type: TypeCode): OpAttribute {
  return { name, type: tensorflowBackend().binding.TF_ATTR_TYPE, value: type };
}

/** The attribute that gives a static shape. */
export function shapeAttribute(name: string, shape: readonly number[]): OpAttribute {
  return { name, type: tensorflowBackend().binding.TF_ATTR_SHAPE, value: shape };
}

/** The attribute that carries a string. */
export function stringAttribute(name: string, value: string): OpAttribute {
  return { name, type: tensorflowBackend().binding.TF_ATTR_STRING, value };
}

function encodeNode(pb: Messages, node: GraphNode): Message {
  const message = new pb.NodeDef();
  message.setName(node.name);
  message.setOp(node.op);
  message.setInputList([...node.inputs]);
  for (const attribute of node.attributes) {
    message.getAttrMap().set(attribute.name, encodeAttribute(pb, node, attribute));
  }
  if (node.constant) {
    const value = new pb.AttrValue();
    value.setTensor(encodeTensor(pb, node.constant));
    message.getAttrMap().set('value', value);
  }
  return message;
}

function encodeAttribute(pb: Messages, node: GraphNode, { name, type, value }: OpAttribute): Message {
  const { binding } = tensorflowBackend();
  const message = new pb.AttrValue();
  const list = new pb.AttrValue.ListValue();
  const set = (one: string, many: string, encoded: unknown = value): Message => {
    if (Array.isArray(encoded)) {
      list[many]!(encoded);
      message.setList(list);
    } else {
      message[one]!(encoded);
    }
    return message;
  };
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return set('setType', 'setTypeList');
    case binding.TF_ATTR_INT:
      return set('setI', 'setIList');
    case binding.TF_ATTR_FLOAT:
      return set('setF', 'setFList');
    case binding.TF_ATTR_BOOL:
      return set('setB', 'setBList');
    case binding.TF_ATTR_STRING:
      return set('setS', 'setSList', Array.isArray(value) ? value.map(utf8) : utf8(value));
    case binding.TF_ATTR_SHAPE:
      message.setShape(encodeShape(pb, value as number[]));
      return message;
    default:
      throw new Error(
        `${node.op}: attribute '${name}' has a type that a compiled graph cannot hold (${type})`,
      );
  }
}

function encodeTensor(pb: Messages, { type, shape, bytes }: ConstantValue): Message {
  const tensor = new pb.Tensor();
  tensor.setDtype(type);
  tensor.setTensorShape(encodeShape(pb, shape));
  if (bytes instanceof Uint8Array) tensor.setTensorContent(bytes);
  else tensor.setStringValList([...bytes]);
  return tensor;
}

function encodeShape(pb: Messages, shape: readonly number[]): Message {
  const message = new pb.TensorShape();
  for (const size of shape) {
    const dimension = new pb.TensorShape.Dim();
    dimension.setSize(size);
    message.addDim(dimension);
  }
  return message;
}

function utf8(value: unknown): Uint8Array {
  return new TextEncoder().encode(String(value));
}
