/**
 * Whether tests take their slow, thorough forms (`npm test -- --thorough`), or their quick ones: the same assertions on
 * fewer repetitions.
 */
export const THOROUGH = process.env['ID_THOROUGH'] === '1';

/**
 * Defines a test of several seconds that does not depend on the processor. Only `npm test -- --thorough` runs it; otherwise it is
 * listed as skipped.
 */
export const itThorough: (title: string, test: (this: Mocha.Context) => void | Promise<void>) => Mocha.Test =
  THOROUGH ? it : it.skip;
