/** Browsers load no native code. */

/** There is no kernel whose absence would have to be mended. */
export const NATIVE_CURE: string = '';

/** No kernel, and no reason to speak of it. */
export function loadNativeKernel(): undefined {}
