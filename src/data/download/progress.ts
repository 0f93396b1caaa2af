/** A download's progress in the terminal: a bar that stays in its line, or, in a log, a line now and then. */
import { Presets, SingleBar } from 'cli-progress';

/** Follows a download. */
export interface DownloadProgress {
  update(received: number, total: number): void;
  /** Leaves the last state on the screen. */
  stop(): void;
}

/** A log gets a line when the last is so old. */
const LINE_EVERY_MS = 5000;

/** Shows how much has arrived, from the first bytes on. */
export function showDownload(title: string, output: NodeJS.WriteStream = process.stderr): DownloadProgress {
  return output.isTTY ? showBar(title, output) : showLines(title, output);
}

function showBar(title: string, output: NodeJS.WriteStream): DownloadProgress {
  const format = `${title} {bar} {percentage} % | {received} of {size} | {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: output, barsize: 20, etaBuffer: 100 }, Presets.shades_classic);
  return {
    update: (received, total) => {
      const payload = { received: megabytes(received), size: megabytes(total) };
      if (bar.isActive) bar.update(received, payload);
      else bar.start(total, received, payload);
    },
    stop: () => bar.stop(),
  };
}

function showLines(title: string, output: NodeJS.WriteStream): DownloadProgress {
  let last = 0;
  return {
    update: (received, total) => {
      if (Date.now() - last < LINE_EVERY_MS && received < total) return;
      last = Date.now();
      output.write(`${title}: ${megabytes(received)} of ${megabytes(total)}\n`);
    },
    stop: () => {},
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
