/** Profiles of published networks that come with the package, so that they can be shown without the networks. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerProfile } from '../activations/layer-profile';
import { writeAtomically } from '../atomic-write';

const PROFILES = join(__dirname, '..', '..', 'data', 'profiles');

/**
 * The profile `data/profiles/<name>.json`.
 *
 * @throws Error if there is none
 */
export function recordedProfile(name: string): LayerProfile {
  const path = join(PROFILES, `${name}.json`);
  if (!existsSync(path)) throw new Error(`there is no recorded profile ${path}`);
  return JSON.parse(readFileSync(path, 'utf8')) as LayerProfile;
}

/** Writes the profile `data/profiles/<name>.json`, replacing an existing one. */
export function recordProfile(name: string, profile: LayerProfile): void {
  writeAtomically(join(PROFILES, `${name}.json`), [`${JSON.stringify(profile, null, 1)}\n`]);
}
