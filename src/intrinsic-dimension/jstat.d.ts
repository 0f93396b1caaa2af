/** The part of jstat 1.9.6 that is used here; the package has no types. */
declare module 'jstat' {
  export const jStat: {
    mean(values: readonly number[]): number;
    /** The standard deviation of a sample (n - 1) if `sample` is true, and else that of a population. */
    stdev(values: readonly number[], sample?: boolean): number;
    readonly normal: { inv(p: number, mean: number, standardDeviation: number): number };
    readonly binomial: { cdf(successes: number, trials: number, probability: number): number };
    median(values: readonly number[]): number;
    readonly chisquare: { inv(p: number, degreesOfFreedom: number): number };
    /** The logarithm of the gamma function, to about 1e-10. */
    gammaln(x: number): number;
    readonly beta: { inv(p: number, alpha: number, beta: number): number };
    readonly gamma: { inv(p: number, shape: number, scale: number): number };
  };
}
