/** The process of one run of a sweep: receives the run from the sweep, runs it, and reports its progress. */
import type { WorkerMessage, WorkerTask } from './worker-messages';

/** Between two measurements, a step is reported if the last message is this old. */
const MESSAGE_EVERY_MS = 2000;

// Listening begins before TensorFlow is loaded, so that a run that is asked to stop meanwhile does not begin.
const controller = new AbortController();
const stop = (): void => controller.abort();
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, stop);
process.once('disconnect', stop); // If the sweep is killed, the process does not continue alone.
process.once('message', (task: WorkerTask) => {
  work(task)
    .catch(failure)
    .then((last) => {
      tell(last);
      process.off('disconnect', stop);
      if (process.connected) process.disconnect();
    });
});

if (!process.connected) {
  console.error('error: this is the process of one run of a sweep, which npm run sweep starts');
  process.exitCode = 1;
}

async function work({ config, path }: WorkerTask): Promise<WorkerMessage> {
  const { runExperiment } = await import('./run.js');
  const { lossInWords, measurementInWords } = await import('./progress-words.js');
  let last: WorkerMessage = { type: 'stopped', step: 0 };
  let measured = '';
  let told = 0;
  for await (const event of runExperiment(config, { path, resume: true, signal: controller.signal })) {
    const { type, step } = event;
    if (type === 'measurement') measured = measurementInWords(event);
    if (type === 'done') last = { type: event.interrupted ? 'stopped' : 'done', step };
    if (type !== 'measurement' && (type !== 'step' || Date.now() - told < MESSAGE_EVERY_MS)) continue;
    told = Date.now();
    const loss = type === 'step' ? lossInWords(event) : '';
    tell({ type: 'progress', step, message: [loss, measured].filter(Boolean).join(' | ') });
  }
  return last;
}

async function failure(error: unknown): Promise<WorkerMessage> {
  const { LockedError } = await import('../records/lock.js');
  const reason = error instanceof LockedError ? 'locked' : 'error';
  return { type: 'failure', reason, message: error instanceof Error ? error.message : String(error) };
}

/** Sends a message, unless the sweep no longer exists. */
function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message, () => {});
}
