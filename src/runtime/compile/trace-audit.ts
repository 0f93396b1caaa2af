/** Compares two traces of one function, since differences between them are frozen in the graph. */
import { tensorflowBackend } from '../backend';
import type { ConstantValue, GraphNode } from './graph-def';
import { TraceError } from './outputs';
import type { Trace } from './trace';

const CURE =
  'is frozen in the graph; make it an input of the entry (tf.scalar) or a variable, or use an optimiser of tf.train ' +
  'and its learningRate';

/** @throws TraceError that names a difference between `now` and `frozen` */
export function assertSameTrace(entry: string, frozen: Trace, now: Trace): void {
  const reader = (nodes: readonly GraphNode[], name: string): string =>
    nodes.find(({ inputs }) => inputs.includes(name))?.op ?? 'an output';
  frozen.nodes.forEach((node, i) => {
    const other = now.nodes[i];
    if (!other || other.name !== node.name || String(other.inputs) !== String(node.inputs)) {
      throw new TraceError(
        `'${entry}' runs other operations than when it was compiled (${node.op} then, ${other?.op ?? 'nothing'} now): ` +
          `its branch ${CURE}; or make entries of the branches`,
      );
    }
    if (JSON.stringify(node.attributes) !== JSON.stringify(other.attributes)) {
      throw new TraceError(
        `'${entry}' runs ${node.op} with other attributes than when it was compiled: a number ${CURE}`,
      );
    }
    if (node.constant && other.constant && !sameConstant(node.constant, other.constant)) {
      const change = `${show(node.constant)} then, ${show(other.constant)} now`;
      throw new TraceError(
        `'${entry}' uses another constant in ${reader(frozen.nodes, node.name)} than when it was compiled (${change}): ` +
          `it ${CURE}`,
      );
    }
  });
  if (now.nodes.length > frozen.nodes.length) {
    const more = now.nodes[frozen.nodes.length]!.op;
    throw new TraceError(
      `'${entry}' runs more operations than when it was compiled (${more}): its branch ${CURE}`,
    );
  }
}

function sameConstant(a: ConstantValue, b: ConstantValue): boolean {
  if (a.type !== b.type || String(a.shape) !== String(b.shape)) return false;
  if (a.bytes instanceof Uint8Array && b.bytes instanceof Uint8Array)
    return Buffer.compare(a.bytes, b.bytes) === 0;
  return Buffer.compare(joined(a), joined(b)) === 0;
}

function joined({ bytes }: ConstantValue): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes);
}

function show({ type, shape, bytes }: ConstantValue): string {
  const { TF_FLOAT, TF_INT32 } = tensorflowBackend().binding;
  const single = shape.every((size) => size === 1) && bytes instanceof Uint8Array;
  if (single && type === TF_FLOAT) return String(new Float32Array(bytes.slice().buffer)[0]);
  if (single && type === TF_INT32) return String(new Int32Array(bytes.slice().buffer)[0]);
  return `a tensor of shape [${shape}]`;
}
