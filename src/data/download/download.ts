/** Downloads of large files, which are resumed, retried, and kept only if every byte is right. */
import { createHash } from 'node:crypto';
import {
  constants,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALLBACK, type Kinds, NUMBER, SIGNAL } from '../../given';

/** A file with a known size and checksum. */
export interface RemoteFile {
  /** http or https. */
  readonly url: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Called as bytes arrive. @default progress is not reported */
  readonly onProgress?: (received: number, total: number) => void;
  /** The number of successive tries without new data before it gives up. @default 5 */
  readonly attempts?: number;
  /** Milliseconds before the second try, doubled for each further one. @default 1000 */
  readonly backoff?: number;
  /** Milliseconds without data after which a try has failed. @default 30000 */
  readonly stallTimeout?: number;
  /** Ends the download; the data so far are kept, and the download can be resumed. */
  readonly signal?: AbortSignal;
}

/** What a download can be told. */
export const DOWNLOAD_KINDS: Kinds<DownloadOptions> = {
  onProgress: CALLBACK,
  attempts: NUMBER,
  backoff: NUMBER,
  stallTimeout: NUMBER,
  signal: SIGNAL,
};

/** The reason why a try failed. */
class DownloadError extends Error {
  constructor(
    message: string,
    /** True if another try may help. */
    readonly transient: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * Makes sure that `path` holds the file. If it does, the network is not used; a wrong file is replaced once the right one has
 * arrived. The data are in `<path>.part` until the checksum is right. Two processes may download the same file, since they write
 * the same bytes to the same places.
 *
 * @throws Error that says what went wrong and which file may be put where by hand
 */
export async function download(file: RemoteFile, path: string, options: DownloadOptions = {}): Promise<void> {
  const wrong = existsSync(path) ? await differs(path, file) : 'it is missing';
  if (!wrong) return;
  try {
    mkdirSync(dirname(path), { recursive: true });
    await persist(file, path, options);
  } catch (error) {
    if (options.signal?.aborted) {
      throw new Error(`the download of ${file.url} was stopped; the next attempt will resume it`);
    }
    const there = existsSync(path) ? ` (the existing file is a different one: ${wrong})` : '';
    throw new Error(
      `cannot download ${file.url}: ${(error as Error).message}. Without a network, fetch it elsewhere and ` +
        `put it at ${path}: ${file.bytes} bytes, sha256 ${file.sha256}${there}`,
      { cause: error },
    );
  }
}

/** Removes a link in place of a partial download, but not its target. A folder is an error. */
function removeUnlessFile(part: string): void {
  const found = lstatSync(part, { throwIfNoEntry: false });
  if (!found || found.isFile()) return;
  if (found.isDirectory()) throw new DownloadError(`${part} is a folder: remove it`, false);
  rmSync(part);
}

/** Tries until the file is complete, a try fails for good, or too many successive tries brought nothing new. */
async function persist(file: RemoteFile, path: string, options: DownloadOptions): Promise<void> {
  const { attempts = 5, backoff = 1000, signal } = options;
  const part = `${path}.part`;
  removeUnlessFile(part);
  let furthest = sizeOf(part);
  // Bytes from an earlier download, or from another try, may belong to another file.
  let pieced = furthest > 0;
  for (let failures = 0; ; ) {
    try {
      await fetchRest(file, part, options);
      const wrong = await differs(part, file);
      if (wrong) {
        rmSync(part, { force: true });
        throw new DownloadError(wrong, pieced);
      }
      renameSync(part, path);
      return;
    } catch (error) {
      if (existsSync(path) && !(await differs(path, file))) {
        rmSync(part, { force: true });
        return; // another process was faster
      }
      if (!(error instanceof DownloadError) || !error.transient || signal?.aborted) throw error;
      const size = sizeOf(part);
      failures = size > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, size);
      pieced = size > 0;
      if (failures >= attempts) {
        throw new DownloadError(`${error.message} (${attempts} tries in a row)`, false, error);
      }
      await sleep(backoff * 2 ** (failures - 1), undefined, signal ? { signal } : {});
    }
  }
}

/** Requests the missing bytes and writes them to the part file. */
async function fetchRest(file: RemoteFile, part: string, options: DownloadOptions): Promise<void> {
  const { onProgress, stallTimeout = 30_000, signal } = options;
  if (sizeOf(part) > file.bytes) rmSync(part);
  const have = sizeOf(part);
  if (have === file.bytes) return;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallTimeout);
  let output: FileHandle | undefined;
  try {
    const response = await fetch(file.url, {
      // A server that compresses the archive again would change the number of bytes.
      headers: { 'Accept-Encoding': 'identity', ...(have > 0 ? { Range: `bytes=${have}-` } : {}) },
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    let position = checkAnswer(response, file, part, have);
    output = await open(part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW);
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      timer.refresh();
      if (position + chunk.length > file.bytes) {
        throw new DownloadError(`the server sends more than the ${file.bytes} bytes of the file`, false);
      }
      await writeAll(output, chunk, position);
      position += chunk.length;
      onProgress?.(position, file.bytes);
    }
    if (position < file.bytes) {
      throw new DownloadError(`the connection ended after ${position} of ${file.bytes} bytes`, true);
    }
    await output.truncate(position);
    await output.sync();
  } catch (error) {
    if (error instanceof DownloadError || signal?.aborted) throw error;
    if (stalled.signal.aborted) {
      throw new DownloadError(`nothing arrived for ${stallTimeout / 1000} s`, true, error);
    }
    throw inWords(error as Error);
  } finally {
    clearTimeout(timer);
    stalled.abort(); // leaves no connection behind
    await output?.close();
  }
}

/** The position in the file at which the body of this response begins. */
function checkAnswer(response: Response, file: RemoteFile, part: string, have: number): number {
  const { status, headers } = response;
  if (status === 416 && have > 0) {
    rmSync(part, { force: true });
    throw new DownloadError(`the server has no bytes after the ${have} received so far`, true);
  }
  if (status !== 200 && status !== 206) {
    const passing = status >= 500 || [408, 425, 429].includes(status);
    throw new DownloadError(`the server answered ${status} ${response.statusText}`.trim(), passing);
  }
  if (/^text\/html/i.test(headers.get('content-type') ?? '')) {
    throw new DownloadError('the server sent a web page instead (a log-in page of the network?)', false);
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (status === 206 && (have === 0 || Number(range?.[1]) !== have)) {
    rmSync(part, { force: true });
    throw new DownloadError(`the server sent another part of the file than bytes ${have} onwards`, true);
  }
  const start = status === 206 ? have : 0;
  const length = headers.get('content-length');
  const total = range?.[2] ?? (length === null ? '*' : String(start + Number(length)));
  if (total !== '*' && Number(total) !== file.bytes) {
    throw new DownloadError(`the server says that the file has ${total} bytes, not ${file.bytes}`, false);
  }
  return start;
}

async function writeAll(output: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await output.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

/** How a file differs from the expected one, if it does. */
async function differs(path: string, { bytes, sha256 }: RemoteFile): Promise<string | undefined> {
  const size = sizeOf(path);
  if (size !== bytes) return `it has ${size} bytes, not ${bytes}`;
  const hash = createHash('sha256');
  let start = '';
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    start ||= chunk.toString('latin1', 0, 64);
    hash.update(chunk);
  }
  const sum = hash.digest('hex');
  if (sum === sha256.toLowerCase()) return undefined;
  const page = /^\s*<(!doctype|html|\?xml)/i.test(start) ? ' (it is a web page)' : '';
  return `its sha256 is ${sum}, not ${sha256}${page}`;
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** Puts errors of the network and of the disk into words. */
function inWords(error: Error): DownloadError {
  const { code, message } = ((error.cause as Error | undefined) ?? error) as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DownloadError('the disk is full', false, error);
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new DownloadError(`the file cannot be written (${message})`, false, error);
  }
  // fetch follows up to 20 redirects, and only to http and https; an unknown name stays unknown for seconds.
  const final = /redirect|invalid url|unknown scheme|scheme must be|bad port|ENOTFOUND/i.test(message);
  const text = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return new DownloadError(text, !final, error);
}
