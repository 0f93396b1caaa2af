/** The settings of a run: one schema gives the type, the defaults, the key=value overrides, the help and the errors. */
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { isPrime, nearestPrimes } from '../data/modular-arithmetic';

const positive = (description: string): z.ZodNumber => z.int().min(1).describe(description);
const share = (description: string): z.ZodNumber => z.number().gt(0).lt(1).describe(description);

/** All settings of a grokking run. The defaults are the paper's (arXiv 2211.13239, section 4 and public code). */
export interface GrokkingConfig {
  experiment: 'grokking';
  /** What is learnt. @default 'division' */
  task: 'division' | 'subtraction' | 'sum' | 'permutation';
  /** Modulus of division, subtraction and sum. @default 97 */
  prime: number;
  /** Permutations of so many things, for the task permutation. @default 5 */
  degree: number;
  /** Share of all pairs that is trained on. @default 0.3 */
  trainFraction: number;
  /** Fixed share for validation. @default all the rest */
  validationFraction?: number | undefined;
  /** Seed of the split. @default 9 */
  dataSeed: number;
  /** Seed of weights, order and dropout. @default 0 */
  seed: number;
  /** @default 40000 */
  steps: number;
  /** @default 512 */
  batchSize: number;
  /** @default 'adam' */
  optimizer: 'adam' | 'sgd';
  /** After the warm-up. @default 1e-3 */
  learningRate: number;
  /** Adam's. @default 0.9 */
  beta1: number;
  /** Adam's. @default 0.98 */
  beta2: number;
  /** Adam's. @default 1e-8 */
  epsilon: number;
  /** SGD's. @default 0.9 */
  momentum: number;
  /** L2: this times the weights is added to the gradient. @default 0 */
  weightDecay: number;
  /** @default 'warmup' */
  schedule: 'constant' | 'warmup' | 'cosine' | 'multi-step';
  /** @default 10000 */
  warmupSteps: number;
  /** Steps after which multi-step multiplies by gamma. @default [] */
  milestones: number[];
  /** Factor of multi-step. @default 0.2 */
  gamma: number;
  /** Transformer blocks. @default 2 */
  nLayer: number;
  /** Attention heads. @default 4 */
  nHead: number;
  /** Width. @default 128 */
  nEmbd: number;
  /** Of embeddings, attention and residuals. @default 0.1 */
  dropoutRate: number;
  /** Steps between measurements. @default 500 */
  measureEvery: number;
  /** Log-spaced measurements before the first of those. @default 6 */
  earlyMeasurements: number;
  /** Steps between checkpoints. @default 500 */
  checkpointEvery: number;
  /** Random subsamples for mean and deviation of the dimension. @default 20 */
  idSubsamples: number;
  /** Share of the points in each subsample. @default 0.9 */
  idFraction: number;
  /** Points left out of the TwoNN fit. @default 0.1 */
  discardFraction: number;
}

/** The interface above, as a check: both must say the same. */
const grokkingSchema = z
  .strictObject({
    experiment: z.literal('grokking').default('grokking'),
    task: z
      .enum(['division', 'subtraction', 'sum', 'permutation'])
      .default('division')
      .describe('what is learnt'),
    prime: z.int().min(3).max(4093).default(97).describe('modulus of division, subtraction and sum'),
    degree: z
      .int()
      .min(2)
      .max(6)
      .default(5)
      .describe('permutations of so many things, for the task permutation'),
    trainFraction: share('share of all pairs that is trained on').default(0.3),
    validationFraction: share('fixed share for validation; without it, all the rest').optional(),
    dataSeed: z.int().min(0).default(9).describe('seed of the split'),
    seed: z.int().min(0).default(0).describe('seed of weights, order and dropout'),
    steps: positive('training steps').default(40_000),
    batchSize: positive('examples a step').default(512),
    optimizer: z.enum(['adam', 'sgd']).default('adam').describe('optimiser'),
    learningRate: z.number().gt(0).max(10).default(1e-3).describe('learning rate after the warm-up'),
    beta1: z.number().min(0).lt(1).default(0.9).describe("Adam's"),
    beta2: z.number().min(0).lt(1).default(0.98).describe("Adam's"),
    epsilon: z.number().gt(0).max(1).default(1e-8).describe("Adam's"),
    momentum: z.number().min(0).lt(1).default(0.9).describe("SGD's"),
    weightDecay: z
      .number()
      .min(0)
      .max(10)
      .default(0)
      .describe('L2: times the weights, added to the gradient'),
    schedule: z
      .enum(['constant', 'warmup', 'cosine', 'multi-step'])
      .default('warmup')
      .describe('of the learning rate'),
    warmupSteps: positive('linear warm-up, for the schedule warmup').default(10_000),
    milestones: z
      .array(z.int().min(1))
      .default([])
      .describe('steps after which multi-step multiplies by gamma'),
    gamma: z.number().gt(0).max(1).default(0.2).describe('factor of multi-step'),
    nLayer: positive('transformer blocks').default(2),
    nHead: positive('attention heads').default(4),
    nEmbd: positive('width').default(128),
    dropoutRate: z.number().min(0).lt(1).default(0.1).describe('of embeddings, attention and residuals'),
    measureEvery: positive('steps between measurements').default(500),
    earlyMeasurements: z
      .int()
      .min(0)
      .max(50)
      .default(12)
      .describe('log-spaced measurements before the first'),
    checkpointEvery: positive('steps between checkpoints').default(500),
    idSubsamples: positive('random subsamples for mean and deviation of the dimension').default(20),
    idFraction: share('share of the points in each subsample').default(0.9),
    discardFraction: z.number().min(0).lt(1).default(0.1).describe('points left out of the TwoNN fit'),
  })
  .superRefine((config, context) => {
    if (config.task !== 'permutation' && !isPrime(config.prime)) {
      context.addIssue({
        code: 'custom',
        path: ['prime'],
        message: `must be prime; the nearest are ${nearestPrimes(config.prime)}`,
        input: config.prime,
      });
    }
  });

