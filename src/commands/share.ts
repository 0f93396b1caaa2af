/** The progress of an estimate in the terminal. */
import { Presets, SingleBar } from 'cli-progress';

/** Shows the share that is done. */
export interface ShareProgress {
  /** @param share 0 .. 1 */
  readonly update: (share: number, at?: string) => void;
  readonly stop: () => void;
}

/** A bar that appears if the work takes longer than two seconds. */
export function showShare(name: string): ShareProgress {
  const started = Date.now();
  let bar: SingleBar | undefined;
  return {
    update: (share, at = '') => {
      if (!bar && Date.now() - started > 2000 && process.stderr.isTTY) {
        bar = new SingleBar(
          { format: `${name} {bar} {percentage} % {at}`, stream: process.stderr, clearOnComplete: true },
          Presets.shades_classic,
        );
        bar.start(1, share, { at });
      }
      bar?.update(share, { at });
    },
    stop: () => bar?.stop(),
  };
}
