/** The points of a neighbourhood, gathered in memory. */
import { type Space, space } from '../../points/space';

/** The coordinates of some points, one after the other, [members, d]; `into` is reused if it is large enough. */
export function gathered(
  { d, row }: NonNullable<Space['rows']>,
  members: Int32Array,
  into: Float64Array = new Float64Array(0),
): Float64Array {
  const size = members.length * d;
  const data = into.length >= size ? into : new Float64Array(size);
  for (const [m, member] of members.entries()) data.set(row(member), m * d);
  return data;
}

/** The distances between some points, [members, members]. */
export function distancesAmong({ rows, distance }: Space, members: Int32Array): Float64Array {
  const k = members.length;
  const among = new Float64Array(k * k);
  const data = rows && gathered(rows, members);
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < a; b++) {
      const apart = data ? distanceIn(data, rows.d, a, b) : distance(members[a]!, members[b]!);
      among[a * k + b] = apart;
      among[b * k + a] = apart;
    }
  }
  return among;
}

function distanceIn(data: Float64Array, d: number, a: number, b: number): number {
  let sum = 0;
  for (let p = a * d, q = b * d, end = p + d; p < end; p++, q++) sum += (data[p]! - data[q]!) ** 2;
  return Math.sqrt(sum);
}

/** Some of the points as a set of their own. */
export async function subset(points: Space, members: Int32Array): Promise<Space> {
  const { rows, torus } = points;
  const at = rows ?? torus?.rows;
  const part = await space(
    at
      ? { data: gathered(at, members), shape: [members.length, at.d] }
      : { distances: distancesAmong(points, members) },
    torus ? { period: [...torus.period] } : {},
  );
  return { ...part, copies: members.map((member) => points.copies[member]!) };
}
