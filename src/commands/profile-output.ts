/** Profiles as a readable table and as comma-separated values. */
import type { LayerProfile } from '../activations/layer-profile';
import { counted } from '../number-format';
import type { ProfileLine } from './profile-file';

type Profiles = Readonly<Record<string, LayerProfile>>;

/** PID or LLID, if the value of a layer is one of them; nothing for an unfinished run. */
function marks({ run, site }: ProfileLine, profiles: Profiles): string[] {
  const found = profiles[run];
  return [...(found?.peakSite === site ? ['PID'] : []), ...(found?.lastSite === site ? ['LLID'] : [])];
}

/** The farther neighbours of all scale curves, in rising order. */
function scalesOf(lines: readonly ProfileLine[]): number[] {
  const all = lines.flatMap(({ scaleCurve }) => scaleCurve?.curve.map(({ n2 }) => n2) ?? []);
  return [...new Set(all)].sort((a, b) => a - b);
}

type Cell = string | number;
type Overlap = ProfileLine['overlap'] | ProfileLine['labelOverlap'];

/** Columns of further measurements, with their headings. */
function further(
  lines: readonly ProfileLine[],
): readonly (readonly [string, (line: ProfileLine) => string])[] {
  const overlap = (found: Overlap): string =>
    found === undefined
      ? ''
      : found.value === null
        ? '-'
        : `${found.value.toFixed(3)} (${found.interval.lower.toFixed(3)} .. ${found.interval.upper.toFixed(3)})`;
  const has = (key: 'overlap' | 'labelOverlap'): boolean => lines.some((line) => line[key] !== undefined);
  const scales = scalesOf(lines);
  return [
    ...(has('overlap')
      ? [['overlap with layer before', (line: ProfileLine) => overlap(line.overlap)] as const]
      : []),
    ...(has('labelOverlap')
      ? [['overlap with labels', (line: ProfileLine) => overlap(line.labelOverlap)] as const]
      : []),
    ...scales.map(
      (n2, i) =>
        [
          `${i === 0 ? 'GRIDE ' : ''}${n2 / 2},${n2}`,
          ({ scaleCurve }: ProfileLine) =>
            scaleCurve?.curve.find((point) => point.n2 === n2)?.value.toFixed(2) ?? '',
        ] as const,
    ),
    ...(scales.length > 0
      ? [['plateau', ({ scaleCurve }: ProfileLine) => scaleCurve?.plateau?.value.toFixed(2) ?? ''] as const]
      : []),
  ];
}

/** The reasons why something was not measured. */
function reasons({ value, reason, overlap, labelOverlap }: ProfileLine & { reason?: string }): string[] {
  return [
    ...(value === null && reason !== undefined ? [reason] : []),
    ...(overlap?.value === null ? [`no overlap: ${overlap.reason}`] : []),
    ...(labelOverlap?.value === null && value !== null
      ? [`no overlap with labels: ${labelOverlap.reason}`]
      : []),
  ];
}

/** A line for each layer: its dimension with the interval, its points, further measurements, and PID and LLID. */
export function tableOf(lines: readonly ProfileLine[], profiles: Profiles, level: string): string {
  const columns = further(lines);
  const rows = lines.map((line) => {
    const marked = marks(line, profiles).join(', ');
    const head = [line.run, line.site];
    const others = columns.map(([, cell]) => cell(line));
    if (line.value === null)
      return [...head, '-', '', '', '', ...others, [marked, ...reasons(line)].filter(Boolean).join('; ')];
    const { value, interval, points, duplicates, shape, scale } = line;
    const removed = duplicates > 0 ? `${counted(duplicates, 'duplicate')} removed` : '';
    return [
      ...head,
      value.toFixed(2),
      `${interval.lower.toFixed(2)} .. ${interval.upper.toFixed(2)}`,
      `${points} x ${shape.join(' x ')}`,
      scale.toPrecision(3),
      ...others,
      [marked, removed, ...reasons(line)].filter(Boolean).join('; '),
    ];
  });
  const table = [
    [
      'run',
      'layer',
      'dimension',
      `${level} interval`,
      'points',
      'at distance',
      ...columns.map(([head]) => head),
      '',
    ],
    ...rows,
  ];
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

/** The same with all digits, and with lists and texts quoted. */
export function csvOf(lines: readonly ProfileLine[], profiles: Profiles): string {
  const scales = scalesOf(lines);
  const overlapNames = ['overlap', 'label_overlap'].flatMap((name) => [
    name,
    `${name}_lower`,
    `${name}_upper`,
  ]);
  const names = [
    'run,layer,dimension,lower,upper,standard_error,estimator,distance,points,duplicates,shape,mark,reason',
    ...(lines.some((line) => line.overlap ?? line.labelOverlap) ? overlapNames : []),
    ...scales.flatMap((n2) => [`gride_${n2 / 2}_${n2}`, `gride_${n2 / 2}_${n2}_error`]),
  ].join(',');
  const others = (line: ProfileLine): Cell[] => [
    ...(lines.some((other) => other.overlap ?? other.labelOverlap)
      ? [line.overlap, line.labelOverlap].flatMap((found: Overlap): Cell[] =>
          found === undefined || found.value === null
            ? ['', '', '']
            : [found.value, found.interval.lower, found.interval.upper],
        )
      : []),
    ...scales.flatMap((n2): Cell[] => {
      const point = line.scaleCurve?.curve.find((one) => one.n2 === n2);
      return point ? [point.value, point.standardError] : ['', ''];
    }),
  ];
  const rows = lines.map((line) => {
    const mark = marks(line, profiles).join(' ');
    if (line.value === null)
      return [
        line.run,
        line.site,
        '',
        '',
        '',
        '',
        '',
        '',
        '',
        '',
        '',
        mark,
        reasons(line).join('; '),
        ...others(line),
      ];
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
    const why = reasons(line).join('; ');
    return [line.run, line.site, ...numbers, shape.join(' '), mark, why, ...others(line)];
  });
  return `${[names, ...rows.map((row) => row.map(quoted).join(','))].join('\n')}\n`;
}

function quoted(cell: Cell): string {
  const text = String(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
