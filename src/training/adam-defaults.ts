/** The numbers that PyTorch gives Adam unless told otherwise. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
