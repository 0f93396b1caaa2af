/** The messages between the page and its worker. */
import type { Part } from './measure';

/** To the worker. */
export type Request =
  | { readonly type: 'file'; readonly name: string; readonly bytes: Uint8Array; readonly array?: string }
  | { readonly type: 'example' };

/** A part with its figure drawn. */
export interface DrawnPart extends Omit<Part, 'figure'> {
  readonly svg?: string;
}

/** To the page. */
export type Answer =
  | { readonly type: 'progress'; readonly share: number; readonly what: string }
  | { readonly type: 'choose'; readonly arrays: readonly { readonly name: string; readonly shape: string }[] }
  | { readonly type: 'points'; readonly text: string; readonly notes: readonly string[] }
  | { readonly type: 'part'; readonly part: DrawnPart }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string };
