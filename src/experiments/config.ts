/** The settings of a run: one schema gives the defaults, the ranges, the key=value overrides, the help and the errors. */
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { isPrime, nearestPrimes } from '../data/modular-arithmetic';

/** Training a transformer on a small algebraic task until it groks. The defaults are the paper's. */
export interface GrokkingConfig {
  /** @default 'grokking' */
  experiment: 'grokking';
  /** What is learnt. @default 'division' */
  task: 'division' | 'subtraction' | 'sum' | 'permutation';
  /** Modulus of division, subtraction and sum. @default 97 */
  prime: number;
  /** Permutations of so many things, for the task permutation. @default 5 */
  degree: number;
  /** Share of all pairs that is trained on. @default 0.3 */
  trainFraction: number;
  /** Fixed share for validation. @default all pairs that are not trained on */
  validationFraction?: number;
  /** Seed of the split. @default 9 */
  dataSeed: number;
  /** Seed of weights, order and dropout. @default 0 */
  seed: number;
  /** Training steps. @default 40000 */
  steps: number;
  /** Examples a step. @default 512 */
  batchSize: number;
  /** @default 'adam' */
  optimizer: 'adam' | 'sgd';
  /** Learning rate after the warm-up. @default 0.001 */
  learningRate: number;
  /** Adam's decay of the mean of gradients. @default 0.9 */
  beta1: number;
  /** Adam's decay of the mean of squares. @default 0.98 */
  beta2: number;
  /** Adam's, added to the root. @default 1e-8 */
  epsilon: number;
  /** SGD's. @default 0.9 */
  momentum: number;
  /** L2: times the weights, added to the gradient. @default 0 */
  weightDecay: number;
  /** Of the learning rate. @default 'warmup' */
  schedule: 'constant' | 'warmup' | 'cosine' | 'multi-step';
  /** Steps of linear warm-up, for the schedule warmup. @default 10000 */
  warmupSteps: number;
  /** Steps after which the schedule multi-step multiplies by gamma, rising. @default [] */
  milestones: number[];
  /** Factor of the schedule multi-step. @default 0.2 */
  gamma: number;
  /** Transformer blocks. @default 2 */
  nLayer: number;
  /** Attention heads. @default 4 */
  nHead: number;
  /** Width, a multiple of nHead. @default 128 */
  nEmbd: number;
  /** Of embeddings, attention and residuals. @default 0.1 */
  dropoutRate: number;
  /** Steps between measurements. @default 500 */
  measureEvery: number;
  /** Log-spaced measurements before measureEvery. @default 12 */
  earlyMeasurements: number;
  /** Steps between checkpoints. @default 500 */
  checkpointEvery: number;
  /** Random subsamples for mean and deviation of the dimension. @default 20 */
  idSubsamples: number;
  /** Share of the points in each subsample. @default 0.9 */
  idFraction: number;
  /** Share of the points, those with the largest mu, that the TwoNN fit leaves out. @default 0.1 */
  discardFraction: number;
}

const count = (description: string): z.ZodNumber => z.int().min(1).max(1e9).describe(description);
const seed = (description: string): z.ZodNumber => z.int().min(0).max(2147483647).describe(description);
const share = (description: string): z.ZodNumber => z.number().gt(0).lt(1).describe(description);
const belowOne = (description: string): z.ZodNumber => z.number().min(0).lt(1).describe(description);

