/** The number of threads that one operation may use. */
import { availableParallelism } from 'node:os';

/** The value of `TF_NUM_INTRAOP_THREADS`, or else the number of processors. */
export function threads(): number {
  return Number(process.env['TF_NUM_INTRAOP_THREADS']) || availableParallelism();
}
