/**
 * The 24 manifolds on which estimators are compared (Hein and Audibert 2005; Campadelli et al. 2015, table 1), with the formulas
 * of GeoMLE (Gomtsyan et al. 2019) and of scikit-dimension's `BenchmarkManifolds`. The tests compare them with the library, number by number.
 */
import { defineManifold } from './definition';
import { onSphere } from './on-sphere';

const TURN = 2 * Math.PI;
const HEIN = 'Hein and Audibert 2005';
const CAMPADELLI = 'Campadelli et al. 2015';
const GEOMLE = 'Gomtsyan et al. 2019';

const same = (dimension: number): number => dimension;
const oneMore = (dimension: number): number => dimension + 1;
const twice = (dimension: number): number => 2 * dimension;

/** M2: the columns span the space, and the last number of each row is its offset. */
const AFFINE = [
  [1.2, -0.5, 0, 3],
  [0.5, 0.9, 0, -1],
  [-0.5, -0.2, 1, 0],
  [0.4, -0.9, -0.1, 0],
  [1.1, -0.3, 0, 8],
] as const;

export const BENCHMARK = [
  defineManifold({
    name: 'M1_Sphere',
    summary: 'uniform on a sphere',
    source: HEIN,
    dimension: 10,
    anyDimension: true,
    own: oneMore,
    drawer:
      ({ random: { normal } }) =>
      (row) =>
        onSphere(row, normal),
  }),
  defineManifold({
    name: 'M2_Affine_3to5',
    summary: 'a parallelepiped in an affine space',
    source: HEIN,
    dimension: 3,
    own: () => 5,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const [a, b, c] = [4 * uniform(), 4 * uniform(), 4 * uniform()];
        for (const [i, [x, y, z, offset]] of AFFINE.entries()) row[i] = x * a + y * b + z * c + offset;
      },
  }),
  defineManifold({
    name: 'M3_Nonlinear_4to6',
    summary: 'a concentrated figure, mistakable with one of dimension 3',
    source: HEIN,
    dimension: 4,
    own: () => 6,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const [a, b, c, d] = [uniform(), uniform(), uniform(), uniform()];
        row[0] = b ** 2 * Math.cos(TURN * a);
        row[1] = c ** 2 * Math.sin(TURN * a);
        row[2] = b + c + (b - d) ** 2;
        row[3] = b - 2 * c + (a - d) ** 2;
        row[4] = -b - 2 * c + (c - d) ** 2;
        row[5] = a ** 2 - b ** 2 + c ** 2 - d ** 2;
      },
  }),
  wound('M4_Nonlinear', 4, 1),
  defineManifold({
    name: 'M5a_Helix1d',
    summary: 'a curve wound eight times around a torus',
    source: GEOMLE,
    dimension: 1,
    own: () => 3,
    drawer:
      ({ points, random: { uniform } }) =>
      (row) => {
        const t = TURN / points + TURN * uniform();
        row[0] = (2 + Math.cos(8 * t)) * Math.cos(t);
        row[1] = (2 + Math.cos(8 * t)) * Math.sin(t);
        row[2] = Math.sin(8 * t);
      },
  }),
  defineManifold({
    name: 'M5b_Helix2d',
    summary: 'a helicoid of five turns, denser at its axis',
    source: HEIN,
    dimension: 2,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const [radius, angle] = [5 * TURN * uniform(), 5 * TURN * uniform()];
        row[0] = radius * Math.cos(angle);
        row[1] = radius * Math.sin(angle);
        row[2] = angle / 2;
      },
  }),
  wound('M6_Nonlinear', 6, 3),
  defineManifold({
    name: 'M7_Roll',
    summary: 'a swiss roll, uniform in the angle',
    source: HEIN,
    dimension: 2,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const t = 1.5 * Math.PI * (1 + 2 * uniform());
        row[0] = t * Math.cos(t);
        row[1] = 21 * uniform();
        row[2] = t * Math.sin(t);
      },
  }),
  wound('M8_Nonlinear', 12, 3),
  defineManifold({
    name: 'M9_Affine',
    summary: 'uniform in a cube of side 5',
    source: HEIN,
    dimension: 20,
    anyDimension: true,
    own: same,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        for (let i = 0; i < row.length; i++) row[i] = 5 * uniform() - 2.5;
      },
  }),
  cubeSides('M10a_Cubic', 10),
  cubeSides('M10b_Cubic', 17),
  cubeSides('M10c_Cubic', 24),
  cubeSides('M10d_Cubic', 70),
  defineManifold({
    name: 'M11_Moebius',
    // Ten half turns are five whole ones, so that it has two sides, unlike a Moebius band.
    summary: 'a band with ten half turns',
    source: HEIN,
    dimension: 2,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const angle = TURN * uniform();
        const across = uniform() - 0.5;
        const radius = 1 + across * Math.cos(5 * angle);
        row[0] = radius * Math.cos(angle);
        row[1] = radius * Math.sin(angle);
        row[2] = across * Math.sin(5 * angle);
      },
  }),
  defineManifold({
    name: 'M12_Norm',
    summary: 'normal in every direction',
    source: HEIN,
    dimension: 20,
    anyDimension: true,
    own: same,
    drawer:
      ({ random: { normal } }) =>
      (row) => {
        for (let i = 0; i < row.length; i++) row[i] = normal();
      },
  }),
  defineManifold({
    name: 'M13a_Scurve',
    summary: 'a surface bent like an S',
    source: GEOMLE,
    dimension: 2,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const t = 3 * Math.PI * (uniform() - 0.5);
        row[0] = Math.sin(t);
        row[1] = 2 * uniform();
        row[2] = Math.sign(t) * (Math.cos(t) - 1);
      },
  }),
  defineManifold({
    name: 'M13b_Spiral',
    summary: 'a helix of five wide turns',
    source: CAMPADELLI,
    dimension: 1,
    own: () => 3,
    coordinates: () => 13,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const t = 5 * TURN * uniform();
        row[0] = 100 * Math.cos(t);
        row[1] = 100 * Math.sin(t);
        row[2] = t;
      },
  }),
  defineManifold({
    name: 'Mbeta',
    summary: 'numbers with a beta distribution, most of them near 1, bent into two coordinates each',
    source: CAMPADELLI,
    dimension: 10,
    anyDimension: true,
    own: twice,
    coordinates: (dimension) => 4 * dimension,
    further: 'copies',
    drawer:
      ({ dimension, random: { beta } }) =>
      (row) => {
        for (let i = 0; i < dimension; i++) {
          const x = beta(10, 0.5);
          row[i] = x * Math.sin(Math.cos(TURN * x));
          row[dimension + i] = x * Math.cos(Math.sin(TURN * x));
        }
      },
  }),
  mixed('Mn1_Nonlinear', 18),
  mixed('Mn2_Nonlinear', 24),
  paraboloid('Mp1_Paraboloid', 3),
  paraboloid('Mp2_Paraboloid', 6),
  paraboloid('Mp3_Paraboloid', 9),
] as const;

