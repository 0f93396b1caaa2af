/** Surfaces that the families of a calibration do not have: other curves, densities and noise. */
import { mulberry32, normals } from '../../../src/random';

/** Points [n, columns]. */
export interface Surface {
  readonly data: Float64Array;
  readonly shape: readonly [number, number];
}

type Draw = (at: number[], random: { uniform: () => number; normal: () => number }) => number[];

/** Draws rows from `dimension` numbers that are uniform, or normal. */
function surface(
  kind: 'uniform' | 'normal',
  draw: Draw,
): (n: number, dimension: number, seed: number) => Surface {
  return (n, dimension, seed) => {
    const random = { uniform: mulberry32(seed), normal: normals(mulberry32(seed + 500_000)) };
    const rows = Array.from({ length: n }, () =>
      draw(
        Array.from({ length: dimension }, () => random[kind]()),
        random,
      ),
    );
    return { data: Float64Array.from(rows.flat()), shape: [n, rows[0]!.length] };
  };
}

/** A fixed random layer of 64 units. */
function layer(at: readonly number[], activate: (x: number) => number): number[] {
  const weight = normals(mulberry32(9));
  return Array.from({ length: 64 }, () => activate(at.reduce((sum, x) => sum + weight() * x, weight())));
}

/** By name; each takes the number of points, the dimension and a seed. */
export const SURFACES = {
  ball: surface('normal', (at, { uniform }) => {
    const length = Math.hypot(...at);
    const radius = uniform() ** (1 / at.length);
    return at.map((x) => (x / length) * radius);
  }),
  laplace: surface('uniform', (at) =>
    at.map((u) => Math.sign(u - 0.5) * Math.log(1 - 2 * Math.abs(u - 0.5))),
  ),
  arcsine: surface('uniform', (at) => at.map((u) => Math.cos(Math.PI * u))),
  squares: surface('uniform', (at) => at.map((u) => u ** 2)),
  parabolas: surface('uniform', (at) => at.flatMap((u) => [2 * u - 1, (2 * u - 1) ** 2])),
  /** Campadelli et al. 2015, Mn: a nonlinear map of a cube. */
  tangents: surface('uniform', (at) =>
    at.flatMap((x, i) => {
      const y = at[at.length - 1 - i]!;
      return [Math.tan(x * Math.cos(y)), Math.atan(y * Math.sin(x))];
    }),
  ),
  tanh: surface('normal', (at) => layer(at, Math.tanh)),
  relu: surface('normal', (at) => layer(at, (x) => Math.max(0, x))),
  /** Noise in 20 coordinates, small beside the distances. */
  'noisy plane': surface('uniform', (at, { normal }) =>
    Array.from({ length: Math.max(20, at.length) }, (_, c) => (at[c] ?? 0) + 2e-4 * normal()),
  ),
} as const;

/** Surfaces that are harder to see with 1,000 points: strong curvature, noise, and densities and widths of several sizes. */
export const HARD_SURFACES = {
  waves: surface('uniform', (at) => at.flatMap((u) => [u, 0.05 * Math.sin(20 * u)])),
  noise: surface('uniform', (at, { normal }) =>
    Array.from({ length: Math.max(40, at.length) }, (_, c) => (at[c] ?? 0) + 2e-3 * normal()),
  ),
  /** Five clusters, each three times as wide as the one before. */
  clusters: surface('normal', (at, { uniform }) => {
    const cluster = Math.floor(5 * uniform());
    return at.map((x, c) => 3 ** (cluster - 4) * x + (c % 5 === cluster ? 4 : 0));
  }),
  'log-normal': surface('normal', (at) => at.map(Math.exp)),
  /** The widths of the axes fall from 1 to 1/30. */
  'thin axes': surface('uniform', (at) => at.map((u, c) => u / 30 ** (c / (at.length - 1)))),
} as const;
