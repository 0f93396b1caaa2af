/**
 * Checkpoints as safetensors files, which PyTorch and Python can open, too. They are written so that a kill leaves the previous
 * one intact, with a checksum that reveals damage.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { isDiskFull, writeAtomically } from '../atomic-write';
import {
  parseSafetensors,
  type Safetensors,
  type SafetensorsEntry,
  safetensorsParts,
  splitSafetensors,
} from '../intrinsic-dimension/files/safetensors';

/** A training state on disk. */
export interface Checkpoint {
  /** The parameters and the optimiser's state by name, which the caller disposes. */
  readonly tensors: Record<string, tf.Tensor>;
  readonly state: CheckpointState;
}

/** The data besides tensors that a run needs to continue. */
export interface CheckpointState {
  /** The number of steps done. */
  readonly step: number;
  /** The settings that the run was started with. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The best measurement so far. */
  readonly best?: { readonly step: number; readonly accuracy: number; readonly loss: number };
}

/** The last state of a run, or the one with the best validation. */
export type CheckpointKind = 'last' | 'best';

/** The file of a checkpoint in a run's folder. */
export function checkpointPath(folder: string, kind: CheckpointKind): string {
  return join(folder, `${kind}.safetensors`);
}

const TYPES = { float32: 'F32', int32: 'I32', bool: 'BOOL' } as const;
const ARRAYS = {
  F32: { dtype: 'float32', of: Float32Array },
  I32: { dtype: 'int32', of: Int32Array },
  BOOL: { dtype: 'bool', of: Uint8Array },
} as const;

const stateSchema = z.strictObject({
  step: z.int().min(0),
  config: z.record(z.string(), z.unknown()),
  best: z.strictObject({ step: z.int().min(0), accuracy: z.number(), loss: z.number() }).exactOptional(),
});
/** Checkpoints of early versions have no checksum. */
const metadataSchema = z.strictObject({
  format: z.literal('pt'),
  checksum: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  state: z.string(),
});

/** Takes the place of the checksum while it is computed. */
const NO_CHECKSUM = '0'.repeat(64);

/**
 * Writes a checkpoint to a temporary file, flushes it to the disk, and renames it over the old one.
 *
 * @throws Error if the disk is full or the folder cannot be written; the previous checkpoint is then intact
 */
export function saveCheckpoint(
  path: string,
  tensors: Readonly<Record<string, tf.Tensor>>,
  state: CheckpointState,
): void {
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const values = tensor.dataSync();
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dtype = TYPES[tensor.dtype as keyof typeof TYPES];
    if (!dtype) throw new Error(`checkpoint: '${name}' is ${tensor.dtype}, which safetensors cannot hold`);
    return [name, { dtype, shape: tensor.shape, bytes }] as const;
  });
  const metadata = { format: 'pt', checksum: NO_CHECKSUM, state: JSON.stringify(state) };
  const parts = safetensorsParts(new Map(entries), metadata);
  const header = parts[1] as Buffer;
  header.write(checksumOf(parts), header.indexOf(NO_CHECKSUM), 'latin1');
  const previous = existsSync(path);
  try {
    writeAtomically(path, parts);
  } catch (error) {
    const cause = isDiskFull(error) ? 'the disk is full: free some space' : (error as Error).message;
    const rest = previous ? '; the previous one is intact' : '';
    throw new Error(`checkpoint ${path} could not be written (${cause})${rest}`, { cause: error });
  }
}

/** A checkpoint that cannot be used: it is damaged, or another program wrote it. */
export class DamagedCheckpointError extends Error {}

/**
 * Reads a checkpoint.
 *
 * @throws DamagedCheckpointError that names the file and the cure, if any byte has changed
 */
export function loadCheckpoint(path: string): Checkpoint {
  try {
    const file = readFileSync(path);
    const found = parseSafetensors(file);
    const state = stateOf(file, found);
    return { tensors: tensorsOf(found), state };
  } catch (error) {
    throw new DamagedCheckpointError(
      `checkpoint ${path} cannot be used: ${(error as Error).message}; ${cureFor(path)}`,
      { cause: error },
    );
  }
}

