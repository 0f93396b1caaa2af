import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { mulberry32 } from '../../src/random';

const ROOT = join(__dirname, '..', '..');
const FOLDER = join(ROOT, 'out', 'browser', 'package');
const [N, D] = [1500, 64];

/** A worker that estimates, and tells how many helpers were started. */
const WORKER = `
  import { intrinsicDimension } from '/browser.mjs';
  let helpers = 0;
  globalThis.Worker = class extends Worker { constructor(...given) { super(...given); helpers++; } };
  onmessage = async ({ data }) => {
    const found = await intrinsicDimension({ data, shape: [${N}, ${D}] });
    postMessage({ ...found, helpers, processors: navigator.hardwareConcurrency, isolated: crossOriginIsolated });
  };`;

/** Headers with which browsers let a page share memory with its workers. */
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

interface Answer {
  readonly value: number;
  readonly interval: { readonly lower: number; readonly upper: number };
  readonly kernel: string;
  readonly helpers: number;
  readonly processors: number;
  readonly isolated: boolean;
}

describe('the package in a browser', function () {
  this.timeout(240_000);
  let browser: Browser;
  let server: Server;
  let headers: Readonly<Record<string, string>> = {};

  before(async () => {
    const { writePackage } = await import(join(ROOT, 'scripts', 'lib', 'bundle.mjs'));
    await writePackage(FOLDER);
    const files: Readonly<Record<string, readonly [string, string]>> = {
      '/': ['text/html', '<!doctype html><title>a page</title>'],
      '/worker.mjs': ['text/javascript', WORKER],
      '/browser.mjs': ['text/javascript', readFileSync(join(FOLDER, 'browser.mjs'), 'utf8')],
    };
    server = createServer(({ url = '' }, response) => {
      const [type, text] = files[url] ?? ['text/plain', ''];
      response.writeHead(files[url] ? 200 : 404, { 'content-type': type, ...headers }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    server?.close();
    rmSync(FOLDER, { recursive: true, force: true });
  });

  it('searches with threads where the page is isolated, without elsewhere, and finds what Node does', async () => {
    const data = Float32Array.from({ length: N * D }, mulberry32(1));
    const here = await intrinsicDimension({ data, shape: [N, D] });
    for (const [sent, isolated] of [
      [ISOLATED, true],
      [{}, false],
    ] as const) {
      headers = sent;
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const found = await page.evaluate(
        (numbers) =>
          new Promise<Answer>((resolve, reject) => {
            const worker = new Worker('/worker.mjs', { type: 'module' });
            worker.onmessage = (event) => resolve(event.data);
            worker.onerror = (event) => reject(new Error(event.message));
            worker.postMessage(Float32Array.from(numbers));
          }),
        [...data],
      );
      assert.equal(found.isolated, isolated);
      assert.equal(found.helpers, isolated ? Math.min(found.processors, 8) - 1 : 0);
      assert.equal(found.kernel, 'wasm');
      assert.deepEqual([found.value, found.interval], [here.value, here.interval]);
      await page.close();
    }
  });
});
