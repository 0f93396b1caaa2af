/** Python as `npm run setup` made it, for the programs that play notebooks and kernels. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');
export const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');

/** What a program left. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program and waits for it. Mocha's own limit does not end a test that waits, so a program that hangs is ended here.
 *
 * @param options.limit milliseconds after which a program counts as hung. @default that of a test, four minutes
 */
export function python(
  words: readonly string[],
  { input, limit = 240_000 }: { readonly input?: string; readonly limit?: number } = {},
): Ended {
  const { error, ...ended } = spawnSync(PYTHON, words, {
    ...(input === undefined ? {} : { input }),
    env: { ...process.env, JUPYTER_PATH: join(ROOT, 'scripts', 'jupyter') },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    timeout: limit,
  });
  if (error === undefined) return ended;
  const { code } = error as NodeJS.ErrnoException;
  throw new Error(
    code === 'ENOENT'
      ? `cannot run ${PYTHON}: npm run setup makes it`
      : `${words.join(' ')} was ended after ${limit / 1000} s (${error.message}):\n${ended.stdout.slice(-2000)}\n${ended.stderr}`,
    { cause: error },
  );
}

/** What a program of this folder that plays a task to a kernel says in its last line. */
export function played<T>(program: string, task: object, limit?: number): T {
  const { stdout, stderr, status, signal } = python([join(__dirname, program)], {
    input: JSON.stringify(task),
    ...(limit === undefined ? {} : { limit }),
  });
  try {
    return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as T;
  } catch {
    throw new Error(`${program} failed (${signal ?? status}):\n${stdout.slice(-2000)}\n${stderr}`);
  }
}
