/** Points on the Lorenz attractor (Lorenz 1963), with the constants and the time of scikit-dimension. */
import type { Drawing } from './definition';

const [SIGMA, BETA, RHO] = [10, 2.667, 28];
const START = [0, 1, 1.05] as const;
/** The time in which the points lie. */
const TIME = 100;
/** The time before the first point, in which the path reaches the attractor. The library includes this part of the path. */
const APPROACH = 20;
/** The longest step of the Runge-Kutta method. */
const STEP = 1e-3;

type Place = readonly [number, number, number];

/** Draws places at even times. The start is drawn from a cube of side 1, so that seeds give different paths, unlike the library's. */
export function lorenzDrawer({ points, random: { uniform } }: Drawing): (row: Float64Array) => undefined {
  let at: Place | undefined;
  return (row) => {
    at = at
      ? lorenzPath(at, TIME / points)
      : lorenzPath([START[0] + uniform(), START[1] + uniform(), START[2] + uniform()], APPROACH);
    row.set(at);
  };
}

/** The place that a path reaches after some time, by the classical Runge-Kutta method. */
export function lorenzPath(from: Place, time: number): Place {
  const steps = Math.ceil(time / STEP);
  const h = time / steps;
  let at = from;
  for (let i = 0; i < steps; i++) {
    const a = velocity(at);
    const b = velocity(moved(at, a, h / 2));
    const c = velocity(moved(at, b, h / 2));
    const d = velocity(moved(at, c, h));
    at = moved(at, [sum(a, b, c, d, 0), sum(a, b, c, d, 1), sum(a, b, c, d, 2)], h / 6);
  }
  return at;
}

function sum(a: Place, b: Place, c: Place, d: Place, i: 0 | 1 | 2): number {
  return a[i] + 2 * b[i] + 2 * c[i] + d[i];
}

function moved([x, y, z]: Place, [u, v, w]: Place, time: number): Place {
  return [x + time * u, y + time * v, z + time * w];
}

function velocity([x, y, z]: Place): Place {
  return [SIGMA * (y - x), RHO * x - y - x * z, x * y - BETA * z];
}
