import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { constants, deflateRawSync } from 'node:zlib';
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
  page.setDefaultTimeout(300_000);
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

/** A file of float32 numbers whose header says this shape. */
function npyOf(shape: string, data: Buffer): Buffer {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${head}\n`, 'latin1'), data]);
}

/** An archive whose entry unpacks to so many MiB of zeros, and says that it has `size` bytes. */
function zeros(mebibytes: number, size = mebibytes * 2 ** 20): Buffer {
  const name = Buffer.from('x.npy');
  const one = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
  const packed = Buffer.concat([...Array<Buffer>(mebibytes).fill(one), deflateRawSync(Buffer.alloc(0))]);
  const entry = Buffer.alloc(22);
  entry.writeUInt16LE(8, 0); // deflated
  entry.writeUInt32LE(packed.length, 10);
  entry.writeUInt32LE(size, 14);
  entry.writeUInt16LE(name.length, 18);
  const local = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0'), entry, name, packed]);
  const table = Buffer.concat([Buffer.from('PK\x01\x02\x14\0\x14\0\0\0'), entry, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, table, end]);
}

/** The status after a file was given, once it no longer says that work goes on. */
async function verdict(page: Page): Promise<string> {
  const status = page.getByRole('status');
  await page.waitForFunction(() => !/…$|^$/.test(document.getElementById('status')!.textContent!));
  return (await status.textContent())!;
}

describe('the page that measures files', function () {
  this.timeout(600_000);
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

  it('shows the report of a .npy file, with reference values, as the command line writes it', async () => {
    const name = 'swiss_roll_d2_D3';
    const file = join(FIXTURES, 'golden', `${name}.npy`);
    const page = await opened(browser);
    await give(page, `${name}.npy`, readFileSync(file));
    assert.equal(await verdict(page), `${name}.npy is measured.`);
    const dimension = async (table: string, row: string): Promise<string | undefined> =>
      (
        await page
          .getByRole('table', { name: table })
          .locator('tr', { has: page.locator(`td:first-child:text-is("${row}")`) })
          .locator('td')
          .allTextContents()
      )[1];
    const golden = GOLDEN[name]!;
    assert.equal(await dimension('Estimators', 'two-nn'), golden.twoNnLinear.toFixed(2));
    assert.equal(await dimension('Estimators', 'participation-ratio'), golden.participationRatio.toFixed(2));
    for (const { n1, n2, value } of golden.gride)
      assert.equal(await dimension('Scales', `${n1} and ${n2}`), value.toFixed(2));
    assert.equal(await page.locator('figure svg[role=img][aria-label]').count(), 6);
    assert.equal(await page.evaluate(() => document.activeElement!.tagName), 'H2');
    const { nodes } = await (await page.context().newCDPSession(page)).send('Accessibility.getFullAXTree');
    const seen = nodes.filter(({ ignored }) => !ignored);
    const named = /^(button|link|textbox|combobox|progressbar|heading|table|columnheader|image)$/;
    assert.deepEqual(
      seen.filter(({ role, name }) => named.test(role?.value) && !name?.value).map(({ role }) => role?.value),
      [],
    );
    // Whoever hears the page hears each state once.
    assert.equal(await page.locator('[role=status], [role=alert], [aria-live]').count(), 1);
    const twice = seen.filter(({ name, description }) => name?.value && name.value === description?.value);
    assert.deepEqual(
      twice.map(({ role }) => role?.value),
      [],
    );
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(OUT, `page-${colorScheme}.png`), fullPage: true });
    }
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save this report' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), `${name}-report.html`);
    const { writePackage } = await import(join(ROOT, 'scripts', 'lib', 'bundle.mjs'));
    const folder = join(OUT, 'intrinsic-dimension');
    await writePackage(folder);
    const written = join(OUT, 'report.html');
    const words = [join(folder, 'cli.cjs'), file, '--report', '--figure', written];
    const { status, stderr } = spawnSync(process.execPath, words, {
      encoding: 'utf8',
      env: { ...process.env, ID_KERNEL: 'wasm' },
    });
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(await download.path(), 'utf8'), readFileSync(written, 'utf8'));
    await page.close();
  });

  it('reads .csv and .safetensors, and asks which array of an .npz is meant', async () => {
    const page = await opened(browser);
    const rows = Array.from({ length: 200 }, (_, i) => [Math.sin(i * i), Math.cos(i * i * i), i % 7]);
    const numbered = rows.map((row, i) => [i, ...row].join());
    await give(page, 'numbered.csv', Buffer.from(`n,x,y,z\n${numbered.join('\n')}\n`));
    assert.match(
      await verdict(page),
      /numbers the rows, .* leave it out with “Leave out columns: 1”, or keep it with “Take columns: all”$/,
    );
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'dropColumn');
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    assert.equal(await verdict(page), 'numbered.csv is measured.');
    assert.match(await page.locator('h2').first().textContent().then(String), /200 points of 3 coordinates/);
    assert.equal(await page.getByLabel('First row').isVisible(), false);
    const years = rows.slice(1).map(([x, y, z]) => [x! / 7, y, z].join());
    await give(page, 'years.csv', Buffer.from(`2019,2020,2021\n${years.join('\n')}\n`));
    assert.match(
      await verdict(page),
      /may be names or a point: add “First row: names” or “First row: a point”$/,
    );
    await page.getByLabel('First row').selectOption('names');
    await page.getByRole('button', { name: 'Measure it' }).click();
    assert.equal(await verdict(page), 'years.csv is measured.');
    assert.match(await page.locator('h2').first().textContent().then(String), /199 points of 3 coordinates/);
    await give(page, 'points.csv', Buffer.from(`x,y,z\n${rows.map((row) => row.join()).join('\n')}\n`));
    assert.equal(await verdict(page), 'points.csv is measured.');
    await give(
      page,
      'layers-compressed.npz',
      readFileSync(join(FIXTURES, 'arrays', 'layers-compressed.npz')),
    );
    assert.match(await verdict(page), /holds \d+ arrays: choose one/);
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'key');
    assert.equal(await page.getByLabel('First row').isVisible(), false);
    await page.getByRole('button', { name: 'Measure it' }).click();
    await verdict(page);
    assert.match(await page.locator('h2').first().textContent().then(String), /points of/);
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
      ['huge.npy', npyOf('(1000000000, 1000000)', Buffer.alloc(64)), /cut off/],
      ['words.npy', Buffer.from('these are words, not numbers\n'), /does not begin with/],
      ['picture.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 1]), /not UTF-8 text/],
      ['one.csv', Buffer.from('1,2,3\n'), /at least 3 distinct points, got 1/],
      ['one.npy', npyOf('(1, 8)', Buffer.alloc(32)), /at least 3 distinct points, got 1/],
      ['none.npy', npyOf('(0, 5)', Buffer.alloc(0)), /at least 3 distinct points, got shape \[0, 5\]/],
      ['-', Buffer.from('1,2\n'), /at least 3 distinct points, got 1/],
      ['quotes.csv', Buffer.from('"1,2\n3,4\n'.repeat(9)), /quotes are not closed/],
      ['wide.csv', Buffer.from('1e300,2.5\n3,4\n5,-6e300\n'), /overflow when squared/],
      ['zeros.npz', zeros(64, 1000), /does not unpack to what was packed/],
      [
        'bomb.npz',
        zeros(3000),
        /in 'x.npy': unpacked, it has 2\.9 GiB, and browsers read up to 2: give fewer points/,
      ],
    ];
    for (const [name, bytes, expected] of files) {
      await give(page, name, bytes);
      const said = await verdict(page);
      assert.match(said, expected, name);
      assert.doesNotMatch(said, /\n|--|in code|npm|\bpath\b/, name);
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
    const data = { items: [], files: [OUT], dragOperationsMask: 1 };
    const session = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, x: 300, y: 200, data });
    assert.match(await verdict(page), /^cannot read browser: it is a folder, was changed or moved/);
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
    const data = Float32Array.from({ length: n * d }, (_, i) => Math.sin(i * i));
    await give(page, 'long.npy', npyOf(`(${n}, ${d})`, Buffer.from(data.buffer)));
    await page.getByRole('progressbar').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    assert.equal(await verdict(page), 'Stopped.');
    assert.equal(await page.getByRole('progressbar').count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'file');
    await page.close();
  });
});
