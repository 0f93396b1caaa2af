/** The first thing to try when a network does not learn: one batch, again and again, until it knows it by heart. */
import type { Dataset } from '../data/dataset';
import { select } from '../data/select';
import { shuffled } from '../random';

/** A data set whose training examples are one batch of the given one, never augmented; validation is as it was. */
export function oneBatch(data: Dataset, batchSize: number, seed: number): Dataset {
  const { prepare, ...train } = select(data.train, shuffled(data.train.size, seed).subarray(0, batchSize));
  return {
    ...data,
    train: prepare ? { ...train, prepare: (examples, indices) => prepare(examples, indices) } : train,
  };
}
