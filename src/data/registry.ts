/** All data sets that an experiment can choose by name. To add one, write its file and name it here. */
import { type AllSettings, allSettings, memberNamed } from '../setting';
import type { Task } from './binary-operation';
import { CIFAR10_IMAGES, CIFAR100_IMAGES } from './cifar';
import { FASHION_MNIST } from './idx';
import { IMAGE_FOLDER } from './image-folder';
import type { ImageDataset } from './image-set';
import { MNIST } from './mnist';
import { DIVISION, SUBTRACTION, SUM } from './modular-arithmetic';
import { PERMUTATION } from './permutation-group';

/** Data sets of labelled pictures. */
export const IMAGE_DATASETS = [MNIST, FASHION_MNIST, CIFAR10_IMAGES, CIFAR100_IMAGES, IMAGE_FOLDER] as const;

/** Binary operations on small sets. */
export const TASKS = [DIVISION, SUBTRACTION, SUM, PERMUTATION] as const;

/** The name of a data set of pictures. */
export type ImageDatasetName = (typeof IMAGE_DATASETS)[number]['name'];

/** The name of a task. */
export type TaskName = (typeof TASKS)[number]['name'];

/** The settings of all data sets of pictures. */
export const IMAGE_DATASET_SETTINGS: AllSettings<(typeof IMAGE_DATASETS)[number]> =
  allSettings(IMAGE_DATASETS);

/** The settings of all tasks. */
export const TASK_SETTINGS: AllSettings<(typeof TASKS)[number]> = allSettings(TASKS);

/** The definition of a data set. */
export function imageDatasetNamed(name: ImageDatasetName): ImageDataset {
  return memberNamed(IMAGE_DATASETS, name);
}

/** The definition of a task. */
export function taskNamed(name: TaskName): Task {
  return memberNamed(TASKS, name);
}
