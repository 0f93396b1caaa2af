/** Composition of permutations, every pair once: a group task that, unlike modular arithmetic, does not commute. */
import { binaryOperation, type SplitOptions } from './binary-operation';
import type { Dataset } from './dataset';

export interface PermutationGroupOptions extends SplitOptions {
  /** Permutations of this many things, 2 to 6. @default 5 */
  readonly degree?: number;
}

/**
 * The symmetric group S_n as token sequences [a, n!, b, n! + 1], the label being a ∘ b, "first b, then a":
 * (a ∘ b)(i) = a(b(i)). A permutation's number is its place in lexicographic order, so 0 is the identity.
 * @throws RangeError when degree is not a whole number from 2 to 6, or a fraction is outside (0, 1)
 */
export function permutationGroup(options: PermutationGroupOptions = {}): Dataset {
  const { degree = 5, trainFraction = 0.3, validationFraction, seed = 9 } = options;
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
    trainFraction,
    validationFraction,
    seed,
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
