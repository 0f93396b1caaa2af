/** Composition of permutations, with every pair once: a group task that, unlike modular arithmetic, does not commute. */
import { assertGiven, NUMBER } from '../given';
import { type Setting, wholeNumber } from '../setting';
import { binaryOperation, SPLIT_KINDS, type SplitOptions, type Task } from './binary-operation';
import type { Dataset } from './dataset';

const SETTINGS: { readonly degree: Setting<number> } = {
  degree: wholeNumber({
    default: 5,
    min: 3,
    max: 6,
    description: 'number of elements that are permuted in the task permutation',
  }),
};

/** The task of the symmetric group. */
export const PERMUTATION: Task<'permutation', typeof SETTINGS> = {
  name: 'permutation',
  summary: 'composition of two permutations',
  settings: SETTINGS,
  title: ({ degree }) => `Permutations${degree === undefined ? '' : ` of ${degree}`}`,
  load: ({ degree }, split) => permutationGroup({ degree, ...split }),
};

export interface PermutationGroupOptions extends SplitOptions {
  /** The number of permuted elements, 2 to 6. @default that of the setting `degree` */
  readonly degree?: number;
}

/**
 * The symmetric group S_n as token sequences [a, n!, b, n! + 1], where the label is a ∘ b, "first b, then a":
 * (a ∘ b)(i) = a(b(i)). The number of a permutation is its position in lexicographic order, so 0 is the identity.
 * @throws RangeError when degree is not a whole number from 2 to 6, a fraction is outside (0, 1), or an option is not read
 */
export function permutationGroup(options: PermutationGroupOptions = {}): Dataset {
  assertGiven('permutationGroup', options, { ...SPLIT_KINDS, degree: NUMBER });
  const { degree = SETTINGS.degree.default, ...split } = options;
  if (!Number.isInteger(degree) || degree < 2 || degree > 6) {
    throw new RangeError(`degree ${degree} is not a whole number from 2 to 6 (720 elements)`);
  }
  const elements = permutations(degree);
  const numberOf = new Map(elements.map((element, index) => [element.join(), index]));
  const compose = (a: number, b: number): number =>
    numberOf.get(elements[b]!.map((i) => elements[a]![i]!).join())!;
  const name = (index: number): string => `(${elements[index]!.map((i) => i + 1).join(' ')})`;
  return binaryOperation({
    name: `permutations-${degree}`,
    title: `a ∘ b in the symmetric group S${degree}`,
    elements: elements.length,
    firstRight: 0,
    operate: compose,
    text: (a, b, result) => `${name(a)} ∘ ${name(b)} = ${name(result)}`,
    ...split,
  });
}

/** All orders of 0 .. degree - 1, in lexicographic order. */
function permutations(degree: number): number[][] {
  const extend = (chosen: number[]): number[][] => {
    if (chosen.length === degree) return [chosen];
    return Array.from({ length: degree }, (_, i) => i)
      .filter((i) => !chosen.includes(i))
      .flatMap((i) => extend([...chosen, i]));
  };
  return extend([]);
}
