/** The other generators of scikit-dimension, with their default shapes. Where these draw points until enough are kept, each point is drawn here until it is kept. */
import { type Drawing, defineManifold } from './definition';
import { lorenzDrawer } from './lorenz';
import { onSphere } from './on-sphere';

const TURN = 2 * Math.PI;
const JOHNSSON = "K. Johnsson's R package intrinsicDimension";
const YIM = 'scikit-dimension, J. Harvey and K. M. Yim';

/** A torus: the radii of its middle circle and of its tube. */
const [WIDE, NARROW] = [1, 0.25];
/** How often the curve winds around the tube. */
const TWISTS = 20;

/** The swiss roll: the radius is 1 + 2 r after 1.5 r turns, r in [0, 1]; z lies in [-4, 4]. */
const OMEGA = 1.5 * TURN;
const rollLength = (r: number): number => Math.hypot(2, OMEGA * (1 + 2 * r));

/** How often each part of lineDiskBall is drawn, in proportion to the points that the library keeps of it. */
const PARTS = { line: 5, disk: (13 * Math.PI) / 4, ball: (100 * Math.PI) / 6, otherLine: 5 };
const ALL_PARTS = PARTS.line + PARTS.disk + PARTS.ball + PARTS.otherLine;

/** The dumbbell: places on its axis with the radius there; it is a straight line between two of them. */
const DUMBBELL = [
  [-1, 0],
  [-0.6, 0.5],
  [-0.2, 0.1],
  [0.2, 0.1],
  [0.6, 0.5],
  [1, 0],
] as const;

export const GENERATORS = [
  defineManifold({
    name: 'hyperBall',
    summary: 'uniform in a ball',
    source: 'scikit-dimension',
    dimension: 3,
    anyDimension: true,
    own: (dimension) => dimension,
    drawer:
      ({ dimension, random: { uniform, normal } }) =>
      (row) => {
        for (let i = 0; i < dimension; i++) row[i] = normal();
        const scale = uniform() ** (1 / dimension) / Math.hypot(...row);
        for (let i = 0; i < dimension; i++) row[i]! *= scale;
      },
  }),
  defineManifold({
    name: 'hyperSphere',
    summary: 'uniform on a sphere',
    source: 'scikit-dimension',
    dimension: 2,
    anyDimension: true,
    own: (dimension) => dimension + 1,
    drawer:
      ({ random: { normal } }) =>
      (row) =>
        onSphere(row, normal),
  }),
  defineManifold({
    name: 'hyperTwinPeaks',
    summary: 'a cube, and the product of the sines of its sides as height',
    source: JOHNSSON,
    dimension: 2,
    anyDimension: true,
    own: (dimension) => dimension + 1,
    drawer: (how) => (row) => drawPeaks(row, how),
  }),
  defineManifold({
    name: 'hyperTwinPeaksUniform',
    summary: 'the same, uniform on the surface instead of its shadow',
    source: YIM,
    dimension: 2,
    anyDimension: true,
    own: (dimension) => dimension + 1,
    drawer: (how) => (row) => {
      do drawPeaks(row, how);
      while (how.random.uniform() * Math.hypot(1, TURN) >= peaksArea(row));
    },
  }),
  defineManifold({
    name: 'lineDiskBall',
    summary: 'a line, a disk, a ball and a line in a row: dimensions 1, 2, 3 and 1',
    source: "H. Hino's R package ider",
    dimension: 3,
    own: () => 3,
    drawer:
      ({ random: { uniform, normal } }) =>
      (row) => {
        let part = ALL_PARTS * uniform();
        row.fill(0);
        part -= PARTS.line;
        if (part < 0) {
          row[2] = uniform() / 2 - 0.5;
          return 1;
        }
        part -= PARTS.disk;
        if (part < 0) {
          const [radius, angle] = [Math.sqrt(uniform()), TURN * uniform()];
          row[0] = radius * Math.cos(angle);
          row[2] = 1 + radius * Math.sin(angle);
          return 2;
        }
        part -= PARTS.ball;
        if (part < 0) {
          for (let i = 0; i < 3; i++) row[i] = normal();
          const scale = (0.5 * Math.cbrt(uniform())) / Math.hypot(...row);
          for (let i = 0; i < 3; i++) row[i]! *= scale;
          row[2]! += 2.5;
          return 3;
        }
        row[2] = 3 + uniform() / 2;
        return 1;
      },
  }),
  defineManifold({
    name: 'swissRoll3Sph',
    // The library takes four of the five coordinates of a sphere of dimension 4 for the 3-sphere, which fill a ball.
    summary: 'half of the points on a swiss roll, half on a 3-sphere inside of it: dimensions 2 and 3',
    source: JOHNSSON,
    dimension: 3,
    own: () => 4,
    drawer:
      ({ random: { uniform, normal } }) =>
      (row) => {
        if (uniform() < 0.5) {
          onSphere(row, normal);
          return 3;
        }
        let r: number;
        do r = uniform();
        while (uniform() * rollLength(1) >= rollLength(r));
        row[0] = (1 + 2 * r) * Math.cos(OMEGA * r);
        row[1] = (1 + 2 * r) * Math.sin(OMEGA * r);
        row[2] = 8 * uniform() - 4;
        row[3] = 0;
        return 2;
      },
  }),
  defineManifold({
    name: 'toroidal_spiral',
    summary: 'a curve wound 20 times around a torus, uniform in its length',
    source: YIM,
    dimension: 1,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const speed = (angle: number): number =>
          Math.hypot(WIDE + NARROW * Math.cos(TWISTS * angle), TWISTS * NARROW);
        let angle: number;
        do angle = TURN * uniform();
        while (uniform() * speed(0) >= speed(angle));
        onTorus(row, angle, TWISTS * angle);
      },
  }),
  defineManifold({
    name: 'torus',
    summary: 'uniform on a torus',
    source: YIM,
    dimension: 2,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        let around: number;
        do around = TURN * uniform();
        while (uniform() * (WIDE + NARROW) >= WIDE + NARROW * Math.cos(around));
        onTorus(row, TURN * uniform(), around);
      },
  }),
  defineManifold({
    name: 'lorenz_attractor',
    summary: 'a path on the Lorenz attractor, at even times: neighbouring rows are dependent',
    source: 'Lorenz 1963; the dimension is that of Grassberger and Procaccia 1983',
    dimension: 2.05,
    own: () => 3,
    drawer: lorenzDrawer,
  }),
  defineManifold({
    name: 'dumbbell',
    summary: 'uniform on two double cones joined by a tube',
    source: YIM,
    dimension: 2,
    own: () => 3,
    drawer:
      ({ random: { uniform } }) =>
      (row) => {
        const { at, radius } = onDumbbell(uniform(), uniform());
        const angle = TURN * uniform();
        row[0] = at;
        row[1] = radius * Math.cos(angle);
        row[2] = radius * Math.sin(angle);
      },
  }),
] as const;

