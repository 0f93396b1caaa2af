/** The defaults of PyTorch's Adam. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
