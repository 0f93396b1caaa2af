/** Checks of what the machine must have before set-up. Each check is silent, or throws an error with the cure. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs'; // the whole module: an old Node that lacks statfsSync gets as far as checkNode
import { delimiter, join } from 'node:path';
import { SetupError } from './report.mjs';

export const MACHINE_PYTHON = process.env.PYTHON || 'python3';
export const COMPILER = process.env.CXX || 'g++';

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const good = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (!good) throw new SetupError(`Node ${version} is too old: install Node 20.19, 22.12 or newer`);
}

export function checkNpm() {
  if (!isOnPath('npm'))
    throw new SetupError('npm is missing: install it, for example by: apt-get install npm');
}

export function checkCompiler() {
  if (!isOnPath(COMPILER))
    throw new SetupError(
      `${COMPILER} is missing: install a C++ compiler, for example by: ${process.platform === 'darwin' ? 'xcode-select --install' : 'apt-get install g++'}; or set CXX to one`,
    );
}

export function checkPython() {
  const cure = 'for example by: apt-get install python3 python3-venv';
  const python = MACHINE_PYTHON;
  if (!isOnPath(python))
    throw new SetupError(`${python} is missing: install Python 3.10 or newer, ${cure}; or set PYTHON to one`);
  const ask = (code) => spawnSync(python, ['-c', code], { encoding: 'utf8' });
  const { status, stdout, stderr } = ask(
    'import sys; sys.stdout.write("%d.%d" % tuple(sys.version_info[:2]))',
  );
  if (status !== 0)
    throw new SetupError(
      `${python} does not start (${String(stderr).trim().split('\n')[0]}): install Python 3.10 or newer, ${cure}`,
    );
  const [major, minor] = stdout.split('.').map(Number);
  if (major !== 3 || minor < 10)
    throw new SetupError(
      `${python} is Python ${stdout}, which is too old: install 3.10 or newer, or set PYTHON to one`,
    );
  if (ask('import venv, ensurepip').status !== 0)
    throw new SetupError(`${python} has no venv or ensurepip module: install them, ${cure}`);
}

/** Rejects work that the disk has no room for; `needed` is in GiB. */
export function checkDisk(folder, needed) {
  const free = freeGib(folder);
  if (free < needed)
    throw new SetupError(
      `the disk of ${folder} has ${free.toFixed(1)} GiB free, but set-up needs ${needed.toFixed(1)}: free some space, or clone to another disk`,
    );
}

export function freeGib(folder) {
  const { bavail, bsize } = fs.statfsSync(folder);
  return (bavail * bsize) / 2 ** 30;
}

function isOnPath(name) {
  const places = name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  return places.some((place) => {
    try {
      fs.accessSync(place ? join(place, name) : name, fs.constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
