/** The axes of drawn figures: the position of a value, and the ticks. */

/** An axis. */
export interface Axis {
  /** Pixel of a value. */
  at(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  readonly title: string;
  /** A value in words: its category, or the number in three digits. */
  inWords(value: number): string;
  /** True if the values are categories. */
  readonly ofWords: boolean;
}

/** The part of the layout of an axis that is read. */
export interface AxisLayout {
  readonly title?: string | { readonly text?: string };
  readonly type?: string;
  readonly range?: readonly number[];
  readonly rangemode?: string;
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
  /** The categories of an axis of words, in order. */
  readonly categoryarray?: readonly string[];
}

/**
 * An axis for some values.
 *
 * @param wanted the desired number of ticks
 * @param margin room at both ends, in the units of the axis
 */
export function axisOf(
  layout: AxisLayout = {},
  values: readonly number[],
  [from, to]: readonly [number, number],
  wanted: number,
  margin: number,
): Axis {
  const { title, type, range, rangemode, categoryarray: words, tickvals, ticktext } = layout;
  const isLog = type === 'log';
  const scaled = (value: number): number => (isLog ? Math.log10(value) : value);
  const seen = values.map(scaled).filter(Number.isFinite);
  if (rangemode === 'tozero') seen.push(0);
  const [least, most] = words
    ? [-0.5, words.length - 0.5]
    : (range ?? spread(seen, rangemode === 'tozero', margin));
  const at = (value: number): number =>
    from + ((scaled(value) - least!) / (most! - least! || 1)) * (to - from);
  const ticks = words
    ? words.map((text, value) => ({ value, text }))
    : tickvals
      ? apart(
          tickvals.map((value, i) => ({ value, text: ticktext?.[i] ?? short(value) })),
          at,
        )
      : isLog
        ? logTicks(least!, most!)
        : linearTicks(least!, most!, wanted);
  const inWords = (value: number): string => words?.[value] ?? short(value);
  return {
    at,
    inWords,
    ofWords: words !== undefined,
    ticks,
    title: plain((typeof title === 'string' ? title : title?.text) ?? ''),
  };
}

/** From the least to the greatest value, with a little room. */
function spread(values: readonly number[], fromZero: boolean, margin: number): [number, number] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - margin;
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) + margin;
  if (!(most >= least)) return [0, 1];
  const room = 0.05 * (most - least || Math.abs(most) || 1);
  return [fromZero && least >= 0 ? 0 : least - (margin ? 0 : room), most + room];
}

function linearTicks(least: number, most: number, wanted: number): Axis['ticks'] {
  const rough = (most - least) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(most / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const value = (first + i) * step;
    return { value, text: short(Number(value.toPrecision(12))) };
  });
}

function logTicks(least: number, most: number): Axis['ticks'] {
  const steps = most - least > 1.5 ? [1, 3] : [1, 2, 3, 5];
  const ticks: { value: number; text: string }[] = [];
  for (let power = Math.floor(least); power <= most; power++)
    for (const step of steps) {
      const value = step * 10 ** power;
      if (Math.log10(value) >= least && Math.log10(value) <= most) ticks.push({ value, text: short(value) });
    }
  return ticks;
}

/** The ticks without those whose labels would touch earlier ones, from the least value on. */
function apart(ticks: Axis['ticks'], at: Axis['at']): Axis['ticks'] {
  let last = Number.NEGATIVE_INFINITY;
  return [...ticks]
    .sort((a, b) => a.value - b.value)
    .filter(({ value, text: words }) => {
      const fits = at(value) - last > 4 * words.length + 16;
      if (fits) last = at(value) + 4 * words.length;
      return fits;
    });
}

/** A number in three digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A text without tags. */
export function plain(words: string): string {
  return words.replaceAll(/<[^>]*>/g, '');
}
