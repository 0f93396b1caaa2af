/** The compiler for other systems: zig's clang, in a Python environment of its own that is made when needed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_PYTHON } from './machine.mjs';
import { CACHE, ROOT } from './places.mjs';
import { run } from './program.mjs';
import { step } from './report.mjs';

const REQUIREMENTS = join(ROOT, 'scripts', 'zig-requirements.txt');
const FOLDER = join(CACHE, 'zig');
const PYTHON = join(FOLDER, 'bin', 'python');
const STAMP = join(FOLDER, 'requirements.sha256');

let ready;

/** Runs zig. The first call installs it, which takes 440 MB in .cache. */
export async function zig(...words) {
  ready ??= install();
  await ready;
  return run(PYTHON, ['-m', 'ziglang', ...words], {
    name: `zig ${words[0]}`,
    cwd: ROOT,
    env: { ZIG_GLOBAL_CACHE_DIR: join(CACHE, 'zig-cache'), ZIG_LOCAL_CACHE_DIR: join(CACHE, 'zig-cache') },
  });
}

async function install() {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  await step('compiler for other systems (ziglang, 100 MB)', async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    await run(MACHINE_PYTHON, ['-m', 'venv', FOLDER], { cwd: ROOT });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r'];
    await run(PYTHON, [...pip, REQUIREMENTS], { name: 'pip', cwd: ROOT });
    writeFileSync(`${STAMP}.new`, wanted);
    renameSync(`${STAMP}.new`, STAMP);
  });
}