/** A cube of which each side is wound around the next, M4, M6 and M8. */
function wound<const N extends string>(name: N, dimension: number, copies: number) {
  return defineManifold({
    name,
    summary: 'a cube of which each side is wound around the next: strongly curved',
    source: HEIN,
    dimension,
    anyDimension: true,
    own: twice,
    coordinates: (d) => 2 * copies * d,
    further: 'copies',
    drawer: ({ dimension: d, random: { uniform } }) => {
      const at = new Float64Array(d);
      return (row) => {
        for (let i = 0; i < d; i++) at[i] = uniform();
        for (let i = 0; i < d; i++) {
          const radius = at[(i + 1) % d]!;
          row[2 * i] = radius * Math.cos(TURN * at[i]!);
          row[2 * i + 1] = radius * Math.sin(TURN * at[i]!);
        }
      };
    },
  });
}

/**
 * Uniform on the sides of a cube with one dimension more, M10. The library fills the sides in turn, and stops at the last point: of 1,000 points in dimension 70
 * it leaves 17 of the 142 sides empty. Here each point draws its side.
 */
function cubeSides<const N extends string>(name: N, dimension: number) {
  return defineManifold({
    name,
    summary: 'uniform on the sides of a cube',
    source: HEIN,
    dimension,
    anyDimension: true,
    own: oneMore,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const side = Math.floor(2 * row.length * uniform());
        for (let i = 0; i < row.length; i++) row[i] = uniform();
        row[side >> 1] = side & 1;
      },
  });
}

/** A cube whose sides are multiplied with functions of one another, Mn1 and Mn2. */
function mixed<const N extends string>(name: N, dimension: number) {
  return defineManifold({
    name,
    summary: 'a nonlinear map of a cube',
    source: CAMPADELLI,
    dimension,
    anyDimension: true,
    own: twice,
    coordinates: (d) => 4 * d,
    further: 'copies',
    drawer: ({ dimension: d, random: { uniform } }) => {
      const at = new Float64Array(d);
      return (row) => {
        for (let i = 0; i < d; i++) at[i] = uniform();
        for (let i = 0; i < d; i++) {
          const [a, b] = [at[i]!, at[d - 1 - i]!];
          row[i] = Math.tan(a * Math.cos(b));
          row[d + i] = Math.atan(b * Math.sin(a));
        }
      };
    },
  });
}

/** A paraboloid over numbers with a multivariate Burr distribution (alpha = 1), Mp1 to Mp3: with its sines and its squares. */
function paraboloid<const N extends string>(name: N, dimension: number) {
  return defineManifold({
    name,
    summary: 'a paraboloid, dense at a corner, with the sines and squares of its coordinates',
    source: CAMPADELLI,
    dimension,
    anyDimension: true,
    own: (d) => 3 * (d + 1),
    drawer: ({ dimension: d, random: { uniform } }) => {
      const exponential = (): number => -Math.log(1 - uniform());
      return (row) => {
        const first = exponential();
        let height = 0;
        for (let i = 0; i < d; i++) {
          row[i] = 1 / (1 + exponential() / first);
          height += row[i]! ** 2;
        }
        row[d] = height;
        for (let i = 0; i <= d; i++) {
          row[d + 1 + i] = Math.sin(row[i]!);
          row[2 * (d + 1) + i] = row[i]! ** 2;
        }
      };
    },
  });
}
