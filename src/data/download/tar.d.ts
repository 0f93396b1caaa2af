/** The part of tar 6.2.1 that is used here; the package has no types. */
declare module 'tar' {
  import type { EventEmitter } from 'node:events';

  /** A member of an archive; its bytes come as `data` events. */
  export interface ReadEntry extends EventEmitter {
    readonly path: string;
    /** File, Directory, SymbolicLink, Link, ... */
    readonly type: string;
    readonly size: number;
    resume(): void;
  }
  /** Emits `entry`, `end` and, when strict, `error` for anything malformed. */
  export class Parse extends EventEmitter {
    constructor(options: { strict: boolean });
    write(chunk: Uint8Array): boolean;
    end(): void;
  }
  /** An archive of files, folders included, in pieces; tests make some. */
  export function create(
    options: { gzip: boolean; cwd: string; prefix: string },
    files: readonly string[],
  ): AsyncIterable<Uint8Array>;
}
