/** Compiles the work of a tf.LayersModel on a batch, so that its `fit` runs as a TensorFlow graph. */
import * as tf from '@tensorflow/tfjs';
import { assertGiven } from '../../given';
import { copiesOfTfjs, layersClass } from '../tfjs-copies';
import { type CompileOptions, PROGRAM_KINDS, type Program, programOf, type Variables } from './program';

/** An entry of a model's program, from a list of tensors to a list of tensors. */
type BatchFunction = (...tensors: tf.Tensor[]) => tf.Tensor[];
type ModelEntries = {
  readonly train: BatchFunction;
  readonly test: BatchFunction;
  readonly predict: BatchFunction;
};

/** Ends what {@link compileModel} began. */
export interface CompiledModel {
  /** Frees the graph; the model has its last weights and runs eagerly again. */
  dispose(): void;
}

/** Private parts of tf.LayersModel; tfjs is pinned, and tests train models with them. */
interface TrainableModel extends Pick<tf.LayersModel, 'inputs' | 'optimizer' | 'weights' | 'predictOnBatch'> {
  testFunction: TrainFunction;
  makeTrainFunction(): TrainFunction;
  makeTestFunction(): void;
}

/** Inputs, targets, and weights of the examples if there are any, one after another -> loss and metrics. */
type TrainFunction = (data: (tf.Tensor | null | undefined)[]) => tf.Tensor[];

/**
 * After this call, `model.fit`, `fitDataset`, `trainOnBatch`, `evaluate`, `evaluateDataset` and `predictOnBatch` run their
 * batches as a compiled graph, with the model's own optimiser, loss, metrics, regularisers, constraints, dropout and batch
 * normalisation. Everything else works as before: callbacks, histories, changing learning rates, and weights that are read,
 * set or saved at any time. `model.compile` may be called before or after this function, and the `trainable` of a layer may
 * change at any time. Variables that the layers use without registering them with the model, such as those of a layer inside
 * a layer of your own, are found and supported.
 *
 * `predict` stays eager. A model with stateful recurrent layers is an error, as is one that is already compiled.
 *
 * @example
 * model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
 * compileModel(model);
 * await model.fit(x, y, { epochs: 10 });
 */
export function compileModel(
  model: tf.LayersModel,
  options: Pick<CompileOptions<ModelEntries>, 'seed' | 'maxTraces' | 'audit' | 'check'> = {},
): CompiledModel {
  assertGiven('compileModel', options, PROGRAM_KINDS);
  const copy = layersClass(model);
  if (!copy)
    throw new TypeError(
      'compileModel takes a tf.LayersModel, such as tf.sequential and tf.model give; compile takes functions',
    );
  if (copy !== tf.LayersModel)
    throw new TypeError(
      `this model comes from a second copy of tfjs, whose optimisers and random layers cannot be compiled. ${copiesOfTfjs()} ` +
        "Make the model with the `tf` of this package (import { tf } from 'intrinsic-dimension-lab'), or remove the other copy " +
        '(npm dedupe).',
    );
  if (Object.hasOwn(model, 'compile'))
    throw new Error('this model is compiled already: dispose the result of the first compileModel before');
  if (model.stateful)
    throw new Error(
      'this model has stateful layers, whose states a graph would freeze: build it with stateful: false',
    );
  // A tf.Sequential delegates to an inner model, and makes a new one at each model.compile.
  const inner = (): TrainableModel =>
    (model as unknown as { model?: TrainableModel }).model ?? (model as unknown as TrainableModel);
  let installed = install(inner(), options);
  const { compile: configure } = model;
  model.compile = (settings) => {
    installed.dispose();
    configure.call(model, settings);
    installed = install(inner(), options);
  };
  return {
    dispose: () => {
      installed.dispose();
      Reflect.deleteProperty(model, 'compile');
    },
  };
}

function install(model: TrainableModel, options: Parameters<typeof compileModel>[1]): CompiledModel {
  const methods = ['makeTrainFunction', 'makeTestFunction', 'predictOnBatch'] as const;
  const { makeTrainFunction, makeTestFunction, predictOnBatch } = model;
  let program: Program<ModelEntries> | undefined;
  let optimizer: tf.Optimizer | undefined;
  const compiled = (): Program<ModelEntries> => {
    if (program && optimizer === model.optimizer) return program;
    program?.dispose();
    optimizer = model.optimizer;
    const train = makeTrainFunction.call(model);
    const test = (): TrainableModel['testFunction'] => {
      makeTestFunction.call(model);
      return model.testFunction;
    };
    program = programOf({
      variables: weightsOf(model),
      // A layer inside a layer of the user's own has no weights before it is first run.
      build: (data) => {
        const x = data.slice(0, model.inputs.length);
        tf.dispose(predictOnBatch.call(model, x.length === 1 ? x[0]! : x));
      },
      entries: {
        train: (...data) => train(data),
        test: (...data) => test()(data),
        predict: (...x) => listed(predictOnBatch.call(model, x.length === 1 ? x[0]! : x)),
      },
      ...options,
    });
    return program;
  };
  Object.assign(model, {
    makeTrainFunction: (): TrainFunction => (data) => compiled().runSync('train', ...present(data)),
    makeTestFunction: () => {
      model.testFunction = (data) => compiled().runSync('test', ...present(data));
    },
    predictOnBatch: (x: tf.Tensor | tf.Tensor[]) => {
      const outputs = compiled().runSync('predict', ...listed(x));
      return outputs.length === 1 ? outputs[0]! : outputs;
    },
  });
  return {
    dispose: () => {
      program?.dispose();
      for (const method of methods) Reflect.deleteProperty(model, method);
    },
  };
}

/** All weights by name, including those that are not trained, such as moving averages. */
function weightsOf(model: TrainableModel): Variables {
  return Object.fromEntries(model.weights.map((weight) => [weight.name, weight.read() as tf.Variable]));
}

function listed(tensors: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(tensors) ? tensors : [tensors];
}

/** The data without the nulls that tfjs passes for missing weights of examples. */
function present(data: readonly (tf.Tensor | null | undefined)[]): tf.Tensor[] {
  const tensors = data.flatMap((tensor) => (tensor ? [tensor] : []));
  if (tensors.every((tensor, i) => tensor === data[i])) return tensors;
  throw new Error('class weights are given for some outputs of the model: give them for all, or for none');
}