const grokking = z.strictObject({
  experiment: z.literal('grokking').default('grokking'),
  task: z
    .enum(['division', 'subtraction', 'sum', 'permutation'])
    .default('division')
    .describe('what is learnt'),
  prime: z.int().min(3).max(997).default(97).describe('modulus of division, subtraction and sum, a prime'),
  degree: z
    .int()
    .min(3)
    .max(6)
    .default(5)
    .describe('permutations of so many things, for the task permutation'),
  trainFraction: share('share of all pairs that is trained on').default(0.3),
  validationFraction: share('fixed share for validation; without it, all the rest').exactOptional(),
  dataSeed: seed('seed of the split').default(9),
  seed: seed('seed of weights, order and dropout').default(0),
  steps: count('training steps').default(40_000),
  batchSize: count('examples a step').default(512),
  optimizer: z.enum(['adam', 'sgd']).default('adam').describe('optimiser'),
  learningRate: z.number().gt(0).max(10).default(1e-3).describe('learning rate after the warm-up'),
  beta1: belowOne("Adam's decay of the mean of gradients").default(0.9),
  beta2: belowOne("Adam's decay of the mean of squares").default(0.98),
  epsilon: z.number().gt(0).max(1).default(1e-8).describe("Adam's, added to the root"),
  momentum: belowOne("SGD's").default(0.9),
  weightDecay: z.number().min(0).max(10).default(0).describe('L2: times the weights, added to the gradient'),
  schedule: z
    .enum(['constant', 'warmup', 'cosine', 'multi-step'])
    .default('warmup')
    .describe('of the learning rate'),
  warmupSteps: count('steps of linear warm-up, for the schedule warmup').default(10_000),
  milestones: z
    .array(count('a step'))
    .default([])
    .describe('steps after which multi-step multiplies by gamma'),
  gamma: z.number().gt(0).max(1).default(0.2).describe('factor of the schedule multi-step'),
  nLayer: z.int().min(1).max(48).default(2).describe('transformer blocks'),
  nHead: z.int().min(1).max(64).default(4).describe('attention heads'),
  nEmbd: z.int().min(1).max(4096).default(128).describe('width, a multiple of nHead'),
  dropoutRate: belowOne('of embeddings, attention and residuals').default(0.1),
  measureEvery: count('steps between measurements').default(500),
  earlyMeasurements: z
    .int()
    .min(0)
    .max(50)
    .default(12)
    .describe('log-spaced measurements before measureEvery'),
  checkpointEvery: count('steps between checkpoints').default(500),
  idSubsamples: z
    .int()
    .min(2)
    .max(1000)
    .default(20)
    .describe('random subsamples for mean and deviation of the dimension'),
  idFraction: share('share of the points in each subsample').default(0.9),
  discardFraction: belowOne('share of the points that the TwoNN fit leaves out').default(0.1),
});

const completed: z.ZodType<GrokkingConfig> = grokking.superRefine((config, context) => {
  const refuse = (key: keyof GrokkingConfig, message: string): void =>
    context.addIssue({ code: 'custom', path: [key], message, input: config[key] });
  if (config.task !== 'permutation' && !isPrime(config.prime)) {
    refuse('prime', `is not prime: the nearest are ${nearestPrimes(config.prime)}`);
  }
  if (config.nEmbd % config.nHead !== 0) {
    refuse('nEmbd', `is not a multiple of nHead=${config.nHead}`);
  }
  if (
    config.validationFraction !== undefined &&
    config.trainFraction + config.validationFraction > 1 + 1e-9
  ) {
    refuse(
      'validationFraction',
      `overlaps trainFraction=${config.trainFraction}: together they may be 1 at most`,
    );
  }
  if (config.milestones.some((step, i) => i > 0 && step <= config.milestones[i - 1]!)) {
    refuse('milestones', 'must rise');
  }
});

const KEYS = Object.keys(grokking.shape) as (keyof GrokkingConfig)[];

/** A run may be prolonged, and kept in another rhythm; the rest of its settings are what makes it this run. */
const NOT_IN_NAME: readonly string[] = ['experiment', 'steps', 'checkpointEvery'];

/**
 * Completes settings with the defaults.
 *
 * @throws RangeError for unknown keys and bad values, with the nearest key or the allowed range
 */
export function grokkingConfig(settings: Readonly<Partial<GrokkingConfig>> = {}): GrokkingConfig {
  const unknown = Object.keys(settings).find((key) => !isKey(key));
  if (unknown !== undefined) throw new RangeError(unknownKey(unknown));
  const parsed = completed.safeParse(settings);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ code, path, message }) => {
    const key = String(path[0]) as keyof GrokkingConfig;
    const given = `${key}=${format(settings[key] ?? grokkingConfig()[key])}`;
    return code === 'custom' ? `${given} ${message}` : `${given} is refused: give ${describeRange(key)}`;
  });
  throw new RangeError([...new Set(lines)].join('; '));
}

/**
 * Reads `key=value` words, such as trainFraction=.3 weightDecay=1e-2 milestones=100,200, and checks them.
 * Only the keys that were given are in the result, so that it can be spread over a preset.
 *
 * @throws RangeError as {@link grokkingConfig}, and for words that are no key=value
 */
export function parseOverrides(words: readonly string[]): Partial<GrokkingConfig> {
  const settings = Object.fromEntries(readWords(words).map(({ key, text }) => [key, parseValue(key, text)]));
  grokkingConfig(settings);
  return settings;
}

/**
 * Reads words whose values may be lists, such as trainFraction=.2,.3 weightDecay=0,1e-2, into every combination,
 * the last key varying fastest. For a key that is a list itself (milestones) the commas belong to the value.
 *
 * @throws RangeError as {@link parseOverrides}, and for a value that is given twice
 */
