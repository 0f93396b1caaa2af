/** Reads TensorBoard's event files as far as tests look into them; checksums are TensorBoard's own reader's to check. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ReadEvent {
  readonly step: number;
  readonly wallTime: number;
  readonly values: Readonly<Record<string, number | string>>;
}

/** The files of a folder that TensorBoard reads. */
export function eventFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.includes('tfevents'));
}

/** The events with values in the one event file of a folder. */
export function readEvents(folder: string): ReadEvent[] {
  const [name, ...more] = eventFiles(folder);
  if (name === undefined || more.length > 0) throw new Error(`${folder} has ${1 + more.length} event files`);
  const file = readFileSync(join(folder, name));
  const events: ReadEvent[] = [];
  // A record is its length, a checksum of that, the bytes, and a checksum of these.
  for (let at = 0; at + 12 <= file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const event = eventOf(file.subarray(at + 12, at + 12 + length));
    if (event) events.push(event);
    at += 16 + length;
  }
  return events;
}

/** Nothing for the first event, which names the version of the format. */
function eventOf(bytes: Buffer): ReadEvent | undefined {
  let at = 0;
  const varint = (): number => {
    for (let value = 0, unit = 1; ; unit *= 128) {
      const byte = bytes[at++]!;
      value += (byte % 128) * unit;
      if (byte < 128) return value;
    }
  };
  let [step, wallTime] = [0, 0];
  while (at < bytes.length) {
    const field = varint();
    if (field === 9) {
      wallTime = bytes.readDoubleLE(at);
      at += 8;
    } else if (field === 16) step = varint();
    else {
      const end = varint() + at;
      if (field === 42) return { step, wallTime, values: valuesOf(bytes.subarray(at, end)) };
      at = end;
    }
  }
  return undefined;
}

function valuesOf(bytes: Uint8Array): ReadEvent['values'] {
  const { Summary } = require('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js');
  const summary = Summary.deserializeBinary(bytes).toObject();
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: google-protobuf's classes have no types
    summary.valueList.map(({ tag, simpleValue, tensor }: any) => [
      tag,
      tensor ? Buffer.from(tensor.stringValList[0], 'base64').toString() : simpleValue,
    ]),
  );
}
