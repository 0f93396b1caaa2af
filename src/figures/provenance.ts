/** The last sentence of a caption: from which runs the figure is drawn, with their data, settings, hardware and code. */
import { namedSettings } from '../experiments/registry';
import { counted } from '../number-format';
import type { RunSoFar } from '../records/run-record';

/** Data: 46 runs (mnist, 500 pictures, ResNet of width 16) on tensorflow CPU, AMD EPYC, 2 cores; commit 1a2b3c4. */
export function provenance(runs: readonly RunSoFar[]): string {
  const settings = runs.map(({ config }) => namedSettings(config, 'runs'));
  const keys = new Set(settings.flatMap((named) => Object.keys(named)));
  const what = [...keys].map((key) => distinct(settings.map((named) => named[key] ?? '')).join(' or '));
  const shared = what.filter(Boolean).join(', ');
  const machines = distinct(
    runs.map(({ environment: at }) =>
      at ? [at.backend, at.hardware, shortened(at.instructions)].filter(Boolean).join(', ') : '',
    ),
  ).join(' or ');
  const commits = distinct(runs.map(({ environment }) => shortCommit(environment?.commit)));
  const count = counted(runs.length, 'run');
  return [
    `Data: ${count}${shared === '' ? '' : ` (${shared})`}`,
    machines === '' ? '' : ` on ${machines}`,
    commits.length === 0 ? '' : `; commit${commits.length === 1 ? '' : 's'} ${commits.join(', ')}`,
    '.',
  ].join('');
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].filter(Boolean);
}

/** The instruction set and oneDNN's limit on it, without that of the project's kernels, which only changes rounding. */
function shortened(instructions = ''): string {
  return instructions.replace(/, kernels .*$/, '');
}

/** The first seven digits of the commit, as git shows them, and a mark if the source differed from it. */
function shortCommit(commit = ''): string {
  return commit.replace(/^([0-9a-f]{7})[0-9a-f]*/, '$1');
}
