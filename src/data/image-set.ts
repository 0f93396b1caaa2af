/** Labelled pictures, and a data set made from them: split, reduced, balanced, or with wrong labels. */
import { ANYTHING, FLAG, type Kinds, NUMBER } from '../given';
import { counted, formatStep } from '../number-format';
import { mulberry32, shuffled, streamSeed } from '../random';
import type { Choosable, Settings, ValuesOf } from '../setting';
import { type Augmentation, channelStatistics, imagePreparation, type Normalization } from './augment';
import type { Dataset, Examples } from './dataset';
import { select } from './select';

/** All pictures of one source, as bytes. */
export interface ImageSource {
  readonly name: string;
  /** The name for people, such as `CIFAR-10`. */
  readonly title: string;
  /** The name of each class, by its number. */
  readonly classNames: readonly string[];
  /** Inputs are bytes [height, width, channels]. */
  readonly train: Examples;
  /** The official test set. @default none; pictures for validation are taken from `train` */
  readonly test?: Examples;
  /** The normalisation of pixels. @default mean and standard deviation of all training pictures */
  readonly normalization?: Normalization;
  /** The usual augmentation of the training pictures. @default none */
  readonly augmentation?: Augmentation;
}

/** A data set of pictures that an experiment can choose. Its summary says how many pictures there are. */
export interface ImageDataset<Name extends string = string, S extends Settings = Settings>
  extends Choosable<Name, S> {
  load(options: ImageOptions, values: ValuesOf<S>): Dataset | Promise<Dataset>;
}

/** Options for the pictures; all random choices depend on `seed`. */
export interface ImageOptions {
  /** Number of pictures for training, instead of `trainFraction`. */
  readonly images?: number;
  /** Number of pictures for validation, instead of `validationFraction`. */
  readonly validationImages?: number;
  /** Share of the training pictures that are used, in (0, 1]. @default 1 with an official test set, and else 0.8 */
  readonly trainFraction?: number;
  /**
   * A fixed share for validation, independent of `trainFraction`: of the official test set, in (0, 1], or else of all pictures.
   * @default the whole test set, or without one, the pictures that are not used for training
   */
  readonly validationFraction?: number;
  /** Uses the same number of training pictures of each class. @default false */
  readonly balanced?: boolean;
  /** Share of the training labels that are replaced by another class, drawn uniformly from all others. @default 0 */
  readonly labelNoise?: number;
  /** The normalisation of pixels. @default that of the source */
  readonly normalization?: Normalization;
  /** Replaces values of the source's usual augmentation; `false` turns all augmentation off. @default the usual one */
  readonly augmentation?: Augmentation | false;
  /** @default 0 */
  readonly seed?: number;
}

/** What every data set of pictures can be told. */
export const IMAGE_KINDS: Kinds<ImageOptions> = {
  images: NUMBER,
  validationImages: NUMBER,
  trainFraction: NUMBER,
  validationFraction: NUMBER,
  balanced: FLAG,
  labelNoise: NUMBER,
  normalization: ANYTHING,
  augmentation: ANYTHING,
  seed: NUMBER,
};

/** The streams of independent random choices for one seed. */
const STREAM = { split: 1, labelNoise: 2 };

/**
 * A data set of pictures, float32 [height, width, channels] once they are in a batch.
 * Sizes are rounded down. The training pictures of a small `trainFraction` are also among those of every larger one.
 *
 * @throws RangeError for a share that is out of range or contains no picture, and if a class has too few pictures for a balanced
 *   set
 */
export function imageDataset(source: ImageSource, options: ImageOptions = {}): Dataset {
  const { labelNoise = 0, seed = 0 } = options;
  const normalization = options.normalization ?? source.normalization ?? channelStatistics(source.train);
  const augmentation =
    options.augmentation === false ? {} : { ...source.augmentation, ...options.augmentation };
  const classes = source.classNames.length;
  const chosen = split(source, options);
  const prepared = (examples: Examples, augmentation?: Augmentation): Examples => ({
    ...examples,
    prepare: imagePreparation(normalization, augmentation),
  });
  const splits = {
    train: prepared(
      withLabelNoise(select(source.train, chosen.train), classes, labelNoise, seed),
      augmentation,
    ),
    validation: prepared(select(source.test ?? source.train, chosen.validation)),
  };
  const [height, width, channels] = source.train.inputShape;
  return {
    name: source.name,
    description:
      `${source.title}: ${formatStep(splits.train.size)} pictures to train on and ${formatStep(splits.validation.size)} to validate, ` +
      `${height} x ${width}, ${channels === 1 ? 'grey' : counted(channels, 'channel')}, ${counted(classes, 'class', 'classes')}`,
    classes,
    ...splits,
    describe(index: number, which: 'train' | 'validation' = 'train'): string {
      const { labels, size } = splits[which];
      if (!Number.isInteger(index) || index < 0 || index >= size) {
        throw new RangeError(`no ${which} picture ${index}: there are ${size}, numbered from 0`);
      }
      return source.classNames[labels[index]!]!;
    },
  };
}

