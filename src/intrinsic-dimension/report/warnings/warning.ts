/** A reason to doubt a dimension, with the numbers behind it. */

/** The names of all warnings about points, or about the value that they give. */
export const WARNINGS = [
  'duplicates',
  'near-duplicates',
  'ties',
  'evenly spaced',
  'rounded values',
  'outlier',
  'one column',
  'consecutive rows',
  'distances as points',
  'row numbers',
  'bias',
  'too few points',
  'depends on scale',
  'several dimensions',
] as const;

/** The name of a warning. */
export type WarningName = (typeof WARNINGS)[number];

/** A warning. */
export interface Warning {
  readonly name: WarningName;
  /** Whole sentences: what was found, what was expected, and what helps. */
  readonly text: string;
  /** The numbers in the text, by name. */
  readonly evidence: Readonly<Record<string, number>>;
}

/** A number with four digits, which are enough for a judgement. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1);
  return Number.isInteger(value) ? value.toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** A share in per cent. */
export function percent(share: number): string {
  const digits = Number((100 * share).toPrecision(2));
  return `${digits < 0.001 && digits > 0 ? digits.toExponential(0) : digits} %`;
}
