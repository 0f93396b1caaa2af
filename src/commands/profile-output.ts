/** Profiles as a table for the eye and as comma-separated values. */
import type { LayerProfile } from '../activations/layer-profile';
import type { ProfileLine } from './profile-file';

type Profiles = Readonly<Record<string, LayerProfile>>;

/** Which of PID and LLID a layer's value is; nothing for a run that is not finished. */
function marks({ run, site }: ProfileLine, profiles: Profiles): string[] {
  const found = profiles[run];
  return [...(found?.peakSite === site ? ['PID'] : []), ...(found?.lastSite === site ? ['LLID'] : [])];
}

/** A line for each layer: its dimension with its interval, its points, and PID and LLID. */
export function tableOf(lines: readonly ProfileLine[], profiles: Profiles, level: string): string {
  const rows = lines.map((line) => {
    const marked = marks(line, profiles).join(', ');
    const head = [line.run, line.site];
    if (line.value === null)
      return [...head, '-', '', '', '', [marked, line.reason].filter(Boolean).join('; ')];
    const { value, interval, points, duplicates, shape, scale } = line;
    const removed = duplicates > 0 ? `${duplicates} duplicates removed` : '';
    return [
      ...head,
      value.toFixed(2),
      `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`,
      `${points} x ${shape.join(' x ')}`,
      scale.toPrecision(3),
      [marked, removed].filter(Boolean).join('; '),
    ];
  });
  const table = [['run', 'layer', 'dimension', `${level} interval`, 'points', 'at distance', ''], ...rows];
  const shown = lines.every(({ run }) => run === '') ? table.map((row) => row.slice(1)) : table;
  const widths = shown[0]!.map((_, column) => Math.max(...shown.map((row) => row[column]!.length)));
  return shown
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** The same with all digits; lists and texts are quoted. */
export function csvOf(lines: readonly ProfileLine[], profiles: Profiles): string {
  const names =
    'run,layer,dimension,lower,upper,standard_error,estimator,distance,points,duplicates,shape,mark,reason';
  const rows = lines.map((line) => {
    const mark = marks(line, profiles).join(' ');
    if (line.value === null)
      return [line.run, line.site, '', '', '', '', '', '', '', '', '', mark, line.reason];
    const { value, interval, standardError, estimator, scale, points, duplicates, shape } = line;
    const numbers = [
      value,
      interval.lower,
      interval.upper,
      standardError,
      estimator,
      scale,
      points,
      duplicates,
    ];
    return [line.run, line.site, ...numbers, shape.join(' '), mark, ''];
  });
  return `${[names, ...rows.map((row) => row.map(quoted).join(','))].join('\n')}\n`;
}

function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
