/** The Python environment of the other sides, which is made once in .cache/bench-venv from pinned requirements. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const FOLDER = join(ROOT, '.cache', 'bench-venv');
const STAMP = join(FOLDER, 'requirements.sha256');
const REQUIREMENTS = join(__dirname, 'requirements.txt');

/**
 * The interpreter of the environment. The first call installs about 6 GB, which takes minutes. `BENCH_PYTHON` names another
 * interpreter that already has the packages.
 */
export function python(): string {
  if (process.env['BENCH_PYTHON']) return process.env['BENCH_PYTHON'];
  const interpreter = join(FOLDER, 'bin', 'python');
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return interpreter;
  console.error(
    '  setting up PyTorch, transformers, DADApy, scikit-dimension and FAISS in .cache/bench-venv ...',
  );
  rmSync(FOLDER, { recursive: true, force: true });
  const stdio: ['ignore', 'inherit', 'inherit'] = ['ignore', 'inherit', 'inherit'];
  execFileSync(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', FOLDER], { stdio });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  execFileSync(interpreter, pip, { stdio });
  writeFileSync(STAMP, hash);
  return interpreter;
}
