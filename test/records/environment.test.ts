import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../../src/records/environment';
import { openRun, readRun } from '../../src/records/run-record';
import { loadBackend } from '../../src/runtime/backend';

describe('the environment of a record', () => {
  const limit = process.env['ONEDNN_MAX_CPU_ISA'];
  afterEach(() => {
    if (limit === undefined) delete process.env['ONEDNN_MAX_CPU_ISA'];
    else process.env['ONEDNN_MAX_CPU_ISA'] = limit;
  });

  it('names the instructions of the processor and of the kernels, and a limit of oneDNN', async () => {
    const backend = await loadBackend();
    delete process.env['ONEDNN_MAX_CPU_ISA'];
    assert.match(
      environment(backend).instructions!,
      /^(SSE4\.1|AVX|AVX2|AVX-512.*|NEON|unknown), kernels \w+( and \w+)?$/,
    );
    process.env['ONEDNN_MAX_CPU_ISA'] = 'SSE41';
    assert.match(environment(backend).instructions!, /^[^,]+, oneDNN asked for SSE41, kernels /);
    const without = environment({ name: 'cpu', device: 'CPU', version: '4.22.0', threads: 1 });
    assert.match(without.instructions!, /, kernels \w+$/);
  });

  it('is read back from the record', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'environment-'));
    try {
      const here = environment(await loadBackend());
      openRun(join(folder, 'run.jsonl'), { config: {}, environment: here }).close();
      assert.deepEqual(readRun(join(folder, 'run.jsonl')).environment, here);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
