/** The messages between the page and its worker. */
import type { ReadPointsOptions } from '../../src/intrinsic-dimension/files/points-file';
import type { Control } from './words';

/** To the worker. */
export type Request = FileRequest | { readonly type: 'example' };

/** A file, and how it is to be read. */
export interface FileRequest {
  readonly type: 'file';
  readonly file: File;
  readonly reading: Reading;
}

/** What the controls of the page say. */
export interface Reading extends Omit<ReadPointsOptions, 'flatten' | 'onProgress'> {
  /** True if the file holds distances. */
  readonly distances?: boolean;
}

/** To the page. The controls are those that its texts name. */
export type Answer =
  | { readonly type: 'progress'; readonly share: number }
  | { readonly type: 'choose'; readonly arrays: readonly { readonly name: string; readonly shape: string }[] }
  | {
      readonly type: 'points';
      readonly text: string;
      readonly notes: readonly string[];
      readonly controls: readonly Control[];
    }
  /** The report as HTML: what it says, and the page that `--report --figure` writes. */
  | { readonly type: 'report'; readonly contents: string; readonly page: string }
  | { readonly type: 'failed'; readonly message: string; readonly controls: readonly Control[] };
