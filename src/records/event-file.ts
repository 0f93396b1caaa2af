/** One event file of TensorBoard, written by TensorFlow's own summary writer. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type TensorFlowBackend, tensorflowBackend } from '../runtime/backend';
import { stringAttribute } from '../runtime/compile/graph-def';
import { type Message, type Messages, messages } from '../runtime/protobuf';

/** The values of one step by tag; numbers are scalars, and texts are Markdown. */
export type Tagged = Readonly<Record<string, number | string>>;

/** A file that TensorBoard can read while it is being written. */
export interface EventFile {
  /** @param wallTime seconds since 1970 */
  add(step: number, wallTime: number, values: Tagged): void;
  /** Writes everything that has been added; otherwise, this happens once a second while more is added. */
  flush(): void;
  close(): void;
}

/** The most events that wait for the next write. */
const MAX_QUEUE = 1000;
const FLUSH_MS = 1000;

/** The number of opened writers, from which their names are made; TensorFlow identifies writers by name. */
let opened = 0;

/**
 * Starts an event file in a folder, and removes earlier ones.
 *
 * `tf.node.summaryFileWriter` uses the same writer, but it cannot write texts, gives every event the present time, and is never
 * closed. Complete events (`ImportEvent`) do not have these limits.
 *
 * @throws Error if the TensorFlow backend is not in use, and errors of the file system
 */
export function openEventFile(folder: string): EventFile {
  const backend = tensorflowBackend() as TensorFlowBackend & SummaryBackend;
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (EVENT_FILE.test(name)) rmSync(join(folder, name));
  const name = [stringAttribute('shared_name', `event-file-${++opened}`), stringAttribute('container', '')];
  const writer = backend.executeSingleOutput('SummaryWriter', name, []);
  tf.tidy(() => backend.createSummaryFileWriter(writer, folder, MAX_QUEUE, FLUSH_MS, ''));
  const run = (op: string, ...inputs: tf.Tensor[]): void => {
    backend.executeMultipleOutputs(op, [], [writer, ...inputs], 0);
  };
  return {
    add: (step, wallTime, values) =>
      tf.tidy(() => run('ImportEvent', bytesTensor(encodeEvent(step, wallTime, values)))),
    flush: () => run('FlushSummaryWriter'),
    close: () => {
      run('CloseSummaryWriter');
      writer.dispose();
    },
  };
}

const EVENT_FILE = /^events\.out\.tfevents\./;

/** The part of tfjs-node's backend that makes summary writers. */
interface SummaryBackend {
  createSummaryFileWriter(
    writer: tf.Tensor,
    folder: string,
    maxQueue: number,
    flushMillis: number,
    suffix: string,
  ): void;
}

/** A string tensor of bytes, which tfjs accepts although its types do not say so. */
function bytesTensor(bytes: Uint8Array): tf.Tensor {
  return tf.tensor(bytes as unknown as string, [], 'string');
}

/** An `Event` (tensorflow/core/util/event.proto): 1 wall_time, 2 step, 5 summary. tfjs-node has no class for it. */
function encodeEvent(step: number, wallTime: number, values: Tagged): Uint8Array {
  const time = Buffer.alloc(8);
  time.writeDoubleLE(wallTime);
  const summary = encodeSummary(values);
  return Buffer.concat([
    tag(1, WIRE.fixed64),
    time,
    tag(2, WIRE.varint),
    varint(step),
    tag(5, WIRE.bytes),
    varint(summary.length),
    summary,
  ]);
}

/** Wire types of protocol buffers. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2 } as const;

function tag(field: number, wire: number): Uint8Array {
  return Uint8Array.of(field * 8 + wire);
}

/** A varint has seven bits in each byte, the lowest first; all bytes but the last have the high bit. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}

function encodeSummary(values: Tagged): Uint8Array {
  const pb = messages();
  const summary = new pb.Summary();
  for (const [name, value] of Object.entries(values)) {
    const message = new pb.Summary.Value();
    message.setTag(name);
    if (typeof value === 'number') message.setSimpleValue(value);
    else setText(pb, message, value);
    summary.addValue(message);
  }
  return summary.serializeBinary();
}

function setText(pb: Messages, message: Message, text: string): void {
  const plugin = new pb.SummaryMetadata.PluginData();
  plugin.setPluginName('text');
  const metadata = new pb.SummaryMetadata();
  metadata.setPluginData(plugin);
  message.setMetadata(metadata);
  const tensor = new pb.Tensor();
  tensor.setDtype(DT_STRING);
  tensor.setTensorShape(new pb.TensorShape());
  tensor.setStringValList([new TextEncoder().encode(text)]);
  message.setTensor(tensor);
}

/** tensorflow/core/framework/types.proto */
const DT_STRING = 7;
