import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasOwnOperations, loadBackend } from '../../../src/runtime/backend';
import { itThorough, THOROUGH } from '../../thorough';

const SCRIPT = join(__dirname, 'against-definitions.ts');
/** Cases of each operation in one process. */
const CASES = THOROUGH ? 60 : 10;

/** What limits oneDNN, what limits our kernels, and the flag of /proc/cpuinfo that a processor needs for both. */
const INSTRUCTIONS: readonly { oneDnn: string; ours: string; flag: string }[] = [
  { oneDnn: 'SSE41', ours: 'sse2', flag: 'sse4_1' },
  { oneDnn: 'AVX2', ours: 'avx2', flag: 'avx2' },
  { oneDnn: 'AVX512_CORE', ours: 'avx512', flag: 'avx512bw' },
];

/** Runs the comparison in a process of its own, and resolves with what it found. */
async function compare(seed: number, env: NodeJS.ProcessEnv): Promise<string> {
  const args = ['--import=tsx', SCRIPT, String(seed), String(CASES)];
  const settings = { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 300_000 } as const;
  const settled = await promisify(execFile)(process.execPath, args, settings).catch((error) => error);
  const { stdout, signal, code, stderr } = settled as Record<string, string>;
  return stdout + (signal || code ? `ended with ${signal ?? code}: ${stderr}` : '');
}

describe('operations beside their definitions in float64, eager and compiled', () => {
  before(async function () {
    await loadBackend();
    if (!hasOwnOperations()) this.skip();
  });

  const processor = process.arch === 'x64' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const limits = [
    { name: 'the processor’s own instructions', env: {} },
    ...INSTRUCTIONS.filter(({ flag }) => processor.includes(` ${flag} `)).map(({ oneDnn, ours }) => ({
      name: `${oneDnn} and ${ours}`,
      env: { ONEDNN_MAX_CPU_ISA: oneDnn, ID_INSTRUCTIONS: ours },
    })),
  ];
  for (const [i, { name, env }] of limits.entries()) {
    // The faults that are known depend on the number of threads. In the quick form each set of instructions has one.
    const threads = THOROUGH ? [1, 2, 3] : [1 + ((i + 1) % 3)];
    for (const count of threads) {
      it(`are right with ${name}, ${count} ${count === 1 ? 'thread' : 'threads'}`, async () => {
        const found = await compare(i + 1, { ...env, TF_NUM_INTRAOP_THREADS: String(count) });
        assert.equal(found, '');
      }).timeout(600_000);
    }
  }

  itThorough('overwrite no memory: glibc’s checks of the heap find nothing', async function () {
    if (process.platform !== 'linux' || !isGlibc()) this.skip();
    const checks = { MALLOC_CHECK_: '3', LD_PRELOAD: 'libc_malloc_debug.so.0' };
    const found = await compare(9, { ...checks, ONEDNN_MAX_CPU_ISA: 'AVX2', TF_NUM_INTRAOP_THREADS: '2' });
    assert.equal(found, '');
  }).timeout(600_000);
});

function isGlibc(): boolean {
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header;
  return glibcVersionRuntime !== undefined;
}
