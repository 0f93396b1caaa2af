/** How set-up speaks: one line a step, elapsed time on the long ones, and one clear line for what is missing. */

/** Something that the user has to repair; its message says how. No stack is shown for it. */
export class SetupError extends Error {}

/** Runs a step, showing how long it takes as soon as that is over two seconds. */
export async function step(title, body) {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const terminal = process.stderr.isTTY;
  const timer = setInterval(
    () => {
      if (terminal) process.stderr.write(`\r  ${title} ... ${seconds()} s `);
      else console.error(`  ${title} ... ${seconds()} s`);
    },
    terminal ? 1000 : 10_000,
  );
  if (!terminal) console.error(`  ${title} ...`);
  try {
    return await body();
  } finally {
    clearInterval(timer);
    if (terminal) process.stderr.write('\r\x1b[K');
    console.error(`  ${title}: ${seconds()} s`);
  }
}

/** Runs a program to its end. Its output is kept, and shown only when it fails. */
export async function exec(command, args, { cwd, env, inherit = false } = {}) {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (data) => {
      output += data;
    });
    child.stderr?.on('data', (data) => {
      output += data;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(
          Object.assign(new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? code}`), {
            output,
            code,
          }),
        );
    });
  });
}
