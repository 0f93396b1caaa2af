/** The progress of loading data in the terminal, as a bar on one line; in a log, as a line from time to time. */
import { Presets, SingleBar } from 'cli-progress';

/** Shows the progress of loading. */
export interface LoadingProgress {
  /** Sets the amount that is done, and the total. */
  update(done: number, total: number): void;
  /** Leaves the last state on the screen. */
  stop(): void;
}

/** A log gets another line if the last one is this old. */
const LINE_EVERY_MS = 5000;

/** The unit of amounts, and how they are written. */
interface Unit {
  readonly name: string;
  write(amount: number): string;
}

export const MEGABYTES: Unit = { name: 'MB', write: (bytes) => (bytes / 1e6).toFixed(1) };
export const PICTURES: Unit = { name: 'pictures', write: (pictures) => pictures.toLocaleString('en') };

/** Shows how much has been loaded, from the first part on. */
export function showLoading(
  title: string,
  unit: Unit,
  output: NodeJS.WriteStream = process.stderr,
): LoadingProgress {
  return output.isTTY ? showBar(title, unit, output) : showLines(title, unit, output);
}

function showBar(title: string, unit: Unit, output: NodeJS.WriteStream): LoadingProgress {
  const format = `${title} {bar} {percentage} % | {done} of {all} ${unit.name} | {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: output, barsize: 20, etaBuffer: 100 }, Presets.shades_classic);
  return {
    update: (done, total) => {
      const payload = { done: unit.write(done), all: unit.write(total) };
      if (bar.isActive) bar.update(done, payload);
      else bar.start(total, done, payload);
    },
    stop: () => bar.stop(),
  };
}

function showLines(title: string, unit: Unit, output: NodeJS.WriteStream): LoadingProgress {
  let last = 0;
  return {
    update: (done, total) => {
      if (Date.now() - last < LINE_EVERY_MS && done < total) return;
      last = Date.now();
      output.write(`${title}: ${unit.write(done)} of ${unit.write(total)} ${unit.name}\n`);
    },
    stop: () => {},
  };
}
