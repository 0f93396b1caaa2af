/** The environment of a run: commit, backend, versions and hardware. */
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { instructionsInUse } from '../instructions';
import { kernel } from '../intrinsic-dimension/search/kernel';
import { counted } from '../number-format';
import type { BackendInfo } from '../runtime/backend';
import { VERSION } from '../version';
import type { Environment } from './run-record';

/** Describes this machine and this code, for the first line of a record. */
export function environment(backend: BackendInfo): Environment {
  const root = realpathSync(join(__dirname, '..', '..'));
  const processors = cpus();
  const hardware = [
    processors[0]?.model.trim() || 'unknown processor',
    counted(processors.length, 'core'),
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    ...(backend.device === 'GPU' ? graphicsCards(root) : []),
  ];
  return {
    commit: commitOf(root),
    backend: `${backend.name} ${backend.device}`,
    versions: {
      package: VERSION,
      node: process.versions.node,
      ...(backend.name === 'tensorflow' ? { tensorflow: backend.version } : {}),
      tfjs: tf.version.tfjs,
    },
    hardware: hardware.join(', '),
    instructions: instructionsInUse([kernel().instructions, backend.instructions]),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The commit, with `-dirty` if the source differs from it; `unknown` outside a clone. */
function commitOf(root: string): string {
  const top = output(root, 'git', 'rev-parse', '--show-toplevel');
  const commit = output(root, 'git', 'rev-parse', 'HEAD');
  if (top === undefined || realpathSync(top) !== root || commit === undefined) return 'unknown';
  return output(root, 'git', '--no-optional-locks', 'status', '--porcelain', '--', 'src') === ''
    ? commit
    : `${commit}-dirty`;
}

function graphicsCards(root: string): string[] {
  const names = output(root, 'nvidia-smi', '--query-gpu=name', '--format=csv,noheader');
  return names ? [...new Set(names.split('\n'))] : [];
}

function output(cwd: string, command: string, ...args: string[]): string | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync(command, args, { cwd, encoding: 'utf8', timeout: 10_000, stdio }).trim();
  } catch {
    return undefined;
  }
}
