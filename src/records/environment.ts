/** What a run is computed with: commit, backend, versions and hardware. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { BackendInfo } from '../runtime/backend';
import type { Environment } from './run-record';

/** Describes this machine and this code, for the first line of a record. */
export function environment(backend: BackendInfo): Environment {
  const root = join(__dirname, '..', '..');
  const { version } = require(join(root, 'package.json')) as { version: string };
  const processors = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return {
    commit: commitOf(root),
    backend: `${backend.name} ${backend.device}`,
    versions: {
      package: version,
      node: process.versions.node,
      tensorflow: backend.version,
      tfjs: tf.version.tfjs,
    },
    hardware: `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores, ${gib} GiB`,
  };
}

/** The commit, with `-dirty` when the source differs from it. */
function commitOf(root: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain', '--', 'src') ? '-dirty' : '');
  } catch {
    return 'unknown';
  }
}
