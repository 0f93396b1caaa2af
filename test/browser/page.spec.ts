import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { GOLDEN } from '../intrinsic-dimension/golden';

const ROOT = join(__dirname, '..', '..');
const FIXTURES = join(ROOT, 'test', 'fixtures');
const OUT = join(ROOT, 'out', 'browser');
const PAGE = join(OUT, 'intrinsic-dimension.html');

/** What the page complained of, and whom it asked but itself. */
let complaints: string[];

async function opened(browser: Browser, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  complaints = [];
  const page = await browser.newPage({ viewport: { width: 700, height: 900 }, colorScheme });
  page.setDefaultTimeout(90_000);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!/^(file|blob):/.test(request.url())) complaints.push(`foreign request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(PAGE).href);
  return page;
}

async function give(page: Page, name: string, buffer: Buffer): Promise<void> {
  // What was said of the file before must not be taken for a verdict on this one.
  await page.evaluate(() => document.getElementById('status')!.replaceChildren());
  await page.locator('#file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

/** The status after a file was given, once it no longer says that work goes on. */
async function verdict(page: Page): Promise<string> {
  const status = page.getByRole('status');
  await page.waitForFunction(() => !/…$|^$/.test(document.getElementById('status')!.textContent!));
  return (await status.textContent())!;
}

describe('the page that measures files', function () {
  this.timeout(240_000);
  let browser: Browser;

  before(async () => {
    mkdirSync(OUT, { recursive: true });
    const { writePage } = await import(join(ROOT, 'scripts', 'lib', 'bundle.mjs'));
    await writePage(PAGE);
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  });
  after(() => browser?.close());
  afterEach(() => assert.deepEqual(complaints, []));

  it('is one file below 3 MB', () => {
    const html = readFileSync(PAGE, 'utf8');
    assert.ok(html.length < 3e6, `${html.length}`);
    assert.doesNotMatch(html.slice(0, html.indexOf('<script')), /https?:|src=/);
    complaints = [];
  });

  it('finds the reference values of a .npy file, in light and dark', async () => {
    const name = 'swiss_roll_d2_D3';
    for (const scheme of ['light', 'dark'] as const) {
      const page = await opened(browser, scheme);
      await give(page, `${name}.npy`, readFileSync(join(FIXTURES, 'golden', `${name}.npy`)));
      assert.equal(await verdict(page), `${name}.npy is measured.`);
      const cells = async (row: string): Promise<string[]> =>
        page
          .locator('tr', { has: page.locator(`th:text-is("${row}")`) })
          .first()
          .locator('td')
          .allTextContents();
      const golden = GOLDEN[name]!;
      assert.equal((await cells('two-nn'))[0], golden.twoNnLinear.toFixed(2));
      assert.equal((await cells('correlation'))[0], golden.correlation.toFixed(2));
      assert.equal((await cells('participation-ratio'))[0], golden.participationRatio.toFixed(2));
      await page.getByText('The same in numbers').click();
      for (const { n1, n2, value } of golden.gride)
        assert.equal((await cells(`${n1} and ${n2}`))[0], value.toFixed(2));
      assert.equal(await page.locator('figure svg[role=img][aria-label]').count(), 2);
      await page.screenshot({ path: join(OUT, `page-${scheme}.png`), fullPage: true });
      await page.close();
    }
  });

  it('reads .csv and .safetensors, and asks which array of an .npz is meant', async () => {
    const page = await opened(browser);
    const rows = Array.from({ length: 200 }, (_, i) => [Math.sin(i * i), Math.cos(i * i * i), i % 7]);
    await give(page, 'points.csv', Buffer.from(`x,y,z\n${rows.map((row) => row.join()).join('\n')}\n`));
    assert.equal(await verdict(page), 'points.csv is measured.');
    await give(
      page,
      'layers-compressed.npz',
      readFileSync(join(FIXTURES, 'arrays', 'layers-compressed.npz')),
    );
    assert.match(await verdict(page), /holds \d+ arrays: choose one/);
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'array');
    await page.getByRole('button', { name: 'Measure it' }).click();
    assert.match(await page.locator('h2').textContent().then(String), /points of/);
    await verdict(page);
    await give(page, 'layers.safetensors', readFileSync(join(FIXTURES, 'arrays', 'layers.safetensors')));
    assert.match(await verdict(page), /holds \d+ arrays: choose one/);
    await page.close();
  });

  it('says what is wrong with damaged, empty and hostile files, and goes on', async () => {
    const page = await opened(browser);
    const whole = readFileSync(join(FIXTURES, 'golden', 'cube_d2_D2.npy'));
    const archive = readFileSync(join(FIXTURES, 'arrays', 'layers-compressed.npz'));
    const flipped = Buffer.from(archive);
    flipped[200]! ^= 0xff;
    const evil = '<img src=x onerror=alert(1)>';
    const files: readonly (readonly [string, Buffer, RegExp])[] = [
      ['cut.npy', whole.subarray(0, 1000), /cut off|damaged/],
      ['header.npy', whole.subarray(0, 20), /cut off/],
      ['empty.csv', Buffer.alloc(0), /it is empty/],
      ['text.csv', Buffer.from('a,b\n1,2\n3,x\n'), /'x'/],
      ['cut.npz', archive.subarray(0, 300), /cut off|table of contents/],
      ['flipped.npz', flipped, /damaged/],
      ['nan.csv', Buffer.from('1,2\nNaN,4\n5,6\n'), /NaN|finite/],
      ['equal.csv', Buffer.from('1,2\n1,2\n1,2\n'), /distinct/],
      [`${evil}.csv`, Buffer.from(`1,2\n${evil},4\n`), /onerror/],
      ['zip.npz', Buffer.from('PK\x03\x04nothing'), /cut off|table of contents/],
    ];
    for (const [name, bytes, expected] of files) {
      await give(page, name, bytes);
      assert.match(await verdict(page), expected, name);
    }
    assert.equal(await page.locator('img').count(), 0);
    await give(page, 'cube_d2_D2.npy', whole);
    assert.equal(await verdict(page), 'cube_d2_D2.npy is measured.');
    await page.close();
  });

  it('takes a file that is dropped, and can be used by keys alone', async () => {
    const page = await opened(browser);
    const bytes = [...readFileSync(join(FIXTURES, 'golden', 'cube_d2_D2.npy'))];
    await page.evaluate((numbers) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(numbers)], 'dropped.npy'));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }, bytes);
    assert.equal(await verdict(page), 'dropped.npy is measured.');
    assert.equal(await page.evaluate(() => document.activeElement!.tagName), 'H2');
    await page.reload();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'file');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'example');
    await page.keyboard.press('Enter');
    assert.equal(await verdict(page), 'Example is measured.');
    const unlabelled = await page.locator('button, input, select, progress').evaluateAll((all) =>
      all
        .filter((each) => {
          const { labels } = each as HTMLInputElement;
          return !(each.textContent!.trim() || each.ariaLabel || (labels && labels.length > 0));
        })
        .map(({ id }) => id),
    );
    assert.deepEqual(unlabelled, []);
    await page.close();
  });

  it('stops when it is asked to', async () => {
    const page = await opened(browser);
    const [n, d] = [6000, 200];
    const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${n}, ${d}), }`.padEnd(117);
    const start = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${head}\n`, 'latin1');
    const data = Float32Array.from({ length: n * d }, (_, i) => Math.sin(i * i));
    await give(page, 'long.npy', Buffer.concat([start, Buffer.from(data.buffer)]));
    await page.getByRole('progressbar').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    assert.equal(await verdict(page), 'Stopped.');
    assert.equal(await page.getByRole('progressbar').count(), 0);
    await page.close();
  });
});
