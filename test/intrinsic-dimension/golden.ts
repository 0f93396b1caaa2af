import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(__dirname, '..', 'fixtures');

/** Reference values of one point set, made by reference.py. */
export interface Golden {
  twoNnLinear: number;
  twoNnMle: number;
  twoNnMleCensored: number;
  nearest: { k: number; levinaBickel: number; levinaBickelUnbiased: number; mackayGhahramani: number }[];
  gride: { n1: number; n2: number; value: number; standardError: number }[];
  correlation: number;
  participationRatio: number;
  pca95: number;
}

/** The reference values of every set but the lattice, which has none. */
export const GOLDEN: Record<string, Golden> = Object.fromEntries(
  Object.entries(
    JSON.parse(readFileSync(join(FIXTURES, 'golden', 'golden.json'), 'utf8')).sets as Record<string, Golden>,
  ).filter(([name]) => !name.startsWith('grid')),
);

export function readNpy(
  name: string,
  folder = 'golden',
): { data: Float32Array | Float64Array; shape: [number, number] } {
  const file = readFileSync(join(FIXTURES, folder, `${name}.npy`));
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const [, n, d] = /\((\d+), (\d+)\)/.exec(header)!;
  const bytes = file.buffer.slice(file.byteOffset + start, file.byteOffset + file.byteLength);
  const data = header.includes('<f4') ? new Float32Array(bytes) : new Float64Array(bytes);
  return { data, shape: [Number(n), Number(d)] };
}
