/** `node:stream` in a browser: the functions that the readers of files use, for pieces that are already in memory. */

/** Pieces of bytes. */
export class Readable {
  private constructor(readonly pieces: Iterable<Uint8Array>) {}

  static from(pieces: Iterable<Uint8Array>): Readable {
    return new Readable(pieces);
  }

  /** Ignores listeners, since reading memory does not fail. */
  on(): this {
    return this;
  }

  pipe<T>(transform: { through(pieces: Iterable<Uint8Array>): T }): T {
    return transform.through(this.pieces);
  }

  destroy(): void {}
}

/** The part of csv-parse's writable stream that is used. */
interface Sink {
  on(event: string, listener: (error: Error) => void): void;
  once(event: string, listener: () => void): void;
  resume(): void;
  write(piece: Uint8Array): boolean;
  end(): void;
}

/** Writes all pieces to a stream without output, and waits for its end; other work can run meanwhile. */
export async function pipeline({ pieces }: Readable, sink: Sink): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    sink.once('end', resolve);
    sink.on('error', reject);
  });
  ended.catch(() => {});
  sink.resume();
  for (const piece of pieces) {
    if (!sink.write(piece)) await Promise.race([new Promise<void>((go) => sink.once('drain', go)), ended]);
  }
  sink.end();
  await ended;
}
