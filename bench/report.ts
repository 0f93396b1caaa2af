/** Shows the results: a table for people, one line of JSON for programs, and plots in out/bench. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, toPNG, toSVG } from '../src/figures/figure';
import type { Environment } from '../src/records/run-record';
import { median, met, type Result } from './result';

const FOLDER = join(__dirname, '..', 'out', 'bench');

/** Ticks of logarithmic axes. */
const MILLISECONDS = [1, 10, 100, 1000].flatMap((decade) => [decade, 2 * decade, 5 * decade]);

/** The circumstances of the measurement. */
export interface Header {
  readonly suite: string;
  readonly rounds: number;
  readonly environment: Environment;
  /** Load averages of the machine before and after. */
  readonly load: readonly [number, number];
}

/** One comparison as lines of text. */
export function toText(result: Result): string {
  const lines = [`(${result.letter}) ${result.title}`];
  const width = Math.max(0, ...result.times.map(({ side }) => side.length));
  for (const { side, ms } of result.times)
    lines.push(
      `    ${side.padEnd(width)}  median ${figure(median(ms))}  min ${figure(Math.min(...ms))} ms  (${ms.length} timed)`,
    );
  for (const { x, side, points } of result.curves ?? [])
    lines.push(`    ${side}, by ${x}: ${points.map((p) => `${p.x}: ${figure(p.ms)} ms`).join(', ')}`);
  for (const bar of result.bars)
    lines.push(
      `    ${met(bar) ? 'met   ' : 'MISSED'} ${bar.what}: ${figure(bar.value)}${bar.unit} (${bar.good} ${bar.bar}${bar.unit})`,
    );
  for (const note of result.notes) lines.push(`    ${note}`);
  return lines.join('\n');
}

/** Everything in one line. */
export function toJson(header: Header, results: readonly Result[]): string {
  const shown = results.map(({ times, bars, ...rest }) => ({
    ...rest,
    times: times.map(({ side, ms }) => ({
      side,
      median: round(median(ms)),
      min: round(Math.min(...ms)),
      timed: ms.length,
    })),
    bars: bars.map((bar) => ({ ...bar, value: round(bar.value), met: met(bar) })),
  }));
  return JSON.stringify({ ...header, met: allMet(results), results: shown });
}

/** True if no bar was missed. */
export function allMet(results: readonly Result[]): boolean {
  return results.every(({ bars }) => bars.every(met));
}

/** Draws medians as bars, and growth as curves; returns the paths of the files. */
export async function draw(suite: string, results: readonly Result[]): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true });
  const paths: string[] = [];
  for (const [i, result] of results.entries()) {
    const name = join(
      FOLDER,
      `${suite}-${result.letter}${results[i - 1]?.letter === result.letter ? i : ''}`,
    );
    for (const [suffix, chart] of charts(result)) {
      writeFileSync(`${name}${suffix}.svg`, await toSVG(chart));
      writeFileSync(`${name}${suffix}.png`, await toPNG(chart));
      paths.push(`${name}${suffix}.svg`);
    }
  }
  return paths;
}

function charts({ title, times, curves = [] }: Result): [string, Figure][] {
  const bars: Figure = {
    data: [
      {
        type: 'bar',
        orientation: 'h',
        y: times.map(({ side }) => side),
        x: times.map(({ ms }) => median(ms)),
        text: times.map(({ ms }) => `${figure(median(ms))} ms`),
      },
    ],
    layout: {
      title: { text: title },
      margin: { l: 190 },
      xaxis: { title: { text: 'median, milliseconds' }, rangemode: 'tozero' },
      yaxis: { autorange: 'reversed' },
    },
  };
  const axes = [...new Set(curves.map(({ x }) => x))];
  return [
    ...(times.length > 0 ? [['', bars] as [string, Figure]] : []),
    ...axes.map((x): [string, Figure] => [
      `-${x.replace(/\W+/g, '-')}`,
      {
        data: curves
          .filter((curve) => curve.x === x)
          .map(({ side, points }) => ({
            name: side,
            mode: 'lines+markers' as const,
            x: points.map((point) => point.x),
            y: points.map(({ ms }) => ms),
          })),
        layout: {
          title: { text: `${title} with ${x}` },
          xaxis: { title: { text: x }, type: 'log', tickvals: ticksOf(curves, x) },
          yaxis: { title: { text: 'median, milliseconds' }, type: 'log', tickvals: MILLISECONDS },
        },
      },
    ]),
  ];
}

/** The sizes that were measured. */
function ticksOf(curves: NonNullable<Result['curves']>, axis: string): number[] {
  return curves.filter(({ x }) => x === axis)[0]!.points.map(({ x }) => x);
}

/** A number with three digits. */
function figure(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
