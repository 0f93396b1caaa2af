/** What the page says about points: parts, one after the other, each with a table or a figure. */
import { scaleFigure } from '../../src/figures/estimator';
import type { Figure } from '../../src/figures/figure';
import { COLOURS } from '../../src/figures/style';
import { ESTIMATORS, type EstimatorName } from '../../src/intrinsic-dimension/estimators/registry';
import { type IdEstimate, intrinsicDimension } from '../../src/intrinsic-dimension/intrinsic-dimension';
import { localId } from '../../src/intrinsic-dimension/local-id';
import type { Points } from '../../src/intrinsic-dimension/points/points';
import { idScale } from '../../src/intrinsic-dimension/scale';

/** A part of the page; texts are plain. */
export interface Part {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly table?: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly figure?: Figure;
}

/** Estimators side by side: from neighbours, from the counts in balls, and from the covariance. */
const SHOWN: readonly EstimatorName[] = ESTIMATORS.filter((name) =>
  ['two-nn', 'two-nn-mle', 'gride', 'levina-bickel', 'correlation', 'participation-ratio', 'pca'].includes(
    name,
  ),
);
/** Bars of a histogram. */
const BARS = 30;

/**
 * Measures points [n, d], and gives each part as soon as it is known.
 *
 * @param tell called with the share that is done, 0 .. 1, and what is done
 */
export async function* measure(
  points: Points,
  tell: (share: number, what: string) => void,
): AsyncGenerator<Part> {
  const steps = SHOWN.length + 2;
  const at = (step: number, what: string) => (share: number) => tell((step + share) / steps, what);
  const rows: string[][] = [];
  let first: IdEstimate | undefined;
  let failure = '';
  for (const [e, estimator] of SHOWN.entries()) {
    at(e, estimator)(0);
    try {
      const estimate = await intrinsicDimension(points, { estimator, onProgress: at(e, estimator) });
      first ??= estimate;
      const { value, interval, scale } = estimate;
      rows.push([
        estimator,
        value.toFixed(2),
        `${interval.lower.toFixed(2)} to ${interval.upper.toFixed(2)}`,
        scale.toPrecision(3),
      ]);
    } catch (error) {
      failure ||= (error as Error).message;
      rows.push([estimator, '–', (error as Error).message, '']);
    }
  }
  if (!first) throw new Error(failure);
  yield {
    title: 'Estimates',
    sentences: [
      headline(first),
      'An interval shows how far another sample of the same size would move the value; it does not include bias.',
    ],
    table: { columns: ['estimator', 'dimension', '95 % interval', 'at distance'], rows },
  };
  yield* attempt('The dimension at every scale', () => scales(points, at(SHOWN.length, 'scales')));
  yield* attempt('The dimension at each point', () => local(points, at(SHOWN.length + 1, 'points')));
  tell(1, 'done');
}

/** A part, or why there is none. */
async function* attempt(title: string, make: () => Promise<Part>): AsyncGenerator<Part> {
  try {
    yield await make();
  } catch (error) {
    yield { title, sentences: [(error as Error).message] };
  }
}

function headline({ value, interval, points, duplicates, kernel, scale }: IdEstimate): string {
  const removed = duplicates > 0 ? ` ${duplicates} duplicates were removed.` : '';
  return (
    `TwoNN sees dimension ${value.toFixed(2)} (${interval.lower.toFixed(2)} to ${interval.upper.toFixed(2)}) at distance ` +
    `${scale.toPrecision(3)}, from ${points.toLocaleString('en')} points.${removed} Searched by ${kernel}.`
  );
}

async function scales(points: Points, onProgress: (share: number) => void): Promise<Part> {
  const result = await idScale(points, { onProgress });
  const { plateau } = result;
  return {
    title: 'The dimension at every scale',
    sentences: [
      plateau
        ? `The value stays about ${plateau.value.toFixed(2)} over several scales: read it as the dimension there.`
        : 'No run of scales has about one value: no single number describes these points.',
      'Noise shows at small distances; curvature and boundaries show at large ones.',
    ],
    figure: scaleFigure(result),
    table: {
      columns: ['neighbours', 'dimension', '95 % interval', 'mean distance'],
      rows: result.curve.map(({ n1, n2, value, interval, scale }) => [
        `${n1} and ${n2}`,
        value.toFixed(2),
        `${interval.lower.toFixed(2)} to ${interval.upper.toFixed(2)}`,
        scale.toPrecision(3),
      ]),
    },
  };
}

async function local(points: Points, onProgress: (share: number) => void): Promise<Part> {
  const { values, median } = await localId(points, { onProgress });
  const sorted = values.filter(Number.isFinite).sort();
  const top = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 1;
  const width = (top || 1) / BARS;
  const counts = Array.from({ length: BARS }, () => 0);
  for (const value of sorted) counts[Math.min(BARS - 1, Math.floor(value / width))]!++;
  const quartile = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
  return {
    title: 'The dimension at each point',
    sentences: [
      `Half of the points see between ${quartile(0.25)} and ${quartile(0.75)}, from 20 neighbours each; the median is ${median.toFixed(2)}. ` +
        'Each is off by about a quarter, so that a wide histogram alone is no sign of several dimensions.',
    ],
    figure: {
      data: [
        {
          type: 'bar',
          name: 'points',
          x: counts.map((_, b) => (b + 0.5) * width),
          y: counts,
          marker: { color: COLOURS.blue },
        },
      ],
      layout: {
        title: { text: 'Dimension at each point' },
        xaxis: { title: { text: 'ID at a point (the last bar holds all above)' } },
        yaxis: { title: { text: 'points' }, rangemode: 'tozero' },
        showlegend: false,
        height: 320,
      },
    },
  };
}
