/** Finds a Chromium for tests; on Debian, as root, it installs one. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './program.mjs';
import { step } from './report.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const INSTALL = 'apt-get install --yes --no-install-recommends chromium';

/** The path of the browser. If there is none and none can be installed, it prints one line with the cure and returns undefined. */
export async function chromium() {
  const found = process.env.CHROMIUM ?? inPath(NAMES);
  if (found) return found;
  const cure = `${INSTALL}   (or set CHROMIUM to the path of one)`;
  if (process.getuid?.() !== 0 || !inPath(['apt-get'])) {
    console.log(`browser test skipped: no chromium; install one: sudo ${cure}`);
    return undefined;
  }
  try {
    await step('Chromium, by apt', async () => {
      const [command, ...words] = INSTALL.split(' ');
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      await run(command, ['update', '--quiet'], { env });
      await run(command, words, { env });
    });
  } catch (error) {
    console.log(`browser test skipped: no chromium, and apt failed (${error.message}); try: ${cure}`);
  }
  return inPath(NAMES);
}

function inPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}
