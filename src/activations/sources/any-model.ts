/** Any model as a network: this project's, a tf.LayersModel or a tf.GraphModel. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../../models/model';
import { graphNetwork } from './graph-model';
import { layersNetwork } from './layers-model';
import { assertSites, type Network } from './network';

/** A model whose activations can be measured. */
export type AnyModel = Model | tf.LayersModel | tf.GraphModel;

const NO_MODEL = "the model must be one of this project's, a tf.LayersModel or a tf.GraphModel";

/**
 * Makes the activations of a model accessible by site: layer names of a LayersModel, node names of a GraphModel.
 *
 * @throws TypeError for what is not a model, RangeError for a model with several inputs
 */
export function networkOf(model: AnyModel): Network {
  if (typeof model !== 'object' || model === null) throw new TypeError(`${NO_MODEL}, got ${model}`);
  if (model instanceof tf.LayersModel) return layersNetwork(model);
  if (model instanceof tf.GraphModel) return graphNetwork(model);
  if (!Array.isArray(model.sites) || typeof model.apply !== 'function') throw new TypeError(NO_MODEL);
  return {
    sites: model.sites,
    lastSite: model.lastSite,
    activations: async (batch, sites) => {
      assertSites(sites, model.sites);
      return tf.tidy(() => ({ ...model.apply(batch, { activations: sites }).activations }));
    },
  };
}
