/** Any model as a network: a model of this project, a tf.LayersModel or a tf.GraphModel. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../../models/model';
import { isGraphModel, layersClass } from '../../runtime/tfjs-copies';
import { graphNetwork } from './graph-model';
import { layersNetwork } from './layers-model';
import { assertSites, inputList, type Network } from './network';

/** A model whose activations can be measured. */
export type AnyModel = Model | tf.LayersModel | tf.GraphModel;

const NO_MODEL = "the model must be one of this project's, a tf.LayersModel or a tf.GraphModel";

/**
 * Makes the activations of a model accessible by site: layer names of a LayersModel, node names of a GraphModel. Models
 * of a second copy of tfjs are accepted, too.
 *
 * @throws TypeError for what is not a model
 */
export function networkOf(model: AnyModel): Network {
  if (typeof model !== 'object' || model === null) throw new TypeError(`${NO_MODEL}, got ${model}`);
  const layersModel = layersClass(model);
  if (layersModel) return layersNetwork(model as tf.LayersModel, layersModel);
  if (isGraphModel(model)) return graphNetwork(model);
  return ownNetwork(model as Model);
}

/**
 * The sites at which a model's activations can be measured, from input to output.
 *
 * @param model ours, a tf.LayersModel (sites are layer names) or a tf.GraphModel (sites are node names)
 * @throws TypeError for what is not a model
 */
export function modelSites(model: AnyModel): string[] {
  return [...networkOf(model).sites];
}

function ownNetwork(model: Model): Network {
  if (!Array.isArray(model.sites) || typeof model.apply !== 'function') throw new TypeError(NO_MODEL);
  return {
    inputs: INPUTS,
    sites: model.sites,
    lastSite: model.lastSite,
    activations: async (batch, sites) => {
      assertSites(sites, model.sites);
      const [inputs] = inputList(batch, INPUTS);
      return tf.tidy(() => ({ ...model.apply(inputs!, { activations: sites }).activations }));
    },
  };
}

/** The inputs of this project's models. */
const INPUTS = ['inputs'];
