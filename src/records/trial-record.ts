/** Records of trials of estimators: JSON Lines, an environment and the trials that were made in it, appended as they finish. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Trial } from '../intrinsic-dimension/trials';
import type { Environment } from './run-record';

/** The trials that come with the project, made by `npm run bench -- truth`. */
const RECORDED = join(__dirname, '..', '..', 'data', 'truth.jsonl');

/** Significant digits of values and times. */
const DIGITS = 5;

/** Trials with the environments in which they were made. */
export interface TrialRecord {
  readonly environments: readonly TrialEnvironment[];
  readonly trials: readonly Trial[];
}

/** An environment, with the load of the machine, which times depend on. */
export type TrialEnvironment = Environment & { readonly load: number };

const environmentLine = z.looseObject({
  type: z.literal('environment'),
  commit: z.string(),
  backend: z.string(),
  versions: z.record(z.string(), z.string()),
  hardware: z.string(),
  load: z.number(),
});
const settings = {
  type: z.literal('trial'),
  estimator: z.string(),
  manifold: z.string(),
  points: z.int().min(1),
  seed: z.int().min(0),
  dimension: z.number(),
  ms: z.number().min(0),
  cpuMs: z.number().min(0).exactOptional(),
};
const trialLine = z.union([
  z.strictObject({ ...settings, value: z.number(), lower: z.number(), upper: z.number() }),
  z.strictObject({ ...settings, value: z.null(), reason: z.string() }),
]);
const line = z.union([environmentLine, trialLine]);

/**
 * The trials that come with the project: the estimators on the 24 benchmark manifolds, with several seeds.
 *
 * @throws Error for a line that is damaged
 */
export function recordedTrials(): TrialRecord {
  return readTrials(RECORDED);
}

/** @throws Error if there is no such file, and for a line that is damaged, with its number */
export function readTrials(path: string): TrialRecord {
  const environments: TrialEnvironment[] = [];
  const trials: Trial[] = [];
  for (const [i, text] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (text === '') continue;
    const { type, ...rest } = parsed(text, `${path}, line ${i + 1}`);
    if (type === 'environment') environments.push(rest as unknown as TrialEnvironment);
    else trials.push(rest as unknown as Trial);
  }
  return { environments, trials };
}

function parsed(text: string, place: string): z.infer<typeof line> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}: remove the line, or restore the file`);
  }
  const found = line.safeParse(value);
  if (found.success) return found.data;
  throw new Error(`${place} is no trial: ${z.prettifyError(found.error).replaceAll('\n', ' ')}`);
}

/** Appends to a record of trials. */
export interface TrialWriter {
  /** The trials that the file holds already. */
  readonly before: readonly Trial[];
  append(trial: Trial): void;
}

/** Opens a record, or makes a new one. A last line that was cut off when its process was killed is removed. */
export function openTrials(path: string, environment: TrialEnvironment): TrialWriter {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path)) {
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) truncateSync(path, whole);
  }
  const before = existsSync(path) ? readTrials(path).trials : [];
  let named = false;
  return {
    before,
    append(trial) {
      // Nothing is written for a call that finds everything done.
      if (!named) appendFileSync(path, `${JSON.stringify({ type: 'environment', ...environment })}\n`);
      named = true;
      appendFileSync(path, `${JSON.stringify({ type: 'trial', ...trial }, rounded)}\n`);
    },
  };
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value;
}
