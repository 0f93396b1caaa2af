/** A figure of the documentation, with its tables and the records that it is drawn from. */
import type { RunSoFar } from '../records/run-record';
import type { Figure } from './figure';
import type { FrameOptions } from './frame';
import type { Table } from './table';

/** A figure that `npm run figures` draws. */
export interface Drawing {
  /** The name of its file. */
  readonly name: string;
  /** One line for the help text. */
  readonly summary: string;
  /** The folder of its records below data/runs. */
  readonly records: string;
  draw(runs: readonly RunSoFar[], options?: FrameOptions): Figure;
  /** What the figure shows, in sentences. */
  findings(runs: readonly RunSoFar[]): readonly string[];
  /** The numbers behind it. */
  tables(runs: readonly RunSoFar[]): readonly Table[];
}
