/** Opens the layers of files: saved activations, or a network that is run on inputs. */
import type { Layers } from './layers';
import { type ModelFileOptions, openModelLayers } from './model-files/model-layers';
import { isNetworkFile } from './model-files/open-network';
import { openSavedLayers, type SavedOptions } from './saved/saved-layers';

/** Options of reading files, and of running a network from a file. */
export type LayerOptions = SavedOptions & ModelFileOptions;

/**
 * Opens saved activations, or one network.
 *
 * @throws Error that names the file and what is wrong with it; also for options that would be ignored
 */
export async function openLayers(paths: readonly string[], options: LayerOptions = {}): Promise<Layers> {
  const networks = paths.filter(isNetworkFile);
  if (networks.length > 0) {
    if (paths.length > 1)
      throw new Error(
        `${networks[0]} is a network, which is measured by itself: use --compare to compare it with others`,
      );
    return openModelLayers(networks[0]!, options);
  }
  const unused = (['inputs', 'batchSize', 'pixels', 'imageSize', 'examples'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (unused !== undefined)
    throw new Error(
      `${unused} is for a network's file, but ${paths.join(', ')} holds saved activations: leave it out`,
    );
  return openSavedLayers(paths, options);
}
