/** A figure of the documentation: from which records it is drawn, and which tables belong to it. */
import type { RunSoFar } from '../records/run-record';
import type { Figure } from './figure';
import type { Table } from './table';

/** A figure that `npm run figures` draws. */
export interface Drawing {
  /** The name of its file. */
  readonly name: string;
  /** One line for help. */
  readonly summary: string;
  /** The folder of its records below data/runs. */
  readonly records: string;
  draw(runs: readonly RunSoFar[]): Figure;
  /** What one sees in it, a sentence each. */
  findings(runs: readonly RunSoFar[]): readonly string[];
  /** The numbers behind it. */
  tables(runs: readonly RunSoFar[]): readonly Table[];
}
