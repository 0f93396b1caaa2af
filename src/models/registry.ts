/** All networks that an experiment can choose by name. To add one, write its file and name it here. */
import { type AllSettings, allSettings, memberNamed } from '../setting';
import { GPT2 } from './gpt2';
import type { ImageShape, Network, SequenceShape } from './model';
import { RESNET } from './resnet';

/** Classifiers of pictures. */
export const IMAGE_MODELS = [RESNET] as const;

/** Classifiers of sequences of tokens. */
export const SEQUENCE_MODELS = [GPT2] as const;

/** The name of a classifier of pictures. */
export type ImageModelName = (typeof IMAGE_MODELS)[number]['name'];

/** The name of a classifier of sequences. */
export type SequenceModelName = (typeof SEQUENCE_MODELS)[number]['name'];

/** The settings of all classifiers of pictures. */
export const IMAGE_MODEL_SETTINGS: AllSettings<(typeof IMAGE_MODELS)[number]> = allSettings(IMAGE_MODELS);

/** The settings of all classifiers of sequences. */
export const SEQUENCE_MODEL_SETTINGS: AllSettings<(typeof SEQUENCE_MODELS)[number]> =
  allSettings(SEQUENCE_MODELS);

/** The definition of a classifier of pictures. */
export function imageModelNamed(name: ImageModelName): Network<ImageShape> {
  return memberNamed(IMAGE_MODELS, name);
}

/** The definition of a classifier of sequences. */
export function sequenceModelNamed(name: SequenceModelName): Network<SequenceShape> {
  return memberNamed(SEQUENCE_MODELS, name);
}
