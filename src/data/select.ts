/** Subsets of examples, and their rows as points. */
import type { Examples } from './dataset';

/** The examples with these indices, in this order. */
export function select(examples: Examples, indices: Int32Array): Examples {
  const labels = indices.map((index) => {
    if (index < 0 || index >= examples.size) {
      throw new RangeError(`no example ${index}: there are ${examples.size}, numbered from 0`);
    }
    return examples.labels[index]!;
  });
  return { ...examples, inputs: rows(examples, indices), labels, size: indices.length };
}

/** The inputs of the examples with these indices, one after another. */
export function rows({ inputs, inputShape }: Examples, indices: Int32Array): Examples['inputs'] {
  const width = inputShape.reduce((product, n) => product * n, 1);
  const Numbers = inputs.constructor as new (length: number) => Examples['inputs'];
  const gathered = new Numbers(indices.length * width);
  indices.forEach((index, row) => {
    gathered.set(inputs.subarray(index * width, (index + 1) * width), row * width);
  });
  return gathered;
}

/**
 * The examples of one class.
 * @throws RangeError if there are none
 */
export function ofClass(examples: Examples, label: number): Examples {
  const indices = Int32Array.from({ length: examples.size }, (_, i) => i);
  const own = indices.filter((index) => examples.labels[index] === label);
  if (own.length === 0) {
    throw new RangeError(
      `no example of class ${label}: the labels are ${[...new Set(examples.labels)].sort()}`,
    );
  }
  return select(examples, own);
}

/** The number of examples of each class, [classes]. */
export function classCounts(examples: Examples, classes: number): Int32Array {
  const counts = new Int32Array(classes);
  for (const label of examples.labels) counts[label]!++;
  return counts;
}

/** The raw data as points for an estimate of their dimension: every input, as the network gets it, in one row. */
export function rawPoints(examples: Examples): {
  readonly data: Float32Array;
  readonly shape: readonly [examples: number, numbers: number];
} {
  const all = Int32Array.from({ length: examples.size }, (_, i) => i);
  const data = examples.prepare?.(examples, all) ?? new Float32Array(examples.inputs);
  return { data, shape: [examples.size, data.length / examples.size] };
}
