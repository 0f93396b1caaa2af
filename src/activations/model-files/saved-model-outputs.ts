/**
 * A SavedModel of TensorFlow 2 with further outputs. Its graph calls one function, which calls others, and the tensors inside
 * functions cannot be fetched. Therefore, each function on the way gets its tensors as further results, and each call passes them
 * on.
 */
import type { Message } from '../../runtime/protobuf';
import type { InputSpec, NetworkSite } from './file-network';

/** The inputs of a signature of a SavedModel, and the tensors that can be fetched. */
export interface SavedSignature {
  readonly inputs: readonly (InputSpec & { readonly tensor: string })[];
  /** The sites, each with the tensor of the graph that holds it. */
  readonly sites: readonly (NetworkSite & { readonly tensor: string })[];
}

/** DataType of tensorflow/core/framework/types.proto. */
const FLOAT = 1;
const TYPES: Readonly<Record<number, string>> = { 1: 'float32', 3: 'int32', 9: 'int64', 10: 'bool' };

const CALLS = new Set(['StatefulPartitionedCall', 'PartitionedCall']);
/** Operations whose attribute T is the type of their inputs, and whose results have another type. */
const OTHER_TYPE =
  /^(Shape|ShapeN|Size|Rank|ArgMax|ArgMin|Greater|GreaterEqual|Less|LessEqual|Equal|NotEqual|IsNan|IsInf|IsFinite|Where|NoOp)$/;

/**
 * Changes a parsed SavedModel so that every floating-point tensor that depends on the inputs of a signature, and that something uses,
 * is a result of the graph.
 *
 * @param model the message SavedModel, which is changed
 * @throws Error that says what is missing, as a sentence that begins with "it"
 */
export function addOutputs(model: Message, signatureName = 'serving_default'): SavedSignature {
  const meta = model
    .getMetaGraphsList()
    .find((one: Message) => one.getMetaInfoDef().getTagsList().includes('serve'));
  if (!meta) throw new Error("it has no graph with the tag 'serve': export it for serving");
  const signature = meta.getSignatureDefMap().get(signatureName);
  if (!signature) {
    const names: string[] = [];
    meta.getSignatureDefMap().forEach((_: Message, name: string) => {
      names.push(name);
    });
    throw new Error(`it has no signature '${signatureName}', only ${names.join(', ')}: export it with one`);
  }
  const graph = meta.getGraphDef();
  const functions = new Functions(graph.getLibrary());
  const inputs: SavedSignature['inputs'][number][] = [];
  signature.getInputsMap().forEach((info: Message, name: string) => {
    const shape = info
      .getTensorShape()
      .getDimList()
      .map((axis: Message) => (axis.getSize() >= 0 ? axis.getSize() : null));
    inputs.push({
      name,
      tensor: info.getName(),
      type: TYPES[info.getDtype()] ?? `type ${info.getDtype()}`,
      shape,
    });
  });
  const dependent = new Set(inputs.map(({ tensor }) => nodeOf(tensor)));
  const sites: SavedSignature['sites'][number][] = [];
  for (const node of graph.getNodeList()) {
    const taken: boolean[] = node.getInputList().map((input: string) => dependent.has(nodeOf(input)));
    if (!taken.includes(true)) continue;
    const [name, operator] = [node.getName(), node.getOp()];
    dependent.add(name);
    const call = functions.ownCopy(node);
    if (!call) {
      if (isFloat(node)) sites.push({ name, operator, tensor: `${name}:0` });
      continue;
    }
    const found = expose(call, taken, functions);
    const first = widen(node, found.length);
    for (const [i, site] of found.entries()) sites.push({ ...site, tensor: `${name}:${first + i}` });
  }
  return { inputs, sites };
}

/** The functions of a graph. */
class Functions {
  readonly #library: Message;
  readonly #byName: ReadonlyMap<string, Message>;

  constructor(library: Message) {
    this.#library = library;
    const list: Message[] = library.getFunctionList();
    this.#byName = new Map(list.map((one) => [one.getSignature().getName(), one]));
  }

