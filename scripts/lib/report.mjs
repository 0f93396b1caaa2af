/** The output of set-up: one line for each step, progress of long steps, and one clear line for anything that is missing. */
import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT } from './places.mjs';

/** A fault that the user must repair; its message says how, and no stack is shown. */
export class SetupError extends Error {}

/** The messages of the running steps, of which there may be several. */
const current = new Set();
let hasFailed = false;

/**
 * Runs a step. If it takes more than two seconds, its time and the text of `progress` are shown: on a terminal every second, on
 * one line for all running steps, and elsewhere as a line every 10 seconds.
 */
export async function step(title, body, progress = () => '') {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const terminal = process.stderr.isTTY;
  const line = () => `${title}: ${[progress(), `${seconds()} s`].filter(Boolean).join(', ')}`;
  const tell = () => {
    if (!terminal) return console.error(`  ${line()}`);
    const all = `  ${[...current].map((each) => each()).join(' | ')}`;
    process.stderr.write(`\r\x1b[K${all.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  };
  current.add(line);
  const timer = setInterval(tell, terminal ? 1000 : 10_000);
  if (!terminal) console.error(`  ${title} ...`);
  let end = 'done in';
  try {
    return await body();
  } catch (error) {
    // The first step that fails ends the others.
    end = hasFailed ? 'ended after' : 'failed after';
    hasFailed = true;
    throw error;
  } finally {
    clearInterval(timer);
    current.delete(line);
    if (terminal) process.stderr.write('\r\x1b[K');
    console.error(`  ${title}: ${end} ${seconds()} s`);
  }
}

/** Says what file was made, from the project's folder on, and its size. */
export function tellFile(file) {
  const bytes = statSync(file).size;
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`${relative(ROOT, file)}: ${size}`);
}
