/**
 * The nodes of a loop in a graph: TensorFlow's control-flow operations, which run the nodes of the body once for each iteration.
 * (Abadi et al. 2016, TensorFlow: a system for large-scale machine learning, section 3.4.)
 */
import { tensorflowBackend } from '../backend';
import type { GraphBuilder } from './graph-builder';
import { shapeAttribute, stringAttribute, type TypeCode, typeAttribute } from './graph-def';

/** The type of a reference to a resource, which tfjs does not know. */
const RESOURCE: TypeCode = 20;

/** The number of iterations that may run at the same time; TensorFlow's default. */
const PARALLEL_TURNS = 32;

export class LoopNodes {
  readonly #graph: GraphBuilder;
  readonly #name: string;
  readonly #turns: number;
  readonly #condition: string;
  /** The number of the iteration, from 0: int32 []. */
  readonly index: string;
  /** The values after the last iteration. */
  readonly #exits: string[] = [];
  #carried = 0;

  /** @param name unique in the graph */
  constructor(graph: GraphBuilder, name: string, turns: number) {
    this.#graph = graph;
    this.#name = name;
    this.#turns = turns;
    const { TF_INT32 } = tensorflowBackend().binding;
    const type = [typeAttribute('T', TF_INT32)];
    const [zero, one, limit] = [0, 1, turns].map((value) => this.#integers([], [value]));
    const counter = this.#merge(zero!, TF_INT32);
    const under = graph.add('Less', [counter, this.enter(limit!, TF_INT32)], type);
    this.#condition = graph.add('LoopCond', [under], []);
    this.index = this.#switch(counter, TF_INT32);
    this.next(0, graph.add('AddV2', [this.index, this.enter(one!, TF_INT32)], type), TF_INT32);
  }

  /** Brings the value of an outside node into the body, where it is the same in each iteration. */
  enter(name: string, type: TypeCode): string {
    return this.#enter(name, type, true);
  }

  /** A value that each iteration passes to the next, with its index for {@link next} and {@link result}. */
  carry(initial: string, type: TypeCode): { readonly index: number; readonly value: string } {
    const index = this.#carried;
    return { index, value: this.#switch(this.#merge(initial, type), type) };
  }

  /** Sets a carried value for the next iteration. */
  next(index: number, name: string, type: TypeCode): void {
    this.#graph.add('NextIteration', [name], [typeAttribute('T', type)], `${this.#name}/next_${index}`);
  }

  /** A carried value after the last iteration. */
  result(index: number): string {
    return this.#exits[index]!;
  }

  /** Collects a value from each iteration: `write` stores it at a position in the body, `read` gives all of them outside, [turns, ...]. */
  stack(
    type: TypeCode,
    shape: readonly number[],
  ): { write(place: string, value: string): void; read(): string } {
    const { TF_ATTR_BOOL, TF_FLOAT } = tensorflowBackend().binding;
    const graph = this.#graph;
    const [dtype, elements] = [typeAttribute('dtype', type), shapeAttribute('element_shape', shape)];
    const flags = { dynamic_size: false, clear_after_read: true, identical_element_shapes: true };
    const array = graph.add(
      'TensorArrayV3',
      [this.#integers([], [this.#turns])],
      [
        dtype,
        elements,
        ...Object.entries(flags).map(([name, value]) => ({ name, type: TF_ATTR_BOOL, value })),
        stringAttribute('tensor_array_name', ''),
      ],
    );
    const inside = this.enter(array, RESOURCE);
    // The flow orders reads after writes.
    const flow = this.carry(`${array}:1`, TF_FLOAT);
    return {
      write: (place, value) => {
        const from = [inside, place, value, flow.value];
        this.next(flow.index, graph.add('TensorArrayWriteV3', from, [typeAttribute('T', type)]), TF_FLOAT);
      },
      read: () => {
        const all = this.#integers([this.#turns], [...Array(this.#turns).keys()]);
        return graph.add('TensorArrayGatherV3', [array, all, this.result(flow.index)], [dtype, elements]);
      },
    };
  }

  #enter(name: string, type: TypeCode, isConstant: boolean): string {
    const { TF_ATTR_BOOL, TF_ATTR_INT } = tensorflowBackend().binding;
    return this.#graph.add(
      'Enter',
      [name],
      [
        typeAttribute('T', type),
        stringAttribute('frame_name', this.#name),
        { name: 'is_constant', type: TF_ATTR_BOOL, value: isConstant },
        { name: 'parallel_iterations', type: TF_ATTR_INT, value: PARALLEL_TURNS },
      ],
    );
  }

  /** The value in this iteration: the initial one, and later that of the iteration before. */
  #merge(initial: string, type: TypeCode): string {
    const next = this.#graph.fullName(`${this.#name}/next_${this.#carried++}`);
    const count = { name: 'N', type: tensorflowBackend().binding.TF_ATTR_INT, value: 2 };
    return this.#graph.add(
      'Merge',
      [this.#enter(initial, type, false), next],
      [typeAttribute('T', type), count],
    );
  }

  /** Routes a value into the body while iterations are left, and out of the loop afterwards. */
  #switch(merged: string, type: TypeCode): string {
    const attributes = [typeAttribute('T', type)];
    const node = this.#graph.add('Switch', [merged, this.#condition], attributes);
    this.#exits.push(this.#graph.add('Exit', [node], attributes));
    return this.#graph.add('Identity', [`${node}:1`], attributes);
  }

  #integers(shape: readonly number[], values: readonly number[]): string {
    const bytes = new Uint8Array(Int32Array.from(values).buffer);
    return this.#graph.constant({ type: tensorflowBackend().binding.TF_INT32, shape, bytes });
  }
}
