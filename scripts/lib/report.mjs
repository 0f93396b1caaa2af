/** How set-up speaks: one line a step, progress on the long ones, and one clear line for what is missing. */

/** Something that the user has to repair; its message says how. No stack is shown for it. */
export class SetupError extends Error {}

/** What the steps say that run now, several at a time. */
const current = new Set();
let hasFailed = false;

/**
 * Runs a step. One that takes over two seconds shows its time and what `progress` says: every second in place on a
 * terminal, on one line for all steps that run, and a line every 10 seconds elsewhere.
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
    // The first that fails has the others ended.
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
