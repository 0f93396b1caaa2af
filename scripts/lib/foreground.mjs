/** Runs a program in the foreground: it has the terminal of this process, and gets the signals that end this process. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Runs a program to its end and resolves with its exit code, or with 128 plus the number of the signal that ended it. */
export function foreground(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  // Ctrl-C reaches both processes; the program decides when it ends.
  const wait = () => {};
  const pass = (signal) => child.kill(signal);
  process.on('SIGINT', wait);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', wait);
      for (const name of ['SIGTERM', 'SIGHUP']) process.off(name, pass);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
