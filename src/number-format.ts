/** How numbers are written in titles, figures and tables. */

/** 1e-2 rather than 0.01, 0.3 as it is. */
export function formatSetting(value: number): string {
  return value !== 0 && Math.abs(value) < 0.1 ? value.toExponential() : String(value);
}

/** A step for reading: 2,701. */
export function formatStep(step: number): string {
  return Math.round(step).toLocaleString('en');
}

/** A coefficient with two decimals, and a minus sign that is as wide as a plus: −0.83. */
export function formatSigned(value: number): string {
  return value.toFixed(2).replace('-', '−');
}
