/** Profiles of published networks that come with the package, so that they are shown without the networks. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerProfile } from '../activations/layer-profile';
import { writeAtomically } from '../atomic-write';

const PROFILES = join(__dirname, '..', '..', 'data', 'profiles');

/**
 * The profile `data/profiles/<name>.json`.
 *
 * @throws Error where there is none
 */
export function recordedProfile(name: string): LayerProfile {
  const path = join(PROFILES, `${name}.json`);
  if (!existsSync(path)) throw new Error(`there is no recorded profile ${path}`);
  return JSON.parse(readFileSync(path, 'utf8')) as LayerProfile;
}

/** Writes the profile `data/profiles/<name>.json`, in place of one that is there. */
export function recordProfile(name: string, profile: LayerProfile): void {
  writeAtomically(join(PROFILES, `${name}.json`), [`${JSON.stringify(profile, null, 1)}\n`]);
}
