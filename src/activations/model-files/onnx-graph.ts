/** The graph of an ONNX file: the tensors that it computes, by name, and the same file with further outputs. */
import { BinaryReader } from 'google-protobuf';
import type { NetworkSite } from './file-network';

/** The part of a graph that is read. */
export interface OnnxGraph {
  /** Inputs for which the file has no value. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Tensors that are computed from the inputs, in the order of the file. */
  readonly sites: readonly NetworkSite[];
  /** The input of the classifier at the end. */
  readonly lastSite?: string;
  /** Files beside the model that hold its weights. */
  readonly weightFiles: readonly string[];
}

interface Node {
  operator: string;
  /** The inputs of the node and of graphs within it, which may use tensors from outside. */
  readonly inputs: string[];
  readonly outputs: string[];
}

interface Graph {
  readonly nodes: Node[];
  readonly inputs: string[];
  readonly outputs: string[];
  readonly initializers: string[];
  readonly weightFiles: Set<string>;
}

/** Field numbers of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). */
const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, operator: 4, attribute: 5 };
const ATTRIBUTE = { tensor: 5, graph: 6, graphs: 11 };
const VALUE_NAME = 1;
const TENSOR = { name: 8, external: 13 };
const ENTRY = { key: 1, value: 2 };

/**
 * Reads the graph of a model, and skips its weights.
 *
 * @throws Error that says what is wrong, as a sentence that begins with "it"
 */
export function readOnnxGraph(model: Uint8Array): OnnxGraph {
  const graph: Graph = { nodes: [], inputs: [], outputs: [], initializers: [], weightFiles: new Set() };
  let hasGraph = false;
  try {
    fields(new BinaryReader(model), (field, reader) => {
      if (field !== MODEL.graph) return reader.skipField();
      hasGraph = true;
      nested(reader, () => readGraph(reader, graph));
    });
  } catch (error) {
    throw new Error(`it is damaged, or no ONNX model: ${(error as Error).message}`);
  }
  if (!hasGraph || graph.nodes.length === 0) throw new Error('it is no ONNX model: it has no graph');
  const known = new Set(graph.initializers);
  const inputs = graph.inputs.filter((name) => !known.has(name));
  const dependent = new Set(inputs);
  const sites = graph.nodes.flatMap((node) => {
    if (!node.inputs.some((name) => dependent.has(name))) return [];
    const named = node.outputs.filter((name) => name !== '');
    for (const name of named) dependent.add(name);
    return named.map((name) => ({ name, operator: node.operator }));
  });
  const lastSite = beforeClassifier(graph, dependent);
  return {
    inputs,
    outputs: graph.outputs,
    sites,
    ...(lastSite === undefined ? {} : { lastSite }),
    weightFiles: [...graph.weightFiles],
  };
}

/**
 * The same model with further outputs. Protocol buffers merge a message that occurs twice, and append its repeated fields. It is
 * therefore enough to append a second graph, with nothing but outputs, to the bytes of the model.
 */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => delimited(GRAPH.output, delimited(VALUE_NAME, Buffer.from(name))));
  return Buffer.concat([model, delimited(MODEL.graph, Buffer.concat(outputs))]);
}

function delimited(field: number, bytes: Uint8Array): Buffer {
  const head: number[] = [(field << 3) | 2];
  let rest = bytes.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest % 0x80) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), bytes]);
}

function fields(reader: BinaryReader, read: (field: number, reader: BinaryReader) => void): void {
  while (reader.nextField() && !reader.isEndGroup()) read(reader.getFieldNumber(), reader);
}

function nested(reader: BinaryReader, read: () => void): void {
  reader.readMessage(null, read);
}

function readGraph(reader: BinaryReader, graph: Graph): void {
  fields(reader, (field) => {
    if (field === GRAPH.node) nested(reader, () => graph.nodes.push(readNode(reader, graph.weightFiles)));
    else if (field === GRAPH.initializer)
      nested(reader, () => graph.initializers.push(readTensor(reader, graph.weightFiles)));
    else if (field === GRAPH.input) nested(reader, () => graph.inputs.push(readName(reader)));
    else if (field === GRAPH.output) nested(reader, () => graph.outputs.push(readName(reader)));
    else reader.skipField();
  });
}

function readNode(reader: BinaryReader, weightFiles: Set<string>): Node {
  const node: Node = { operator: '', inputs: [], outputs: [] };
  fields(reader, (field) => {
    if (field === NODE.input) node.inputs.push(reader.readString());
    else if (field === NODE.output) node.outputs.push(reader.readString());
    else if (field === NODE.operator) node.operator = reader.readString();
    else if (field === NODE.attribute) nested(reader, () => readAttribute(reader, node, weightFiles));
    else reader.skipField();
  });
  return node;
}

/** The bodies of If, Loop and Scan use tensors from outside by their names. */
function readAttribute(reader: BinaryReader, node: Node, weightFiles: Set<string>): void {
  fields(reader, (field) => {
    if (field === ATTRIBUTE.tensor) nested(reader, () => readTensor(reader, weightFiles));
    else if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) {
      const body: Graph = { nodes: [], inputs: [], outputs: [], initializers: [], weightFiles };
      nested(reader, () => readGraph(reader, body));
      node.inputs.push(...body.nodes.flatMap(({ inputs }) => inputs), ...body.outputs);
    } else reader.skipField();
  });
}

function readName(reader: BinaryReader): string {
  let name = '';
  fields(reader, (field) => {
    if (field === VALUE_NAME) name = reader.readString();
    else reader.skipField();
  });
  return name;
}

function readTensor(reader: BinaryReader, weightFiles: Set<string>): string {
  let name = '';
  fields(reader, (field) => {
    if (field === TENSOR.name) name = reader.readString();
    else if (field === TENSOR.external)
      nested(reader, () => {
        const [key, value] = readEntry(reader);
        if (key === 'location') weightFiles.add(value);
      });
    else reader.skipField();
  });
  return name;
}

function readEntry(reader: BinaryReader): readonly [string, string] {
  let [key, value] = ['', ''];
  fields(reader, (field) => {
    if (field === ENTRY.key) key = reader.readString();
    else if (field === ENTRY.value) value = reader.readString();
    else reader.skipField();
  });
  return [key, value];
}

/** Operators with weights that can be a classifier. */
const PRODUCTS = new Set(['Gemm', 'MatMul', 'Conv', 'FusedGemm', 'FusedMatMul', 'LinearClassifier']);

/**
 * The input of the classifier. The search goes back from the first output, through nodes that have one input that depends on the
 * examples, such as a softmax or the addition of a bias, to the product with weights. A network that ends in a sum of two
 * branches has no classifier.
 */
function beforeClassifier({ nodes, outputs }: Graph, dependent: ReadonlySet<string>): string | undefined {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  for (let name = outputs[0]; name !== undefined; ) {
    const node = producers.get(name);
    const taken = [...new Set(node?.inputs.filter((input) => dependent.has(input)))];
    if (!node || taken.length !== 1) return undefined;
    const [input] = taken as [string];
    if (PRODUCTS.has(node.operator)) return producers.has(input) ? input : undefined;
    name = input;
  }
  return undefined;
}