export function parseGrid(words: readonly string[]): GrokkingConfig[] {
  let cells: Partial<GrokkingConfig>[] = [{}];
  for (const { key, text } of readWords(words)) {
    const values = (isList(key) ? [text] : text.split(',')).map((part) => parseValue(key, part));
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice !== undefined) throw new RangeError(`${key} has ${format(twice)} twice: give each value once`);
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
  }
  return cells.map((cell) => grokkingConfig(cell));
}

/**
 * The name of a run, from the settings that differ from the defaults: `grokking-trainFraction0.2-weightDecay0.01`.
 * `steps` and `checkpointEvery` are not in it, for a run may be prolonged, except where the schedule depends on them.
 */
export function runName(settings: Readonly<Partial<GrokkingConfig>>): string {
  const [config, defaults] = [grokkingConfig(settings), grokkingConfig()];
  const named = KEYS.filter(
    (key) => !NOT_IN_NAME.includes(key) || (key === 'steps' && config.schedule === 'cosine'),
  );
  const differing = named.filter((key) => format(config[key]) !== format(defaults[key]));
  return [
    config.experiment,
    ...differing.map((key) => `${key}${format(config[key]).replaceAll(',', '+')}`),
  ].join('-');
}

/** The settings that differ from the defaults as key=value words, from which {@link parseOverrides} reads them back. */
export function overridesOf(settings: Readonly<Partial<GrokkingConfig>>): string[] {
  const [config, defaults] = [grokkingConfig(settings), grokkingConfig()];
  return KEYS.filter((key) => format(config[key]) !== format(defaults[key])).map(
    (key) => `${key}=${format(config[key])}`,
  );
}

/** Every key with its default, what it means and its range, for `--help`. */
export function describeSettings(): string {
  const defaults = grokkingConfig();
  return KEYS.filter((key) => key !== 'experiment')
    .map((key) => {
      const value = defaults[key] === undefined ? '' : format(defaults[key]);
      return `  ${`${key}=${value}`.padEnd(24)} ${property(key).description}; ${describeRange(key)}`;
    })
    .join('\n');
}

function readWords(words: readonly string[]): { key: keyof GrokkingConfig; text: string }[] {
  const seen = new Set<string>();
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new RangeError(`'${word}' is no setting: write key=value, such as weightDecay=1e-2`);
    const key = word.slice(0, at);
    if (!isKey(key)) throw new RangeError(unknownKey(key));
    if (seen.has(key)) throw new RangeError(`${key} is given twice: give each key once`);
    seen.add(key);
    return { key, text: word.slice(at + 1) };
  });
}

function parseValue(key: keyof GrokkingConfig, text: string): unknown {
  if (isList(key)) return text.split(',').filter(Boolean).map(parseScalar);
  return parseScalar(text);
}

function parseScalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

function isKey(key: string): key is keyof GrokkingConfig {
  return Object.hasOwn(grokking.shape, key);
}

function isList(key: keyof GrokkingConfig): boolean {
  return property(key).type === 'array';
}

function unknownKey(key: string): string {
  const far = (other: string): number => distance(key.toLowerCase(), other.toLowerCase());
  const nearest = KEYS.reduce((best, other) => (far(other) < far(best) ? other : best));
  return `no setting '${key}': did you mean '${nearest}'? (--help lists all)`;
}

/** As the command line takes it. */
function format(value: unknown): string {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? JSON.stringify(value)
    : String(value);
}

interface Property {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

let properties: Readonly<Record<string, Property>> | undefined;

function property(key: keyof GrokkingConfig): Property {
  properties ??= z.toJSONSchema(grokking, { io: 'input' }).properties as Record<string, Property>;
  return properties[key]!;
}

function describeRange(key: keyof GrokkingConfig): string {
  const { enum: choices, const: only, type, ...range } = property(key);
  if (choices) return choices.join(', ');
  if (only !== undefined) return String(only);
  if (type === 'array') return 'rising whole numbers from 1, with commas between';
  const kind = type === 'integer' ? 'a whole number' : 'a number';
  const low =
    range.exclusiveMinimum === undefined ? `from ${range.minimum}` : `above ${range.exclusiveMinimum}`;
  const high =
    range.exclusiveMaximum === undefined ? `to ${range.maximum}` : `and below ${range.exclusiveMaximum}`;
  return `${kind} ${low} ${high}`;
}
