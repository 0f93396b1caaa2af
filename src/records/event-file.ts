/** One event file of TensorBoard, written by the summary writer that TensorFlow itself has. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type TensorFlowBackend, tensorflowBackend } from '../runtime/backend';
import { stringAttribute } from '../runtime/compile/graph-def';
import { type Message, type Messages, messages } from '../runtime/protobuf';

/** Values of one step, by their tags: numbers are scalars, texts are Markdown. */
export type Tagged = Readonly<Record<string, number | string>>;

/** A file that TensorBoard reads while it is written. */
export interface EventFile {
  /** @param wallTime seconds since 1970 */
  add(step: number, wallTime: number, values: Tagged): void;
  /** Hands what has been added to the system; without it, that happens once a second as more is added. */
  flush(): void;
  close(): void;
}

/** Events that wait for the next write, at most. */
const MAX_QUEUE = 1000;
const FLUSH_MS = 1000;

/** TensorFlow knows its writers by name. */
let opened = 0;

/**
 * Starts an event file in a folder, and removes those of before.
 *
 * `tf.node.summaryFileWriter` has the same writer underneath, but it knows no texts, gives every event the present
 * time, and is never closed. Whole events (`ImportEvent`) have none of these limits.
 *
 * @throws Error where the TensorFlow backend is not in use, and what the file system throws
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

/** tfjs takes bytes for a string, but its types do not say so. */
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

/** Seven bits a byte, the low ones first; all bytes but the last have the high bit. */
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
