/** How numbers are written in titles, figures and tables. */

/** The value of a setting: small numbers are in exponential notation, 1e-2 instead of 0.01, and others as they are, 0.3. */
export function formatSetting(value: number): string {
  return value !== 0 && Math.abs(value) < 0.1 ? value.toExponential() : String(value);
}

/** A step, or another count, with separators of thousands: 2,701. */
export function formatStep(step: number): string {
  return Math.round(step).toLocaleString('en');
}

/** A coefficient with two decimals unless others are asked for, and a minus sign that is as wide as a plus: −0.83. */
export function formatSigned(value: number, decimals = 2): string {
  return withMinus(value.toFixed(decimals));
}

/** A written number with a minus sign instead of the hyphen that it begins with. */
export function withMinus(number: string): string {
  return number.replace(/^-/, '−');
}

/** A count, or its digits, with its noun: 1 value, 2,701 values. */
export function counted(count: number | string, noun: string, plural = `${noun}s`): string {
  return `${typeof count === 'number' ? formatStep(count) : count} ${String(count) === '1' ? noun : plural}`;
}