function drawPeaks(row: Float64Array, { dimension, random: { uniform } }: Drawing): undefined {
  row[dimension] = 1;
  for (let i = 0; i < dimension; i++) {
    row[i] = uniform();
    row[dimension]! *= Math.sin(TURN * row[i]!);
  }
}

/** The area of the surface over an area of 1 of the cube: sqrt(1 + |gradient|^2), at most sqrt(1 + (2 pi)^2). */
function peaksArea(row: Float64Array): number {
  const sides = row.subarray(0, -1);
  let squared = 1;
  for (let i = 0; i < sides.length; i++) {
    const slope = sides.reduce(
      (product, side, j) => product * (i === j ? Math.cos(TURN * side) : Math.sin(TURN * side)),
      TURN,
    );
    squared += slope ** 2;
  }
  return Math.sqrt(squared);
}

function onTorus(row: Float64Array, along: number, around: number): undefined {
  const radius = WIDE + NARROW * Math.cos(around);
  row[0] = radius * Math.cos(along);
  row[1] = radius * Math.sin(along);
  row[2] = NARROW * Math.sin(around);
}

/** A place on the axis of the dumbbell, with a chance in proportion to the area there. */
function onDumbbell(which: number, where: number): { readonly at: number; readonly radius: number } {
  const cones = DUMBBELL.slice(1).map(([to, end], i) => {
    const [from, start] = DUMBBELL[i]!;
    return { from, to, start, end, area: (start + end) * Math.hypot(to - from, end - start) };
  });
  let left = which * cones.reduce((sum, { area }) => sum + area, 0);
  const { from, to, start, end } = cones.find(({ area }) => {
    left -= area;
    return left < 0;
  })!;
  // The radius at which the share `where` of the cone's area lies before it.
  const radius = Math.sqrt(start ** 2 + where * (end ** 2 - start ** 2));
  const share = start === end ? where : (radius - start) / (end - start);
  return { at: from + share * (to - from), radius };
}
