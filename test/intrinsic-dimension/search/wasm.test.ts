import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { cube, embed } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { kernelName } from '../../../src/intrinsic-dimension/search/kernel';
import { WASM } from '../../../src/intrinsic-dimension/search/wasm-bytes';
import { WasmMemory } from '../../../src/intrinsic-dimension/search/wasm-memory';
import { wasmTeam } from '../../../src/intrinsic-dimension/search/wasm-team';
import { mulberry32, normals } from '../../../src/random';

describe('the WebAssembly kernel', () => {
  it('is the one of the present C++: npm run pack makes it again', async () => {
    const { wasmInputs, WASM_BYTES } = await import(
      join(__dirname, '..', '..', '..', 'scripts', 'lib', 'prebuilt-kernels.mjs')
    );
    assert.ok(readFileSync(WASM_BYTES, 'utf8').includes(`(${wasmInputs()})`));
  });

  it('is named in an estimate when it searched, as the native one is', async () => {
    const points = embed(cube({ points: 200, dimension: 2 }), { coordinates: 5 });
    assert.equal((await intrinsicDimension(points)).kernel, kernelName());
    assert.match(kernelName(), /^(wasm|native \w+)$/);
    const distances = Array.from({ length: 9 }, (_, i) =>
      Array.from({ length: 9 }, (_, j) => Math.abs((i + 1) ** 2 - (j + 1) ** 2)),
    );
    assert.equal((await intrinsicDimension({ distances })).kernel, undefined);
  });

  it('shares the rows of a loop with threads, and computes the same to the last bit', async () => {
    const [n, words] = [1024, 128];
    const points = Float32Array.from({ length: n * words }, normals(mulberry32(1)));
    /** Products of all points, until others have taken a row where others are wanted. */
    const products = async (threads: number): Promise<{ out: Float32Array; others: number }> => {
      const team = wasmTeam(
        Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0)),
        threads,
      );
      const memory = new WasmMemory(team.memory, team.base);
      memory.begin(points.byteLength, 4 * n * n);
      const at = memory.put(points);
      const out = memory.take(4 * n * n);
      for (let others = 0; ; ) {
        const [run, top, add, above, ahead] = [48, 0, 0, 0, 0];
        const how = [at, at, words, run, n / team.loops.panel(), out, top, n, add, above, ahead, 0, 0];
        others += team.share('multiply', 0, n, how);
        if (others > 0 || threads === 1) return { out: memory.singles(out, n * n).slice(), others };
        // A thread that starts may need this one to have rest.
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const alone = await products(1);
    assert.equal(alone.others, 0);
    for (const threads of [2, 4]) assert.deepEqual((await products(threads)).out, alone.out);
  }).timeout(60_000);
});
