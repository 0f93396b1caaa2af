/** The full table of a binary operation as a data set of token sequences; some cells are for training, the others for validation. */
import { type Kinds, NUMBER } from '../given';
import { counted, formatStep } from '../number-format';
import {
  type Choosable,
  fraction,
  type OptionalSetting,
  type Setting,
  type Settings,
  seed,
  type ValuesOf,
} from '../setting';
import type { Dataset, Examples } from './dataset';
import { pythonShuffle } from './python-shuffle';

/** The settings of the split of pairs, for any task. */
export const SPLIT: {
  readonly trainFraction: Setting<number>;
  readonly validationFraction: OptionalSetting<number>;
  readonly seed: Setting<number>;
} = {
  trainFraction: fraction({
    default: 0.3,
    description: 'fraction of all pairs that are used for training',
    inWords: (p) => `p = ${p}`,
  }),
  validationFraction: fraction({
    absent: 'all pairs that are not used for training',
    description: 'fixed fraction of all pairs that are used for validation',
  }),
  seed: seed({ default: 9, description: 'seed of the split into training and validation pairs' }),
};

/** A binary operation that a network can learn. */
export interface Task<Name extends string = string, S extends Settings = Settings>
  extends Choosable<Name, S> {
  /** What is learnt, for the title of a figure; unknown settings may be missing. */
  title(values: Partial<ValuesOf<S>>): string;
  /** The number of tokens in the vocabulary that never occur. @default none */
  unusedTokens?(values: ValuesOf<S>): number;
  load(values: ValuesOf<S>, split: SplitOptions): Dataset;
}

export interface SplitOptions {
  /** The share of all pairs for training, above 0 and below 1, rounded down to whole pairs. @default that of {@link SPLIT} */
  readonly trainFraction?: number;
  /**
   * The share of all pairs for validation, taken from the end of the permutation, so that it is the same for every
   * trainFraction. By default, every pair that is not used for training is used for validation.
   */
  readonly validationFraction?: number;
  /** Seed of the permutation of all pairs. @default that of {@link SPLIT} */
  readonly seed?: number;
}

/** What every task can be told. */
export const SPLIT_KINDS: Kinds<SplitOptions> = {
  trainFraction: NUMBER,
  validationFraction: NUMBER,
  seed: NUMBER,
};

export interface BinaryOperation extends SplitOptions {
  readonly name: string;
  readonly title: string;
  /** The number of elements; results and left operands are 0 .. elements - 1. */
  readonly elements: number;
  /** The first right operand; right operands are firstRight .. elements - 1. */
  readonly firstRight: number;
  readonly operate: (a: number, b: number) => number;
  readonly text: (a: number, b: number, result: number) => string;
}

/** The number of tokens in an example: a, the operator, b, the equals sign. */
const LENGTH = 4;

/** Every pair (a, b), as tokens [a, elements, b, elements + 1] with the label a ∘ b, split by a seeded permutation. */
export function binaryOperation(operation: BinaryOperation): Dataset {
  const { elements, firstRight, seed = SPLIT.seed.default } = operation;
  const rights = elements - firstRight;
  const pairs = elements * rights;
  const sizes = splitSizes(operation, pairs);
  const order = pythonShuffle(pairs, seed);

  const encode = (indices: Int32Array): Examples => {
    const inputs = new Int32Array(indices.length * LENGTH);
    const labels = new Int32Array(indices.length);
    indices.forEach((index, row) => {
      const a = Math.floor(index / rights);
      const b = firstRight + (index % rights);
      inputs.set([a, elements, b, elements + 1], row * LENGTH);
      labels[row] = operation.operate(a, b);
    });
    return { inputs, inputShape: [LENGTH], labels, size: indices.length };
  };

  const train = encode(order.subarray(0, sizes.train));
  const validation = encode(order.subarray(pairs - sizes.validation));
  return {
    name: operation.name,
    description:
      `${operation.title}: ${counted(pairs, 'pair')}, ${formatStep(train.size)} to train on and ${formatStep(validation.size)} to validate, ` +
      counted(elements, 'class', 'classes'),
    classes: elements,
    vocabularySize: elements + 2,
    train,
    validation,
    describe(index: number, split: 'train' | 'validation' = 'train'): string {
      const examples = split === 'train' ? train : validation;
      if (!Number.isInteger(index) || index < 0 || index >= examples.size) {
        throw new RangeError(`no ${split} example ${index}: there are ${examples.size}, numbered from 0`);
      }
      const tokens = examples.inputs;
      return operation.text(tokens[index * LENGTH]!, tokens[index * LENGTH + 2]!, examples.labels[index]!);
    },
  };
}

/** Sizes are rounded down, as in the paper's code. */
function splitSizes(options: SplitOptions, pairs: number): { train: number; validation: number } {
  const { trainFraction = SPLIT.trainFraction.default, validationFraction } = options;
  checkFraction('trainFraction', trainFraction);
  const train = Math.floor(pairs * trainFraction);
  if (train === 0) {
    throw new RangeError(
      `trainFraction ${trainFraction} of ${counted(pairs, 'pair')} selects no example: give at least ${1 / pairs}`,
    );
  }
  if (validationFraction === undefined) return { train, validation: pairs - train };
  checkFraction('validationFraction', validationFraction);
  const validation = Math.floor(pairs * validationFraction);
  if (validation === 0 || train + validation > pairs) {
    throw new RangeError(
      `validationFraction ${validationFraction} of ${counted(pairs, 'pair')} is ${counted(validation, 'example')}, but ` +
        `trainFraction ${trainFraction} leaves ${pairs - train}: give a share that makes 1 to ${pairs - train}`,
    );
  }
  return { train, validation };
}

function checkFraction(name: string, value: number): void {
  if (!(value > 0 && value < 1)) {
    throw new RangeError(`${name} ${value} is outside (0, 1): give a share of the pairs, such as 0.3`);
  }
}
