/** The instruction sets of the processor, and those that the libraries use. */
import { readFileSync } from 'node:fs';

/** The instruction sets in the order in which each extends the one before, with their flags in /proc/cpuinfo. */
const X64 = [
  { name: 'SSE4.1', flag: 'sse4_1' },
  { name: 'AVX', flag: 'avx' },
  { name: 'AVX2', flag: 'avx2' },
  { name: 'AVX-512', flag: 'avx512bw' },
  { name: 'AVX-512 with bfloat16', flag: 'avx512_bf16' },
] as const;

/** The largest instruction set of the processor according to the operating system; `unknown` if the system does not say. */
export function processorInstructions(): string {
  if (process.arch === 'arm64') return 'NEON';
  try {
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
    return X64.findLast(({ flag }) => flags.has(flag))?.name ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/**
 * The largest instruction set of the processor, the limit that was set for oneDNN, and the sets that this project's kernels use:
 * `AVX-512, oneDNN asked for AVX2, kernels avx2`.
 *
 * @param kernels the instruction set that each addon reports
 */
export function instructionsInUse(kernels: readonly (string | undefined)[]): string {
  const { ONEDNN_MAX_CPU_ISA, DNNL_MAX_CPU_ISA, TF_ENABLE_ONEDNN_OPTS } = process.env;
  const limit = ONEDNN_MAX_CPU_ISA ?? DNNL_MAX_CPU_ISA;
  const names = [...new Set(kernels)].filter((name) => name !== undefined);
  return [
    processorInstructions(),
    ...(TF_ENABLE_ONEDNN_OPTS === '0' ? ['without oneDNN'] : limit ? [`oneDNN asked for ${limit}`] : []),
    `kernels ${names.join(' and ')}`,
  ].join(', ');
}
