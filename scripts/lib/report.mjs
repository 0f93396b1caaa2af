/** How set-up speaks: one line a step, progress on the long ones, and one clear line for what is missing. */

/** Something that the user has to repair; its message says how. No stack is shown for it. */
export class SetupError extends Error {}

/**
 * Runs a step. One that takes over two seconds shows its time and what `progress` says: every second in place on a
 * terminal, a line every 10 seconds elsewhere.
 */
export async function step(title, body, progress = () => '') {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const terminal = process.stderr.isTTY;
  const tell = () => {
    const line = `  ${title}: ${[progress(), `${seconds()} s`].filter(Boolean).join(', ')}`;
    if (terminal) process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else console.error(line);
  };
  const timer = setInterval(tell, terminal ? 1000 : 10_000);
  if (!terminal) console.error(`  ${title} ...`);
  let end = 'failed after';
  try {
    const result = await body();
    end = 'done in';
    return result;
  } finally {
    clearInterval(timer);
    if (terminal) process.stderr.write('\r\x1b[K');
    console.error(`  ${title}: ${end} ${seconds()} s`);
  }
}
