/** `npm run lab` on a scratch copy of the notebooks, so that nothing a test types or runs reaches the real ones. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

export interface LabServer {
  /** Such as http://127.0.0.1:40123 */
  readonly origin: string;
  readonly token: string;
  /** The folder that JupyterLab shows; the notebooks are in `notebooks`, what they train in `out/runs`. */
  readonly folder: string;
  /** What the server has written so far. */
  log(): string;
  /** Frees the memory of notebooks that are looked at no more. */
  endKernels(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server; its own settings, no history of earlier sessions. */
export async function startLab(settings: Readonly<Record<string, object>>): Promise<LabServer> {
  const folder = join(ROOT, '.cache', 'browser');
  rmSync(folder, { recursive: true, force: true });
  const jupyter = join(folder, '.jupyter');
  // `npm run lab` has a folder of its own for them, whatever the environment says.
  const userSettings = join(jupyter, 'settings');
  for (const [plugin, values] of Object.entries(settings)) {
    const path = join(userSettings, `${plugin.replace(':', '/')}.jupyterlab-settings`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(values));
  }
  cpSync(join(ROOT, 'notebooks'), join(folder, 'notebooks'), { recursive: true });
  // `import ... from '..'` finds the compiled package here as well.
  for (const name of ['package.json', 'dist', 'data']) symlinkSync(join(ROOT, name), join(folder, name));
  const server = spawn(
    process.execPath,
    [
      join(ROOT, 'scripts', 'lab.mjs'),
      '--no-browser',
      '--port=0',
      `--notebook-dir=${folder}`,
      `--LabApp.user_settings_dir=${userSettings}`,
    ],
    {
      env: { ...process.env, JUPYTER_CONFIG_DIR: jupyter, JUPYTER_RUNTIME_DIR: join(jupyter, 'runtime') },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let log = '';
  const address = new Promise<RegExpExecArray>((resolve, reject) => {
    const read = (data: Buffer): void => {
      log += data;
      const found = /(http:\/\/127\.0\.0\.1:\d+)\/lab\?token=(\w+)/.exec(log);
      if (found) resolve(found);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('error', reject);
    server.on('exit', (code) => reject(new Error(`npm run lab ended with ${code}:\n${log}`)));
  });
  const [, origin, token] = await address;
  return {
    origin: origin!,
    token: token!,
    folder,
    log: () => log,
    endKernels: async () => {
      const ask = (id: string, method: string): Promise<Response> =>
        fetch(`${origin}/api/kernels${id}?token=${token}`, { method });
      for (const { id } of (await (await ask('', 'GET')).json()) as { id: string }[])
        await ask(`/${id}`, 'DELETE');
    },
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
    },
  };
}
