/** `node:buffer` in a browser. */
export const constants = { MAX_LENGTH: 2 ** 31 - 1 };
