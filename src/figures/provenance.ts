/** From which runs a figure is drawn, as the last sentence of its caption: their data, settings, hardware and code. */
import { namedSettings } from '../experiments/registry';
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
  const count = `${runs.length} run${runs.length === 1 ? '' : 's'}`;
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

/** The processor's instructions and a limit of oneDNN's, without those of this project's kernels, which only round otherwise. */
function shortened(instructions = ''): string {
  return instructions.replace(/, kernels .*$/, '');
}

/** Seven digits, as git shows them, and whether the source differed from the commit. */
function shortCommit(commit = ''): string {
  return commit.replace(/^([0-9a-f]{7})[0-9a-f]*/, '$1');
}
