/** The first test for a network that does not learn: training on a single batch until the network has memorised it. */
import type { Dataset } from '../data/dataset';
import { select } from '../data/select';
import { shuffled } from '../random';

/** A data set whose training examples are one batch of the given set, without augmentation; validation is unchanged. */
export function oneBatch(data: Dataset, batchSize: number, seed: number): Dataset {
  const { prepare, ...train } = select(data.train, shuffled(data.train.size, seed).subarray(0, batchSize));
  return {
    ...data,
    train: prepare ? { ...train, prepare: (examples, indices) => prepare(examples, indices) } : train,
  };
}
