/** `npm run lab`: builds, watches the source, and starts JupyterLab with the project's kernel, on this machine only. */
import { spawn } from 'node:child_process';
import { JUPYTER_PATH } from './notebooks.mjs';
import { PYTHON, ROOT, runMain, setUp, TSC } from './setup.mjs';

await runMain(async () => {
  await setUp();
  const watch = spawn(process.execPath, [TSC, '-p', ROOT, '--watch', '--preserveWatchOutput'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
  const words = process.argv.slice(2);
  const lab = spawn(
    PYTHON,
    ['-m', 'jupyterlab', '--ip=127.0.0.1', `--notebook-dir=${ROOT}`, ...root, ...words],
    {
      cwd: ROOT,
      env: { ...process.env, JUPYTER_PATH },
      stdio: 'inherit',
    },
  );
  // Ctrl-C reaches both; JupyterLab asks, so this process waits for it.
  process.on('SIGINT', () => {});
  const code = await new Promise((resolve, reject) => {
    lab.on('error', reject);
    lab.on('close', resolve);
  });
  watch.kill();
  return code ?? 0;
});
