/** Draws a point that is uniform on the unit sphere: normal numbers, scaled to length 1 (Muller 1959). */
export function onSphere(row: Float64Array, normal: () => number): undefined {
  for (let i = 0; i < row.length; i++) row[i] = normal();
  const length = Math.hypot(...row);
  for (let i = 0; i < row.length; i++) row[i]! /= length;
}
