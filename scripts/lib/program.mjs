/** Runs the program of a step; if it fails, one line says why, with the cure. */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { running } from './lock.mjs';
import { SetupError } from './report.mjs';

/**
 * Runs a program to its end and resolves with its output, which is passed to `onOutput` piece by piece. If it fails, it throws a
 * SetupError. The shell starts the program only after its number is in the lock, so that the next set-up finds it after a kill.
 */
export async function run(command, args, { name = basename(command), cwd, env, onOutput = () => {} } = {}) {
  const child = spawn('sh', ['-c', 'read -r go && exec "$0" "$@" </dev/null', command, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'pipe',
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece) => {
      output += piece;
      onOutput(piece);
    });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
  const hasEnded = running(child.pid);
  child.stdin.on('error', () => {}).end('go\n');
  const code = await ended;
  hasEnded();
  if (code !== 0) throw new SetupError(explain(name, code, output));
  return output;
}

const AGAIN = 'then run the same command again';

/** Explains known failures of npm, pip and the compiler, with their cures; of others, it gives the end of the output. */
export function explain(name, code, output) {
  if (/No space left|ENOSPC/.test(output))
    return `the disk is full: free some space there and in the caches of npm and pip, ${AGAIN}`;
  if (/DO NOT MATCH THE HASHES|EINTEGRITY|integrity checksum failed/.test(output)) {
    const found = output.match(/^\s+(\S+) from .*\n\s+Expected /m)?.[1] ?? output.match(/https?:\S+/)?.[0];
    return `${found ? nameOnly(found) : 'a package'} has a checksum that differs from the pinned one: check the package index or proxy that served it, ${AGAIN}`;
  }
  if (/CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/.test(output))
    return `the certificate of a package registry is not trusted: set NODE_EXTRA_CA_CERTS and PIP_CERT to your proxy's certificate, ${AGAIN}`;
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|NewConnectionError|ConnectionError|ConnectTimeout|ReadTimeout|Connection broken|from versions: none/.test(
      output,
    )
  ) {
    const [registry, setting] =
      name === 'pip'
        ? ["pip's package index", 'pip config list']
        : ['the npm registry', 'npm config get registry'];
    return `${registry} cannot be reached: check the network, or the address that it is set to (${setting}), ${AGAIN}`;
  }
  const unknown = output.match(/No matching distribution found for (\S+)/)?.[1];
  if (unknown)
    return `pip's package index has no ${unknown} for this Python: check the index (pip config list), or set PYTHON to another Python, ${AGAIN}`;
  return `${name} ended with ${code}:\n${output.trim().split('\n').slice(-25).join('\n')}`;
}

/** The last part of a URL; other names as they are. */
function nameOnly(name) {
  return name.split('/').at(-1);
}