function cureFor(path: string): string {
  const best = checkpointPath(dirname(path), 'best');
  const other =
    basename(path) === 'last.safetensors' && existsSync(best)
      ? `go on from ${best} (--resume-from-best, or resume: 'best'), `
      : '';
  return `restore a good copy, ${other}or delete it and its record to start afresh`;
}

/** The sha256 of the whole file, with zeros in place of the checksum. */
function checksumOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Checks the file against its checksum and its header. */
function stateOf(file: Buffer, { tensors, metadata }: Safetensors): CheckpointState {
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw new Error('its header is damaged, or it was not written by this program');
  const { checksum, state } = parsed.data;
  const expected = [...tensors.values()].reduce((most, { end }) => Math.max(most, end), 0);
  const claimed = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  const { length } = splitSafetensors(file).data;
  if (length < expected) throw new Error(`it is truncated: ${length} of ${expected} bytes of data`);
  if (length > expected) throw new Error(`there are ${length - expected} bytes after its end`);
  if (claimed !== length) throw new Error('its tensors overlap, or leave a gap');
  if (checksum !== undefined) {
    const { text, data } = splitSafetensors(file);
    const blank = Buffer.from(text);
    blank.write(NO_CHECKSUM, blank.indexOf(checksum), 'latin1');
    if (checksumOf([file.subarray(0, 8), blank, data]) !== checksum)
      throw new Error('it is damaged, since its checksum differs');
  }
  const read = stateSchema.safeParse(jsonOf(state));
  if (!read.success) throw new Error('its training state is malformed');
  return read.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tensorsOf({ tensors }: Safetensors): Record<string, tf.Tensor> {
  const values = [...tensors].map(([name, entry]) => [name, numbersOf(name, entry)] as const);
  return Object.fromEntries(
    values.map(([name, { data, shape, dtype }]) => [name, tf.tensor(data, [...shape], dtype)]),
  );
}

function numbersOf(
  name: string,
  { dtype, shape, bytes }: SafetensorsEntry,
): { data: Float32Array | Int32Array | Uint8Array; shape: readonly number[]; dtype: tf.DataType } {
  const type = ARRAYS[dtype as keyof typeof ARRAYS];
  if (!type) throw new Error(`'${name}' is ${dtype}, which no checkpoint has`);
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (bytes.length !== size * type.of.BYTES_PER_ELEMENT)
    throw new Error(`'${name}' has ${bytes.length} bytes, which are not the numbers of shape [${shape}]`);
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const data = new type.of(copy);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`it holds ${data[bad]} in '${name}'`);
  return { data, shape, dtype: type.dtype };
}

/** The settings of a run that may go on from a checkpoint. */
export interface ResumedRun {
  /** A checkpoint of other settings is an error. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Settings with which it may go on when they have changed. @default none */
  readonly mayChange?: readonly string[];
  /** Gives the config of an older checkpoint the settings that it does not have yet. @default it stays as it is */
  readonly complete?: (config: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

/**
 * @param path of the checkpoint
 * @param saved its settings
 * @throws Error for a setting that is another one now, unless it may change
 */
export function assertSameSettings(
  path: string,
  saved: Readonly<Record<string, unknown>>,
  { config: now, mayChange = [], complete = (older) => older }: ResumedRun,
): void {
  const before = complete(saved);
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const fixed = keys.filter((key) => !mayChange.includes(key));
  const differing = fixed.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  if (differing.length === 0) return;
  const list = differing.map(
    (key) => `${key} was ${JSON.stringify(before[key])} and is ${JSON.stringify(now[key])} now`,
  );
  throw new Error(
    `checkpoint ${path} has other settings (${list.join('; ')}): choose another folder, or use these settings`,
  );
}
