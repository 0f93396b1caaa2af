/** Counts in whole groups, such as the kernel's panels. */

/** The least multiple of `size` that is not less than `count`. */
export function wholes(count: number, size: number): number {
  return Math.ceil(count / size) * size;
}

/** The greatest multiple of `size` that is not more than `count`. */
export function down(count: number, size: number): number {
  return Math.floor(count / size) * size;
}