  /**
   * A copy of the function that a node calls, for this node alone, since other nodes that call the function must find it
   * unchanged.
   */
  ownCopy(node: Message): Message | undefined {
    if (!CALLS.has(node.getOp())) return undefined;
    const called = node.getAttrMap().get('f').getFunc();
    const original = this.#byName.get(called.getName());
    if (!original) return undefined;
    const copy = original.cloneMessage();
    const name = `${called.getName()}_sites_${this.#library.getFunctionList().length}`;
    copy.getSignature().setName(name);
    called.setName(name);
    this.#library.addFunction(copy);
    return copy;
  }
}

/** Appends results of type float to a call, and returns the position of the first one. */
function widen(node: Message, count: number): number {
  const types = node.getAttrMap().get('Tout').getList();
  const first = types.getTypeList().length;
  for (let i = 0; i < count; i++) types.addType(FLOAT);
  // This attribute holds the shapes of the former results only.
  node.getAttrMap().del('_output_shapes');
  return first;
}

/**
 * Makes the tensors inside a function its results.
 *
 * @param taken whether each argument depends on the inputs
 */
function expose(called: Message, taken: readonly boolean[], functions: Functions): NetworkSite[] {
  const signature = called.getSignature();
  const dependent = new Set<string>();
  for (const [i, arg] of signature.getInputArgList().entries()) if (taken[i]) dependent.add(arg.getName());
  /** The first result of each node, by the name under which other nodes use it: node:result:0. */
  const used = new Map<string, string>();
  const nodes: Message[] = called.getNodeDefList();
  const returned: string[] = [];
  called.getRetMap().forEach((tensor: string) => {
    returned.push(tensor);
  });
  for (const tensor of [...nodes.flatMap((node) => node.getInputList()), ...returned])
    if (/:0$/.test(tensor) && !used.has(nodeOf(tensor))) used.set(nodeOf(tensor), tensor);
  const sites: NetworkSite[] = [];
  for (const node of inOrder(nodes)) {
    const own: boolean[] = node.getInputList().map((input: string) => dependent.has(nodeOf(input)));
    if (!own.includes(true)) continue;
    const [name, operator] = [node.getName(), node.getOp()];
    dependent.add(name);
    const call = functions.ownCopy(node);
    const found = call ? expose(call, own, functions) : [];
    const first = call ? widen(node, found.length) : 0;
    const tensor = used.get(name);
    const results = call
      ? found.map((site, i) => ({ site, tensor: `${name}:output:${first + i}` }))
      : tensor !== undefined && isFloat(node) && operator !== 'Identity'
        ? [{ site: { name, operator }, tensor }]
        : [];
    for (const { site, tensor: from } of results) {
      const result = `site_${sites.length}`;
      const arg = signature.addOutputArg();
      arg.setName(result);
      arg.setType(FLOAT);
      called.getRetMap().set(result, from);
      sites.push(site);
    }
  }
  return sites;
}

/** `name:0`, `name:y:0`, `^name`, `name` -> name */
function nodeOf(tensor: string): string {
  return tensor.replace(/^\^/, '').split(':')[0]!;
}

/** Exported graphs leave out attributes with default values; for these operations, the default of T is float. */
const FLOAT_UNLESS_SAID = new Set(['MaxPool', 'LRN', 'FractionalMaxPool']);

function isFloat(node: Message): boolean {
  const type = node.getAttrMap().get('T') ?? node.getAttrMap().get('dtype');
  if (type === undefined) return FLOAT_UNLESS_SAID.has(node.getOp());
  return type?.getType() === FLOAT && !OTHER_TYPE.test(node.getOp());
}

/** Sorts the nodes of a function, which come in any order, so that each comes after those that it uses. */
function inOrder(nodes: readonly Message[]): Message[] {
  const named = new Map(nodes.map((node) => [node.getName() as string, node]));
  const done = new Set<string>();
  const ordered: Message[] = [];
  const visit = (start: Message): void => {
    const waiting = [start];
    for (let node = waiting.at(-1); node; node = waiting.at(-1)) {
      const open = node
        .getInputList()
        .map((input: string) => named.get(nodeOf(input)))
        .find((input: Message | undefined) => input && !done.has(input.getName()));
      if (open && !waiting.includes(open)) {
        waiting.push(open);
        continue;
      }
      waiting.pop();
      if (done.has(node.getName())) continue;
      done.add(node.getName());
      ordered.push(node);
    }
  };
  for (const node of nodes) visit(node);
  return ordered;
}
