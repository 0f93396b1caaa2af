/** Replaces the native kernel, since browsers load no native code. */

/** Returns no kernel, and no reason, since none is expected. */
export function loadNativeKernel(): undefined {}
