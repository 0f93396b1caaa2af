/** The peak memory of a computation. */
import { readFileSync, writeFileSync } from 'node:fs';

/** The time of a computation and, on Linux, its peak memory beyond that of the process before. */
export async function watched<T>(
  compute: () => Promise<T>,
): Promise<{ readonly result: T; readonly ms: number; readonly extraMegabytes: number }> {
  const linux = process.platform === 'linux';
  const before = linux ? resident('VmRSS') : 0;
  if (linux) writeFileSync('/proc/self/clear_refs', '5'); // reset the peak
  const start = performance.now();
  const result = await compute();
  const ms = performance.now() - start;
  return { result, ms, extraMegabytes: linux ? resident('VmHWM') - before : Number.NaN };
}

/** A value from the status of this process, in MB. */
function resident(key: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(key));
  return (Number(line!.split(/\s+/)[1]) * 1024) / 1e6;
}
