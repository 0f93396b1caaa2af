/** The part of jstat 1.9.6 that is used here; the package has no types. */
declare module 'jstat' {
  export const jStat: {
    readonly normal: { inv(p: number, mean: number, standardDeviation: number): number };
    readonly gamma: { inv(p: number, shape: number, scale: number): number };
  };
}
