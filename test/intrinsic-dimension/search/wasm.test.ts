import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { intrinsicDimension } from '../../../src/intrinsic-dimension/intrinsic-dimension';
import { cube, embed } from '../../../src/intrinsic-dimension/manifolds/manifolds';
import { kernelName } from '../../../src/intrinsic-dimension/search/kernel';

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
});