/** The indices of the pictures for training and for validation. */
function split(source: ImageSource, options: ImageOptions): { train: Int32Array; validation: Int32Array } {
  const { train, test } = source;
  const { balanced = false, seed = 0 } = options;
  const stream = streamSeed(seed, STREAM.split);
  const order = shuffled(train.size, stream);
  const usual = options.images === undefined ? { trainFraction: test ? 1 : 0.8 } : {};
  const trained = amountOf(
    { ...usual, ...options },
    'train',
    train.size,
    test ? train.size : train.size - 1,
  )!;
  const first = (candidates: Int32Array): Int32Array =>
    balanced ? firstOfEachClass(source, candidates, trained) : candidates.subarray(0, trained);
  if (test) {
    const validated = amountOf(options, 'validation', test.size, test.size) ?? test.size;
    const some = shuffled(test.size, stream, 1).subarray(0, validated).sort();
    return { train: first(order), validation: some };
  }
  const validated = amountOf(options, 'validation', train.size, train.size - trained);
  if (validated === undefined) {
    const chosen = first(order);
    const used = new Set(chosen);
    return { train: chosen, validation: order.filter((index) => !used.has(index)) };
  }
  const border = train.size - validated;
  return { train: first(order.subarray(0, border)), validation: order.subarray(border) };
}

/** The first `size` candidates, rounded down to the same number of each class. */
function firstOfEachClass(
  { train, classNames }: ImageSource,
  candidates: Int32Array,
  size: number,
): Int32Array {
  const classes = classNames.length;
  const each = Math.floor(size / classes);
  const taken = new Int32Array(classes);
  const first = candidates.filter((index) => taken[train.labels[index]!]!++ < each);
  const least = taken.reduce((best, count, label) => (count < taken[best]! ? label : best), 0);
  if (each === 0 || taken[least]! < each) {
    const most = (taken[least]! * classes) / train.size;
    throw new RangeError(
      `${size} balanced training pictures are ${each} of each class, and there are ${taken[least]} of ` +
        `'${classNames[least]}': give a trainFraction from ${classes / train.size} to ${most}`,
    );
  }
  return first;
}

/** Tolerance for rounding, since .29 x 100 is 28.999... */
const ROUNDING = 1e-9;

const AMOUNTS = {
  train: ['images', 'trainFraction'],
  validation: ['validationImages', 'validationFraction'],
} as const;

/** How many of `size` pictures were asked for, as a number or as a share; undefined if neither was given. */
function amountOf(
  options: ImageOptions,
  split: keyof typeof AMOUNTS,
  size: number,
  most: number,
): number | undefined {
  const [countKey, shareKey] = AMOUNTS[split];
  const { [countKey]: count, [shareKey]: share } = options;
  if (count !== undefined && share !== undefined)
    throw new RangeError(
      `${countKey} and ${shareKey} both set the number of pictures: give only one of them`,
    );
  if (count !== undefined) {
    if (Number.isInteger(count) && count >= 1 && count <= most) return count;
    throw new RangeError(
      `${countKey}=${count} is not allowed: it must be a whole number between 1 and ${most}, since there are ${counted(size, 'picture')}`,
    );
  }
  if (share === undefined) return undefined;
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(
      `${shareKey} ${share} is outside (0, 1]: give a share of the ${counted(size, 'picture')}, such as 0.5`,
    );
  }
  const amount = Math.floor(size * share + ROUNDING);
  if (amount >= 1 && amount <= most) return amount;
  throw new RangeError(
    `${shareKey} ${share} of ${counted(size, 'picture')} is ${amount}: give a share that makes 1 to ${most}`,
  );
}

/** Replaces exactly the given share of labels, rounded, by wrong ones. */
function withLabelNoise(examples: Examples, classes: number, labelNoise: number, seed: number): Examples {
  if (!(labelNoise >= 0 && labelNoise <= 1)) {
    throw new RangeError(`labelNoise ${labelNoise} is outside 0 to 1: give a share of the training labels`);
  }
  if (labelNoise === 0) return examples;
  const stream = streamSeed(seed, STREAM.labelNoise);
  const uniform = mulberry32(stream);
  const labels = examples.labels.slice();
  for (const index of shuffled(examples.size, stream, 1).subarray(
    0,
    Math.round(labelNoise * examples.size),
  )) {
    const other = Math.floor(uniform() * (classes - 1));
    labels[index] = other < labels[index]! ? other : other + 1;
  }
  return { ...examples, labels };
}
