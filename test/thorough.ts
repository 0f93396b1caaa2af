/**
 * Whether tests take their slow, thorough forms (`npm test -- --thorough`), or their quick ones: the same assertions on
 * fewer repetitions.
 */
export const THOROUGH = process.env['ID_THOROUGH'] === '1';

/**
 * Defines a test of several seconds that does not depend on the processor. Only `npm test -- --thorough` runs it; otherwise it is
 * listed as skipped.
 */
export function itThorough(title: string, test: (this: Mocha.Context) => void | Promise<void>): Mocha.Test {
  // Looked up at each call: a process that runs several test files in turn gets an `it` of its own for each.
  return (THOROUGH ? it : it.skip)(title, test);
}
