/** Browsers load no native code. */

/** No kernel, and no reason to speak of it. */
export function loadNativeKernel(): undefined {}
