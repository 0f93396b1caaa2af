import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DownloadOptions, download } from '../../../src/data/download/download';
import { type Answer, cutAfter, type FileServer, good, plain, remote, serve } from './file-server';

/** 200,000 bytes without a pattern, so that pieces in the wrong place are noticed. */
const CONTENT = Buffer.from(Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2654435761)).buffer);
const HASTE: DownloadOptions = { attempts: 3, backoff: 5 };

describe('download', () => {
  let home: string;
  let folder: string;
  let path: string;
  let server: FileServer | undefined;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'download-'));
    folder = join(home, 'downloads');
    path = join(folder, 'file.tar.gz');
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    rmSync(home, { recursive: true });
  });

  const get = async (answers: Answer[], options: DownloadOptions = {}, content = CONTENT): Promise<void> => {
    server = await serve(...answers);
    await download(remote(server.url, content), path, { ...HASTE, ...options });
  };
  const partOf = (bytes: Uint8Array): void => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(`${path}.part`, bytes);
  };
  const arrived = (): void => {
    assert.ok(readFileSync(path).equals(CONTENT));
    assert.deepEqual(readdirSync(folder), ['file.tar.gz']);
    assert.deepEqual(readdirSync(home), ['downloads']);
  };

  it('brings the file, tells how far it is, and asks once', async () => {
    const seen: number[] = [];
    const onProgress = (received: number, total: number): void => {
      assert.equal(total, CONTENT.length);
      seen.push(received);
    };
    await get([good(CONTENT)], { onProgress });
    arrived();
    assert.equal(seen.at(-1), CONTENT.length);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    const { ranges, url } = server!;
    await download(remote(url, CONTENT), path, HASTE);
    assert.deepEqual(ranges, ['']);
  });

  it('goes on where a connection was cut, again and again', async () => {
    // a busy client may lose what a cut connection has brought, so a try may bring nothing
    await get([...Array(9).fill(cutAfter(20_000, CONTENT)), good(CONTENT)], { attempts: 10, backoff: 1 });
    arrived();
    const starts = server!.ranges.map((range) => Number(/\d+/.exec(range)?.[0] ?? 0));
    assert.equal(starts.length, 10);
    assert.ok(starts.at(-1)! >= 20_000 && starts.every((start, i) => start >= (starts[i - 1] ?? 0)));
  });

  it('goes on with the part of an earlier day', async () => {
    partOf(CONTENT.subarray(0, 123_456));
    await get([good(CONTENT)]);
    arrived();
    assert.deepEqual(server!.ranges, ['bytes=123456-']);
  });

  it('needs no network when the whole part is there', async () => {
    partOf(CONTENT);
    await get([plain(500, {})]);
    arrived();
    assert.deepEqual(server!.ranges, []);
  });

  for (const [what, part] of [
    ['of another file', Buffer.alloc(1000, 7)],
    ['as long as the file', Buffer.alloc(CONTENT.length, 7)],
    ['longer than the file', Buffer.alloc(CONTENT.length + 5, 7)],
  ] as const) {
    it(`starts afresh when the part is ${what}`, async () => {
      partOf(part);
      await get([good(CONTENT)]);
      arrived();
    });
  }

  it('writes through no link in the place of the part', async () => {
    const elsewhere = join(home, 'elsewhere');
    mkdirSync(folder);
    writeFileSync(elsewhere, 'not ours');
    symlinkSync(elsewhere, `${path}.part`);
    await get([good(CONTENT)]);
    assert.ok(readFileSync(path).equals(CONTENT));
    assert.equal(readFileSync(elsewhere, 'utf8'), 'not ours');
    mkdirSync(`${path}.part`);
    await server!.close();
    await assert.rejects(get([good(CONTENT)], {}, Buffer.from('other')), /file\.tar\.gz\.part is a folder/);
  });

  it('replaces another file of that name', async () => {
    partOf(Buffer.alloc(0));
    writeFileSync(path, 'something else');
    await get([good(CONTENT)]);
    arrived();
  });

  it('starts afresh where the server knows no parts', async () => {
    partOf(Buffer.alloc(1000, 7));
    await get([plain(200, { 'content-length': CONTENT.length }, CONTENT)]);
    arrived();
  });

  it('waits longer and longer for a server that is busy', async () => {
    const start = Date.now();
    await get([plain(503, {}), plain(429, {}), good(CONTENT)], { backoff: 60 });
    arrived();
    assert.ok(Date.now() - start >= 60 + 120 - 5);
  });

  it('can be downloaded by two at once', async () => {
    server = await serve(cutAfter(50_000, CONTENT), cutAfter(70_000, CONTENT), good(CONTENT));
    const file = remote(server.url, CONTENT);
    await Promise.all([download(file, path, HASTE), download(file, path, HASTE)]);
    arrived();
  });

  it('can be stopped, and goes on later', async () => {
    const stop = new AbortController();
    const stalls: Answer = (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 60_000));
    };
    const onProgress = (received: number): void => {
      if (received === 60_000) stop.abort();
    };
    const options = { signal: stop.signal, onProgress };
    await assert.rejects(
      get([stalls, good(CONTENT)], options),
      /was stopped; the next attempt will resume it/,
    );
    await download(remote(server!.url, CONTENT), path, HASTE);
    arrived();
    assert.deepEqual(server!.ranges, ['', 'bytes=60000-']);
  });

  const { length } = CONTENT;
  const page = '<!DOCTYPE html><title>Log in</title>';
  const hostile: [string, Answer, RegExp][] = [
    ['cuts every connection at the same byte', plainCut(1000), /\(3 tries in a row\)/],
    ['accepts and says nothing', () => {}, /nothing arrived for 0.1 s \(3 tries in a row\)/],
    [
      'stalls in the middle',
      (_, response) => {
        response.writeHead(200, { 'content-length': length });
        response.write(CONTENT.subarray(0, 10));
      },
      /nothing arrived for 0.1 s/,
    ],
    [
      'announces more than the file has',
      plain(200, { 'content-length': length + 100 }, CONTENT),
      /says that the file has 200100 bytes, not 200000/,
    ],
    [
      'announces less than the file has',
      plain(200, { 'content-length': 100 }, CONTENT.subarray(0, 100)),
      /says that the file has 100 bytes, not 200000/,
    ],
    ['never ends', endless, /sends more than the 200000 bytes/],
    [
      'ends early without an error',
      plain(200, {}, CONTENT.subarray(0, 500)),
      /ended after 500 of 200000 bytes/,
    ],
    ['sends nothing', plain(200, {}), /ended after 0 of 200000 bytes/],
    [
      'sends other bytes',
      plain(200, {}, Buffer.alloc(length, 1)),
      /its sha256 is [0-9a-f]{64}, not [0-9a-f]{64}/,
    ],
    [
      'sends a web page',
      plain(200, { 'content-type': 'text/html; charset=utf-8' }, page),
      /a web page instead/,
    ],
    [
      'sends a web page that says it is an archive',
      plain(200, { 'content-type': 'application/gzip' }, page.padEnd(length)),
      /its sha256 is .* \(it is a web page\)/,
    ],
    ['answers 404', plain(404, {}, page), /answered 404 Not Found/],
    ['answers 403', plain(403, {}), /answered 403 Forbidden/],
    ['answers 500 always', plain(500, {}), /answered 500 Internal Server Error \(3 tries in a row\)/],
    ['answers 204', plain(204, {}), /answered 204/],
    ['answers with a part that nobody asked for', plain(206, {}, CONTENT), /another part of the file/],
    ['redirects to itself', plain(302, { location: '/file.tar.gz' }), /redirect count exceeded/],
    ['redirects to a local file', plain(302, { location: 'file:///etc/passwd' }), /scheme/i],
    ['redirects to nowhere', plain(302, { location: 'http://[' }), /invalid url/i],
    [
      'packs the archive once more',
      plain(200, { 'content-encoding': 'gzip' }, CONTENT),
      /incorrect header check/,
    ],
    ['speaks no HTTP', (request) => request.socket.end('220 ready\r\n'), /HTTP|Parse Error|3 tries/],
  ];
  for (const [what, answer, message] of hostile) {
    const options = message.source.startsWith('nothing arrived') ? { stallTimeout: 100 } : {};
    it(`fails clearly where a server ${what}, and a later good one works`, async () => {
      const cure = new RegExp(`put it at ${path}: 200000 bytes, sha256 `);
      await assert.rejects(get([answer], options), (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, cure);
        return true;
      });
      assert.ok(!existsSync(path));
      assert.deepEqual(readdirSync(home), ['downloads']);
      assert.ok(readdirSync(folder).every((name) => name === 'file.tar.gz.part'));
      await server!.close();
      await get([good(CONTENT)]);
      arrived();
    });
  }

  it('takes the name of the file from nobody', async () => {
    const headers = { 'content-disposition': 'attachment; filename="../../evil"' };
    await get([plain(200, headers, CONTENT)]);
    arrived();
  });

  it('says what to do where there is no network', async () => {
    const { url, close } = await serve(good(CONTENT));
    await close();
    for (const [address, code] of [
      [url, /ECONNREFUSED/],
      ['http://nowhere.invalid/file.tar.gz', /ENOTFOUND|EAI_AGAIN/],
    ] as const) {
      await assert.rejects(download(remote(address, CONTENT), path, HASTE), (error: Error) => {
        assert.match(error.message, code);
        assert.match(error.message, /Without a network, fetch it elsewhere and put it at .*file.tar.gz: /);
        return true;
      });
    }
  });
});

/** Knows no ranges, and cuts at the same place each time. */
function plainCut(bytes: number): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

function endless(...[, response]: Parameters<Answer>): void {
  response.on('error', () => {});
  const more = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
  };
  more();
}
