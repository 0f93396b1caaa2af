/** Panels in which one unit has the same length on both axes, as on a map. */
import type { AxisOptions } from './axes';
import { categoriesOf, scaled } from './axes';
import type { Mark } from './marks';

/** The axes of every panel, and how large a panel is drawn in pixels. */
export interface EqualScales {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly width: number;
  readonly height: number;
}

/** The part of an axis that is left free at both ends, so that marks do not touch the edge. */
const FREE = 0.05;
/** The smallest side of a panel in pixels, and its smallest height beside a colour bar; less has no room for labels. */
const LEAST = { side: 90, besideColours: 160 } as const;

/**
 * The largest panel within `room` that the data fill.
 *
 * @throws RangeError for axes that are logarithmic or hold names or dates, whose units have no common length
 */
export function equalScales(
  marks: readonly Mark[],
  { xAxis, yAxis }: { readonly xAxis: AxisOptions; readonly yAxis: AxisOptions },
  room: { readonly width: number; readonly height: number },
): EqualScales {
  const series = marks.flatMap((mark) => mark.series);
  const places = series.flatMap(({ x }) => x);
  const odd = xAxis.log || yAxis.log ? 'one is logarithmic' : undefined;
  const words = categoriesOf(series) ?? places.filter((place) => typeof place === 'string');
  const wrong = odd ?? (words.length > 0 ? `x holds '${words[0]}'` : undefined);
  if (wrong !== undefined)
    throw new RangeError(
      `plot.${marks[0]!.kind}: equalScales needs numbers on two linear axes, and ${wrong}`,
    );
  const across = extent(places as readonly number[], xAxis);
  const up = extent(
    series.flatMap(({ y }) => y),
    yAxis,
  );
  const pixels = Math.min(room.width / lengthOf(across), room.height / lengthOf(up));
  const x = widened(across, LEAST.side / pixels);
  const hasColours = marks.some(({ colourLabel }) => colourLabel !== undefined);
  const y = widened(up, (hasColours ? LEAST.besideColours : LEAST.side) / pixels);
  return { x, y, width: pixels * lengthOf(x), height: pixels * lengthOf(y) };
}

type Range = readonly [number, number];

function extent(values: readonly number[], axis: AxisOptions): Range {
  const shown = scaled(axis);
  if (axis.range) return [shown(axis.range[0]), shown(axis.range[1])];
  const numbers = values.filter(Number.isFinite).map(shown);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const free = FREE * (high - low || 1);
  return numbers.length === 0 ? [0, 1] : [low - free, high + free];
}

function lengthOf([low, high]: Range): number {
  return Math.abs(high - low);
}

/** The range, longer at both ends if it is shorter than `least`. */
function widened([low, high]: Range, least: number): Range {
  const more = Math.max(0, least - lengthOf([low, high])) / 2;
  return low < high ? [low - more, high + more] : [low + more, high - more];
}
