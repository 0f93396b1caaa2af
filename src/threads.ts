/** How many threads one operation may use. */
import { availableParallelism } from 'node:os';

/** What `TF_NUM_INTRAOP_THREADS` says, else the number of processors. */
export function threads(): number {
  return Number(process.env['TF_NUM_INTRAOP_THREADS']) || availableParallelism();
}
