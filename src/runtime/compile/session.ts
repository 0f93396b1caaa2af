/** A graph loaded into TensorFlow, with the variables that it holds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { tensorflowBackend } from '../backend';
import {
  encodeSavedModel,
  type GraphNode,
  shapeAttribute,
  stringAttribute,
  typeAttribute,
} from './graph-def';
import { variableNode } from './recorder';
import { withTemporaryFolder } from './temporary-folder';

export class Session {
  readonly #id: number;

  /** Loads a graph with these variables and further nodes. The variables have no values until they are set. */
  constructor(variables: readonly tf.Variable[], nodes: readonly GraphNode[]) {
    const encoded = encodeSavedModel([...variables.flatMap(variableNodes), ...nodes]);
    // The binding accepts only the path of a SavedModel.
    this.#id = withTemporaryFolder((folder) => {
      writeFileSync(join(folder, 'saved_model.pb'), encoded);
      return tensorflowBackend().binding.loadSavedModel(folder, 'serve');
    });
  }

  /** Feeds placeholders and fetches nodes, both by name. */
  fetch(feeds: readonly { name: string; tensor: tf.Tensor }[], outputs: readonly string[]): tf.Tensor[] {
    return tensorflowBackend().runSavedModel(
      this.#id,
      feeds.map(({ tensor }) => tensor),
      feeds.map(({ name }) => ({ name: `${name}:0` })),
      outputs.map((name) => `${name}:0`),
    );
  }

  /** The values of variables by index. */
  read(indices: readonly number[]): tf.Tensor[] {
    return indices.length === 0
      ? []
      : this.fetch(
          [],
          indices.map((i) => `read_${i}`),
        );
  }

  /** Sets variables by index. */
  write(values: readonly { i: number; tensor: tf.Tensor }[]): void {
    if (values.length === 0) return;
    const done = this.fetch(
      values.map(({ i, tensor }) => ({ name: `initial_${i}`, tensor })),
      values.map(({ i }) => `initialise_${i}`),
    );
    for (const tensor of done) tensor.dispose();
  }

  dispose(): void {
    tensorflowBackend().binding.deleteSavedModel(this.#id);
  }
}

/** The nodes of a variable: the resource, a read, and an assignment from a placeholder. */
function variableNodes(variable: tf.Variable, i: number): GraphNode[] {
  const type = tensorflowBackend().tensorMap.get(variable.dataId).dtype;
  const dtype = typeAttribute('dtype', type);
  const shape = shapeAttribute('shape', variable.shape);
  const resource = variableNode(i);
  return [
    {
      name: resource,
      op: 'VarHandleOp',
      inputs: [],
      attributes: [dtype, shape, stringAttribute('shared_name', resource)],
    },
    { name: `read_${i}`, op: 'ReadVariableOp', inputs: [resource], attributes: [dtype] },
    { name: `initial_${i}`, op: 'Placeholder', inputs: [], attributes: [dtype, shape] },
    { name: `assign_${i}`, op: 'AssignVariableOp', inputs: [resource, `initial_${i}`], attributes: [dtype] },
    {
      name: `initialise_${i}`,
      op: 'Shape',
      inputs: [`initial_${i}`, `^assign_${i}`],
      attributes: [typeAttribute('T', type), typeAttribute('out_type', tensorflowBackend().binding.TF_INT32)],
    },
  ];
}
