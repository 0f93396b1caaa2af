/** Families of surfaces of known dimension, which show the bias of an estimate with a given number of points. */
import { jStat } from 'jstat';
import { mulberry32, normals, streamSeed } from '../../random';

/** Surfaces of one kind, for every dimension. */
export interface Family {
  readonly name: string;
  /** One line for the report. */
  readonly summary: string;
  /** The number of coordinates of the surface of a dimension. */
  columns(dimension: number): number;
  /** Returns a function that draws one point into a row. */
  drawer(dimension: number, points: number, random: Random): (row: Float64Array) => void;
}

/** Random numbers. */
interface Random {
  /** A uniform number in [0, 1). */
  uniform(): number;
  /** A standard normal number. */
  normal(): number;
}

const same = (dimension: number): number => dimension;
const twice = (dimension: number): number => 2 * dimension;

/** Enough waves to distinguish all coordinates, and no more. */
const waves = (dimension: number): number => Math.max(Math.min(5 * dimension, 250), dimension + 50);

/** Draws each coordinate independently. */
const each =
  (draw: (random: Random) => number): Family['drawer'] =>
  (_, __, random) =>
  (row) => {
    for (let c = 0; c < row.length; c++) row[c] = draw(random);
  };

/**
 * The surfaces that values are compared with. They differ in what biases an estimate: borders, curvature, uneven density,
 * axes of different lengths, heavy tails, and noise.
 */
export const FAMILIES: readonly Family[] = [
  {
    name: 'cube',
    summary: 'uniform in a cube: flat, with borders',
    columns: same,
    drawer: each(({ uniform }) => uniform()),
  },
  {
    name: 'sphere',
    summary: 'uniform on a sphere: curved, without borders',
    columns: (dimension) => dimension + 1,
    drawer: (_, __, random) => (row) => drawSphere(row, random),
  },
  {
    name: 'normal',
    summary: 'normal in every direction: flat, density falls outwards',
    columns: same,
    drawer: each(({ normal }) => normal()),
  },
  {
    name: 'circles',
    summary: 'a product of circles: strongly curved, without borders',
    columns: twice,
    drawer:
      (_, __, { uniform }) =>
      (row) => {
        for (let c = 0; c < row.length; c += 2) {
          const angle = 2 * Math.PI * uniform();
          row[c] = Math.cos(angle);
          row[c + 1] = Math.sin(angle);
        }
      },
  },
  {
    name: 'waves',
    summary:
      "cosines of random sums of a cube's coordinates, up to 16 in each: more strongly curved the higher the dimension",
    columns: waves,
    drawer: (dimension, _, { uniform, normal }) => {
      const at = new Float64Array(dimension);
      const summed = Math.min(dimension, 16);
      // The standard deviation of the sums is 2 radians, since a coordinate of the cube has the variance 1 / 12.
      const frequency = 2 * Math.sqrt(12 / summed);
      const weights = Float64Array.from({ length: waves(dimension) * summed }, () => frequency * normal());
      const phases = Float64Array.from({ length: waves(dimension) }, () => 2 * Math.PI * uniform());
      return (row) => {
        for (let a = 0; a < dimension; a++) at[a] = uniform();
        for (let c = 0, p = 0; c < row.length; c++) {
          let sum = phases[c]!;
          for (let a = 0; a < summed; a++) sum += weights[p++]! * at[(c + a) % dimension]!;
          row[c] = Math.cos(sum);
        }
      };
    },
  },
  {
    name: 'twisted',
    summary: 'a cube of which each side is wound by the next: curved, with borders and uneven density',
    columns: twice,
    drawer: (dimension, _, { uniform }) => {
      const at = new Float64Array(dimension);
      return (row) => {
        for (let c = 0; c < dimension; c++) at[c] = uniform();
        for (let c = 0; c < dimension; c++) {
          const angle = 2 * Math.PI * at[(c + 1) % dimension]!;
          row[2 * c] = at[c]! * Math.cos(angle);
          row[2 * c + 1] = at[c]! * Math.sin(angle);
        }
      };
    },
  },
  {
    name: 'crowded',
    summary: 'fourth powers of uniform numbers: most points crowd at the borders',
    columns: same,
    drawer: each(({ uniform }) => uniform() ** 4),
  },
  {
    name: 'unequal',
    summary: 'normal with axes from 1 to 1/20: some directions are too thin to be seen',
    columns: same,
    drawer:
      (dimension, _, { normal }) =>
      (row) => {
        for (let c = 0; c < dimension; c++) row[c] = normal() * 20 ** (-c / Math.max(1, dimension - 1));
      },
  },
  {
    name: 'heavy tails',
    summary: "Student's t with 3 degrees of freedom: dense in the middle, thin far out",
    columns: same,
    drawer:
      (_, __, { normal }) =>
      (row) => {
        const spread = Math.sqrt(3 / (normal() ** 2 + normal() ** 2 + normal() ** 2));
        for (let c = 0; c < row.length; c++) row[c] = normal() * spread;
      },
  },
  {
    name: 'noisy',
    summary: 'a sphere with noise in 20 more coordinates, half as long as the nearest distance',
    columns: (dimension) => dimension + 21,
    drawer: (dimension, points, random) => {
      const sigma = (0.5 * nearestOnSphere(dimension, points)) / Math.sqrt(2 * (dimension + 21));
      return (row) => {
        drawSphere(row.subarray(0, dimension + 1), random);
        for (let c = 0; c < row.length; c++) row[c]! += sigma * random.normal();
      };
    },
  },
];

/** Points of a family, [points, columns]. */
export function drawFamily(
  family: Family,
  { points, dimension, seed }: { readonly points: number; readonly dimension: number; readonly seed: number },
): { readonly data: Float64Array; readonly shape: readonly [number, number] } {
  const width = family.columns(dimension);
  const random = {
    uniform: mulberry32(streamSeed(seed, 1)),
    normal: normals(mulberry32(streamSeed(seed, 2))),
  };
  const draw = family.drawer(dimension, points, random);
  const data = new Float64Array(points * width);
  for (let i = 0; i < points; i++) draw(data.subarray(i * width, (i + 1) * width));
  return { data, shape: [points, width] };
}

/** Normal numbers, scaled to length 1 (Muller 1959). */
function drawSphere(row: Float64Array, { normal }: Random): void {
  let squared = 0;
  for (let c = 0; c < row.length; c++) {
    row[c] = normal();
    squared += row[c]! ** 2;
  }
  for (let c = 0; c < row.length; c++) row[c]! /= Math.sqrt(squared);
}

/** The radius of a flat ball that contains, on average, one of `points` uniform points on the unit sphere; at most 1. */
function nearestOnSphere(dimension: number, points: number): number {
  const d = dimension;
  const area = Math.log(2) + ((d + 1) / 2) * Math.log(Math.PI) - jStat.gammaln((d + 1) / 2);
  const ball = (d / 2) * Math.log(Math.PI) - jStat.gammaln(d / 2 + 1);
  return Math.min(1, Math.exp((area - ball - Math.log(points)) / d));
}
