/** The sets of instructions that compute: what the processor has, and to what the environment limits the libraries. */
import { readFileSync } from 'node:fs';

/** From the least to the best, with a flag of /proc/cpuinfo that tells. */
const X64 = [
  { name: 'SSE4.1', flag: 'sse4_1' },
  { name: 'AVX', flag: 'avx' },
  { name: 'AVX2', flag: 'avx2' },
  { name: 'AVX-512', flag: 'avx512bw' },
  { name: 'AVX-512 with bfloat16', flag: 'avx512_bf16' },
] as const;

/** The best set that the processor has, as the operating system tells; `unknown` where it does not. */
export function processorInstructions(): string {
  if (process.arch === 'arm64') return 'NEON';
  try {
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
    return X64.findLast(({ flag }) => flags.has(flag))?.name ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** The processor's best set, and what limits oneDNN and this project's kernels to a lesser one. */
export function instructionsInUse(): string {
  const { ONEDNN_MAX_CPU_ISA: oneDnn, ID_INSTRUCTIONS: kernels } = process.env;
  const limits = [
    ...(oneDnn ? [`oneDNN limited to ${oneDnn}`] : []),
    ...(kernels ? [`kernels limited to ${kernels}`] : []),
  ];
  return [processorInstructions(), ...limits].join(', ');
}
