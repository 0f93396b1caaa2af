/**
 * Whether tests take their slow, thorough forms (`npm test -- --thorough`), or their quick ones: the same assertions on
 * fewer repetitions.
 */
export const THOROUGH = process.env['ID_THOROUGH'] === '1';
