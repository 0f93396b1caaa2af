/** A local server of one file that answers as a test tells it to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RemoteFile } from '../../../src/data/download/download';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FileServer {
  readonly url: string;
  /** The Range header of each request, '' without. */
  readonly ranges: string[];
  close(): Promise<void>;
}

/** Starts a server; the n-th request gets the n-th answer, those after the last answer the last. */
export async function serve(...answers: readonly Answer[]): Promise<FileServer> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    answers[Math.min(ranges.length, answers.length) - 1]!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.tar.gz`,
    ranges,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What the server would have to send. */
export function remote(url: string, content: Buffer): RemoteFile {
  return { url, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** A proper server: the whole file, or the part that is asked for. */
export function good(content: Buffer): Answer {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start >= content.length) {
      response.writeHead(416).end();
      return;
    }
    const rest = content.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-type': 'application/x-gzip',
      'content-length': rest.length,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
    });
    response.end(rest);
  };
}

/** Sends so much of the file, from where it was asked to start, then cuts the connection. */
export function cutAfter(bytes: number, content: Buffer): Answer {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': content.length - start,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
    });
    response.write(content.subarray(start, start + bytes), () => setTimeout(() => response.destroy(), 50));
  };
}

/** Status, headers and body as given. */
export function plain(
  status: number,
  headers: Record<string, string | number>,
  body?: Buffer | string,
): Answer {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}
