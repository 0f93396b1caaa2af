/** A report on a dimension in the terminal, as JSON, and as a page: `npm run id -- points.npy --report`. */
import { writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { reportPage } from '../figures/report-page';
import type { Points } from '../intrinsic-dimension/points/points';
import { type IdReport, type IdReportOptions, idReport } from '../intrinsic-dimension/report/report';
import { counted } from '../number-format';
import { assertWritable } from './writable';

/** The output of a report. */
export interface ReportOutput {
  readonly json: boolean;
  /** The page to write. */
  readonly figure: string | undefined;
  /** The name of the file with the points, for the title of the page. */
  readonly name: string;
}

/** @throws Error for a name that does not end in .html, and for a file that cannot be written */
export function assertPagePath(path: string): void {
  if (extname(path).toLowerCase() !== '.html')
    throw new Error(`the name of the page of --report must end in .html, got '${path}'`);
  assertWritable(path);
}

/** Makes a report, prints it, and writes its page. */
export async function report(
  points: Points,
  options: IdReportOptions,
  { json, figure, name }: ReportOutput,
): Promise<void> {
  const made = await idReport(points, options);
  // The report is printed first, so that it is not lost if the page cannot be written after all.
  console.log(json ? JSON.stringify(made) : inWords(made));
  if (figure === undefined) {
    if (!json) console.log('\nThe same as a page with figures: add --figure report.html');
    return;
  }
  writeFileSync(figure, await reportPage(made, { title: name === '-' ? 'standard input' : basename(name) }));
  if (!json) console.log(`\npage: ${figure}`);
}

/** The report for a terminal. */
function inWords(made: IdReport): string {
  const { sentence, warnings, estimates, corrected, scale, decimation, local, nulls, notes } = made;
  return [
    sentence,
    ...notes,
    '',
    warnings.length === 0 ? 'No warnings.' : counted(warnings.length, 'warning'),
    ...warnings.map(({ name, text }) => `! ${name}: ${text}`),
    '',
    heading('null models'),
    ...('reason' in nulls ? [nulls.reason] : nulls.models.map(({ text }) => text)),
    '',
    heading('estimates'),
    ...estimates.map((row) =>
      row.value === null
        ? line(row.name, '-', row.reason)
        : line(
            row.name,
            row.value.toFixed(2),
            range(row),
            row.distance === null ? '' : `at distance ${row.distance.toPrecision(3)}`,
          ),
    ),
    '',
    heading('calibration: what each known surface says'),
    ...('reason' in corrected
      ? [corrected.reason]
      : corrected.readings.map(({ family, dimension, lower, upper, agrees, distance }) =>
          line(
            family,
            dimension.toFixed(1),
            `${lower.toFixed(1)} .. ${upper.toFixed(1)}`,
            `${agrees ? 'agrees' : 'differs'}, scale curve ${distance.toFixed(1)} errors away`,
          ),
        )),
    '',
    heading('scale (GRIDE)'),
    ...('reason' in scale
      ? [scale.reason]
      : [
          ...scale.curve.map((point, i) =>
            line(
              `neighbours ${point.n1}, ${point.n2}`,
              point.value.toFixed(2),
              range(point),
              `at distance ${point.scale.toPrecision(3)}${scale.plateau && i >= scale.plateau.from && i <= scale.plateau.to ? ', plateau' : ''}`,
            ),
          ),
          ...scale.missing.map(({ n1, n2, reason }) => line(`neighbours ${n1}, ${n2}`, '-', reason)),
          scale.plateau ? `plateau at ${scale.plateau.value.toFixed(2)}` : 'no plateau',
        ]),
    '',
    heading('number of points'),
    ...('reason' in decimation
      ? [decimation.reason]
      : decimation.curve.map((point) =>
          line(`${point.parts} x ${point.size}`, point.value.toFixed(2), range(point)),
        )),
    '',
    heading('dimension at each point'),
    'reason' in local
      ? local.reason
      : `median ${local.median.toFixed(2)}, half of the points between ${local.quartiles[0].toFixed(2)} and ${local.quartiles[1].toFixed(2)} ` +
        `(${local.expected[0].toFixed(2)} and ${local.expected[1].toFixed(2)} if the dimension is the same everywhere)`,
  ].join('\n');
}

const heading = (text: string): string => `${text}\n${'-'.repeat(text.length)}`;

function line(name: string, value: string, ...rest: readonly string[]): string {
  return `${name.padEnd(34)}${value.padStart(8)}   ${rest.join('   ')}`.trimEnd();
}

function range({
  interval,
}: {
  readonly interval: { readonly lower: number; readonly upper: number };
}): string {
  return `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`.padEnd(16);
}
