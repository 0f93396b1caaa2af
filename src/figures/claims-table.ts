/** The paper's claims, and what the records of this project say about each. */
import { type ClaimTest, grokkingClaims, regularizationClaims } from '../analysis/claims';
import { PAPER } from '../experiments/presets';
import { counted, formatSigned } from '../number-format';
import { recordedRuns } from '../records/recorded-runs';
import { type Table, table } from './table';

/** The records of each claim, and how the table names their data. */
const SOURCES: readonly {
  figures: string;
  data: string;
  records: string;
  tests(records: string): ClaimTest[];
}[] = [
  {
    figures: '1 to 3',
    data: '2,000 pictures of CIFAR-10, as JPEG files',
    records: 'cifar10-jpeg',
    tests: (name) => regularizationClaims(recordedRuns(name)),
  },
  {
    figures: '1 to 3',
    data: '2,000 pictures of Fashion-MNIST',
    records: 'fashion-mnist',
    tests: (name) => regularizationClaims(recordedRuns(name)),
  },
  {
    figures: '1 to 3',
    data: '500 digits of MNIST',
    records: 'mnist',
    tests: (name) => regularizationClaims(recordedRuns(name)),
  },
  {
    figures: '4',
    data: 'division modulo 97',
    records: 'grokking',
    tests: (name) => grokkingClaims(recordedRuns(name), PAPER.grokkingHalfSteps),
  },
];

/** Every claim of the paper beside the number that tests it, its 95 % interval and the verdict. */
export function claimsTable(): Table {
  const rows = SOURCES.flatMap(({ data, records, tests }) =>
    tests(records).map(({ claim, measure, found, verdict }) => ({
      claim,
      data,
      'what was measured': measure,
      'with 95 % interval': found ? valueText(found) : 'too few runs',
      runs: found ? countText(found) : '',
      verdict,
    })),
  );
  return table(rows, { caption: 'The paper’s claims, and what the records of this project say of them' });
}

function valueText({ value, interval: { lower, upper } }: NonNullable<ClaimTest['found']>): string {
  return `${formatSigned(value)} [${formatSigned(lower)}, ${formatSigned(upper)}]`;
}

function countText({ n, groups }: NonNullable<ClaimTest['found']>): string {
  return groups === undefined ? `${n}` : `${n} of ${counted(groups, 'setting')}`;
}
