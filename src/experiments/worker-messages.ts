/** The messages between a sweep and the processes of its runs. */
import type { RunConfig } from './registry';

/** Sent once by the sweep: the run that the process should do. */
export interface WorkerTask {
  readonly config: RunConfig;
  /** The record. */
  readonly path: string;
}

/** Sent by the process of a run. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly step: number; readonly message: string }
  /** The run is finished, and recorded. */
  | { readonly type: 'done'; readonly step: number }
  /** The run was asked to stop, and has written a checkpoint. */
  | { readonly type: 'stopped'; readonly step: number }
  /** `locked`: another process writes the record. */
  | { readonly type: 'failure'; readonly reason: 'locked' | 'error'; readonly message: string };
