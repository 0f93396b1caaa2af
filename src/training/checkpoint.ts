/** Checkpoints as safetensors files, which PyTorch and Python open too; written so that a kill leaves the last one whole. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';

/** A training state on disk. */
export interface Checkpoint {
  /** Parameters and the optimiser's state, by name. The caller disposes them. */
  readonly tensors: Record<string, tf.Tensor>;
  readonly state: CheckpointState;
}

/** What a run needs besides its tensors to go on. */
export interface CheckpointState {
  /** Steps done. */
  readonly step: number;
  /** The settings that the run was started with. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The best measurement so far. */
  readonly best?: { readonly step: number; readonly accuracy: number; readonly loss: number };
}

const TYPES = { float32: 'F32', int32: 'I32', bool: 'BOOL' } as const;
type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/**
 * Writes a checkpoint to a temporary file, flushes it to the disk, and renames it over the old one.
 *
 * @throws Error when the disk is full or the folder cannot be written; the previous checkpoint is intact then
 */
export function saveCheckpoint(
  path: string,
  tensors: Readonly<Record<string, tf.Tensor>>,
  state: CheckpointState,
): void {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', state: JSON.stringify(state) } };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    const values = tensor.dataSync();
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dtype = TYPES[tensor.dtype as keyof typeof TYPES];
    if (!dtype) throw new Error(`checkpoint: '${name}' is ${tensor.dtype}, which safetensors cannot hold`);
    header[name] = { dtype, shape: tensor.shape, data_offsets: [offset, offset + bytes.byteLength] };
    parts.push(bytes);
    offset += bytes.byteLength;
  }
  // The format wants the data aligned to 8 bytes: pad the header with spaces.
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  writeAtomically(path, [length, text, ...parts]);
}

/**
 * Reads a checkpoint.
 *
 * @throws Error when the file is missing, truncated or no safetensors file, or holds NaN or infinities
 */
export function loadCheckpoint(path: string): Checkpoint {
  const file = readFileSync(path);
  const fail = (what: string): never => {
    throw new Error(`checkpoint ${path} ${what}; delete it to start afresh, or restore a good copy`);
  };
  if (file.byteLength < 8) fail(`is truncated (${file.byteLength} bytes)`);
  const length = Number(file.readBigUInt64LE());
  if (length > file.byteLength - 8) fail(`is truncated, or no safetensors file (${file.byteLength} bytes)`);
  let header: Header & { __metadata__?: { state?: string } };
  try {
    header = JSON.parse(file.toString('utf8', 8, 8 + length));
  } catch {
    return fail('has an unreadable header');
  }
  const { __metadata__: metadata, ...entries } = header;
  if (!metadata?.state) return fail('has no training state: it was not written by train()');
  const state = JSON.parse(metadata.state) as CheckpointState;
  const data = file.subarray(8 + length);
  const expected = Math.max(0, ...Object.values(entries).map((entry) => entry.data_offsets[1]));
  if (data.byteLength < expected) fail(`is truncated: ${data.byteLength} of ${expected} bytes of data`);
  const tensors: Record<string, tf.Tensor> = {};
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of Object.entries(entries)) {
    const bytes = data.buffer.slice(data.byteOffset + from, data.byteOffset + to);
    const values =
      dtype === 'F32'
        ? new Float32Array(bytes)
        : dtype === 'I32'
          ? new Int32Array(bytes)
          : new Uint8Array(bytes);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      tf.dispose(tensors);
      fail(`holds ${values[bad]} in '${name}'`);
    }
    tensors[name] = tf.tensor(
      values,
      shape,
      dtype === 'F32' ? 'float32' : dtype === 'I32' ? 'int32' : 'bool',
    );
  }
  return { tensors, state };
}

function writeAtomically(path: string, parts: readonly Uint8Array[]): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, 'w');
    try {
      for (const part of parts)
        for (let done = 0; done < part.byteLength; ) done += writeSync(file, part, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
    const cause = full ? 'the disk is full: free some space' : message;
    throw new Error(`checkpoint ${path} could not be written (${cause}); the previous one is intact`, {
      cause: error,
    });
  }
}
