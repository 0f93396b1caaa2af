/** `--instructions`: limits all sides of a benchmark to the same instruction set, and tells what they then use. */

/** The environment variables that each library reads when it is loaded, by the name of the limit. */
const LIMITS = {
  sse41: limit('SSE41', 'sse2', 'default', 'SSE4_2', 'Nehalem', 'NONE'),
  avx2: limit('AVX2', 'avx2', 'avx2', 'AVX2', 'Haswell', 'AVX2'),
  avx512: limit('AVX512_CORE', 'avx512', 'avx512', 'AVX512', 'SkylakeX', 'AVX512'),
} as const;

function limit(oneDnn: string, ours: string, aten: string, mkl: string, openBlas: string, faiss: string) {
  return {
    ONEDNN_MAX_CPU_ISA: oneDnn,
    ID_INSTRUCTIONS: ours,
    ATEN_CPU_CAPABILITY: aten,
    MKL_ENABLE_INSTRUCTIONS: mkl,
    OPENBLAS_CORETYPE: openBlas,
    FAISS_SIMD_LEVEL: faiss,
  };
}

/**
 * Limits this process and those that it starts. Call it before any library is loaded.
 * @param name `sse41` (our own kernels then use SSE2), `avx2` or `avx512`
 * @throws Error for any other name, with the choices
 */
export function limitInstructions(name: string): void {
  if (!Object.hasOwn(LIMITS, name))
    throw new Error(`--instructions must be ${Object.keys(LIMITS).join(', ')}, got '${name}'`);
  Object.assign(process.env, LIMITS[name as keyof typeof LIMITS]);
}

/** The limits with which this project's side was started. */
export function ownInstructions(): string {
  const { ONEDNN_MAX_CPU_ISA: oneDnn, ID_INSTRUCTIONS: ours } = process.env;
  return `oneDNN ${oneDnn ? `at most ${oneDnn}` : 'not limited'}, own kernels ${ours ? `at most ${ours}` : 'not limited'}`;
}
