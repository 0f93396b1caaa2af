/** The messages between the page and its worker. */

/** To the worker. */
export type Request = FileRequest | { readonly type: 'example' };

/** A file, and what was chosen of it. */
export interface FileRequest {
  readonly type: 'file';
  readonly file: File;
  /** The name of the array, where the file holds several. */
  readonly array?: string;
  /** The columns that are coordinates, as the command line's `--columns` takes them. */
  readonly columns?: string;
}

/** To the page. */
export type Answer =
  | { readonly type: 'progress'; readonly share: number }
  | { readonly type: 'choose'; readonly arrays: readonly { readonly name: string; readonly shape: string }[] }
  | { readonly type: 'points'; readonly text: string; readonly notes: readonly string[] }
  /** The report as HTML: what it says, and the page that `--report --figure` writes. */
  | { readonly type: 'report'; readonly contents: string; readonly page: string }
  /** @param columns whether a choice of columns may help */
  | { readonly type: 'failed'; readonly message: string; readonly columns: boolean };
