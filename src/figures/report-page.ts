/** A report on a dimension as one page that needs neither network access nor JavaScript. */
import { assertGiven, TEXT } from '../given';
import type { IdReport, Part } from '../intrinsic-dimension/report/report';
import type { ScaleCurve } from '../intrinsic-dimension/scale';
import { counted } from '../number-format';
import { toSVG } from './figure';
import { reportFigures } from './report';
import { DARK, darkRules, INK, PAPER } from './style';
import { escapeHtml, type Table, table, tableBundle } from './table';

/** The style of a report, and of the page that it stands on. */
export const REPORT_STYLE: string = `
:root { color-scheme: light dark; --ink: ${INK}; --soft: #57606a; --paper: ${PAPER}; --line: #d0d7de; --mark: #b3470f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: ${DARK[INK]}; --soft: #a5a5a5; --paper: ${DARK[PAPER]}; --line: #3d3d3d; --mark: #ff9a5c; }
  ${darkRules('figure svg')}
}
body { margin: 0 auto; padding: 24px 20px 48px; max-width: 760px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 'DejaVu Sans', Verdana, Geneva, sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 32px 0 8px; }
p, li { margin: 6px 0; }
.lead { font-size: 17px; }
.soft, figcaption { color: var(--soft); font-size: 13px; }
ul { padding-left: 20px; }
li b { color: var(--mark); }
figure { margin: 12px 0 20px; }
figure svg { display: block; width: 100%; height: auto; max-width: 700px; }
table { border-collapse: collapse; font-size: 13px; width: 100%; margin-bottom: 20px; }
caption { text-align: left; font-size: 15px; padding: 12px 0 4px; }
th, td { border-bottom: 1px solid var(--line); padding: 4px 12px 4px 0; vertical-align: top; }
@media print { body { max-width: none; } figure, table, li { break-inside: avoid; } }
`;

/**
 * The page of a report, with its figures as SVG.
 *
 * @param options.title names the points, for example by their file
 */
export async function reportPage(report: IdReport, options: { title?: string } = {}): Promise<string> {
  assertGiven('reportPage', options, { title: TEXT });
  const title = escapeHtml(`Intrinsic dimension${options.title === undefined ? '' : ` of ${options.title}`}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<h1>${title}</h1>
${await reportContents(report)}
</body>
</html>
`;
}

/** What a report says below its heading, as HTML in which all texts are escaped. */
export async function reportContents(report: IdReport): Promise<string> {
  const { sentence, notes, warnings, nulls, corrected } = report;
  const pictures: string[] = [];
  for (const figure of reportFigures(report)) {
    const caption = figure.caption ? `<figcaption>${escapeHtml(figure.caption)}</figcaption>` : '';
    pictures.push(`<figure>${scalable(await toSVG(figure))}${caption}</figure>`);
  }
  const nullWords = 'reason' in nulls ? [nulls.reason] : nulls.models.map(({ text }) => text);
  return `<p class="lead">${escapeHtml(sentence)}</p>
${paragraphs(notes)}
<h2>${warnings.length === 0 ? 'No warnings' : 'Warnings'}</h2>
${
  warnings.length === 0
    ? '<p>None of the faults that this report looks for was found.</p>'
    : `<ul>\n${warnings.map(({ name, text }) => `<li><b>${escapeHtml(name)}</b>: ${escapeHtml(text)}</li>`).join('\n')}\n</ul>`
}
<h2>Null models</h2>
${paragraphs(nullWords)}
<h2>Figures</h2>
${pictures.join('\n')}
<h2>Numbers</h2>
${numbers(report).join('\n')}
<p class="soft">${escapeHtml(methods(report))}</p>
${'reason' in corrected ? '' : `<p class="soft">Surfaces: ${escapeHtml(corrected.readings.map(({ family, summary }) => `${family}, ${summary}`).join('; '))}.</p>`}`;
}

const paragraphs = (texts: readonly string[]): string =>
  texts.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n');

/** An SVG picture that takes the width that the page allows. */
function scalable(svg: string): string {
  const [, width, height] = /<svg[^>]*?\swidth="([\d.]+)"[^>]*?\sheight="([\d.]+)"/.exec(svg) ?? [];
  return /viewBox=/.test(svg.slice(0, svg.indexOf('>'))) || width === undefined
    ? svg
    : svg.replace('<svg', `<svg viewBox="0 0 ${width} ${height}"`);
}

/** A table of each part, or why the points do not have it. */
function numbers({ estimates, corrected, decimation, scale, level }: IdReport): string[] {
  const interval = `${Number((100 * level).toPrecision(6))} % interval`;
  const range = (of: { readonly lower: number; readonly upper: number }): string =>
    `${of.lower.toFixed(2)} to ${of.upper.toFixed(2)}`;
  const plateau = (curve: ScaleCurve): string =>
    curve.plateau ? `plateau at ${curve.plateau.value.toFixed(2)}` : 'no plateau';
  return [
    part('Estimators', estimates, (rows) => ({
      rows: rows.map((row) => ({
        estimator: row.name,
        dimension: row.value === null ? null : Number(row.value.toFixed(3)),
        [interval]: row.value === null ? row.reason : range(row.interval),
        'at distance': row.value === null ? null : row.distance,
      })),
    })),
    part('Calibration', corrected, ({ readings }) => ({
      rows: readings.map((reading) => ({
        surface: reading.family,
        'dimension with this value': Number(reading.dimension.toFixed(2)),
        [interval]: range(reading),
        'scale curve': `${reading.distance.toFixed(1)} errors away${reading.agrees ? '' : ', differs'}`,
      })),
    })),
    part('Scales', scale, (found) => ({
      more: plateau(found),
      rows: [...found.curve, ...found.missing]
        .sort((a, b) => a.n1 - b.n1)
        .map((point) => ({
          neighbours: `${point.n1} and ${point.n2}`,
          dimension: 'reason' in point ? null : Number(point.value.toFixed(3)),
          [interval]: 'reason' in point ? point.reason : range(point.interval),
          'median distance': 'reason' in point ? null : point.scale,
        })),
    })),
    part('Fewer points', decimation, ({ curve }) => ({
      rows: curve.map((point) => ({
        parts: `${point.parts} x ${point.size.toLocaleString('en')}`,
        dimension: Number(point.value.toFixed(3)),
        [interval]: range(point.interval),
      })),
    })),
  ];
}

function part<T extends object>(
  name: string,
  of: Part<T>,
  contents: (of: T) => { readonly rows: Table['rows']; readonly more?: string },
): string {
  if ('reason' in of) return `<p>${escapeHtml(`${name}: ${of.reason}`)}</p>`;
  const { rows, more } = contents(of);
  return tableBundle(table(rows, { caption: more ? `${name}: ${more}` : name }))['text/html'] as string;
}

function methods({ estimator, points, rows, columns, metric, seed, level }: IdReport): string {
  const array = columns === null ? 'distances' : counted(columns.toLocaleString('en'), 'coordinate');
  return (
    `Estimator ${estimator}, metric ${metric}, ${points.toLocaleString('en')} of ${rows.toLocaleString('en')} rows with ${array}, intervals at level ${level}, seed ${seed}. ` +
    'The corrected value is the dimension of known surfaces with as many points on which the estimator gives the same value; ' +
    'its interval reaches over all of these surfaces whose scale curve agrees with that of the points.'
  );
}