/** Completes settings with the defaults. Unknown keys and bad values are errors that name the cure. */
export function grokkingConfig(settings: Readonly<Partial<GrokkingConfig>> = {}): GrokkingConfig {
  const unknown = Object.keys(settings).find((key) => !(key in grokkingSchema.shape));
  if (unknown !== undefined) throw new RangeError(unknownKey(unknown));
  const parsed = grokkingSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = String(issue!.path[0]);
  const value = (settings as Record<string, unknown>)[key];
  throw new RangeError(`${key}=${JSON.stringify(value)}: ${issue!.message} (allowed: ${describeRange(key)})`);
}

/** Reads `key=value` words: numbers, true and false, comma-separated lists, else text. */
export function parseOverrides(words: readonly string[]): Partial<GrokkingConfig> {
  const entries = words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new RangeError(`'${word}' is no setting: write key=value, such as weightDecay=1e-2`);
    const [key, text] = [word.slice(0, at), word.slice(at + 1)];
    if (!(key in grokkingSchema.shape)) throw new RangeError(unknownKey(key));
    const value = key === 'milestones' ? text.split(',').filter(Boolean).map(parseValue) : parseValue(text);
    return [key, value];
  });
  return Object.fromEntries(entries) as Partial<GrokkingConfig>;
}

/** Every key with its default, its range and what it means, for `--help`. */
export function describeSettings(): string {
  const defaults: Record<string, unknown> = { ...grokkingConfig() };
  return Object.keys(grokkingSchema.shape)
    .filter((key) => key !== 'experiment')
    .map((key) => {
      const value = JSON.stringify(defaults[key]) ?? 'none';
      return `  ${`${key}=${value}`.padEnd(30)} ${describe(key)} (${describeRange(key)})`;
    })
    .join('\n');
}

function parseValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

function unknownKey(key: string): string {
  const keys = Object.keys(grokkingSchema.shape);
  const nearest = keys.reduce((best, other) =>
    distance(key.toLowerCase(), other.toLowerCase()) < distance(key.toLowerCase(), best.toLowerCase())
      ? other
      : best,
  );
  return `no setting '${key}': did you mean '${nearest}'? (--help lists all)`;
}

interface JsonSchema {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

let properties: Readonly<Record<string, JsonSchema>> | undefined;

function property(key: string): JsonSchema {
  properties ??= z.toJSONSchema(grokkingSchema, { io: 'input' }).properties as Record<string, JsonSchema>;
  return properties[key] ?? {};
}

function describe(key: string): string {
  return property(key).description ?? '';
}

function describeRange(key: string): string {
  const { enum: choices, type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = property(key);
  if (choices) return choices.join(', ');
  if (type === 'array') return 'whole numbers with commas between';
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  const low = exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : `from ${minimum}`;
  if (exclusiveMaximum !== undefined) return `${kind} ${low}, below ${exclusiveMaximum}`;
  return maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER
    ? `${kind} ${low}`
    : `${kind} ${low} to ${maximum}`;
}
