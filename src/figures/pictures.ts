/** Examples of a data set of pictures, side by side with their classes. */
import type { Examples } from '../data/dataset';
import { assertGiven, CALLBACK, type Kinds, NUMBER, TEXT } from '../given';
import type { Figure } from './figure';
import { FONT_SIZES } from './style';
import { wrapped } from './text-width';

/** Which pictures, and what is written below them. */
export interface PicturesOptions {
  /** How many pictures are shown, starting with the first. @default 20, or all if there are fewer */
  readonly count?: number;
  /** Pictures in each row. @default 10 */
  readonly columns?: number;
  /** The text below a picture. @default the class number */
  readonly describe?: (index: number) => string;
  readonly title?: string;
}

const PICTURES_KINDS: Kinds<PicturesOptions> = {
  count: NUMBER,
  columns: NUMBER,
  describe: CALLBACK,
  title: TEXT,
};

/** The side of a picture and the room around it, in screen pixels. */
const SIDE = 60;
const GAP = 6;
const CAPTION = 18;

/**
 * The first pictures of a set, as they are before normalisation and augmentation.
 *
 * @throws RangeError for examples that are not bytes [height, width, 1 or 3], and for a count below 1
 */
export function picturesFigure(examples: Examples, options: PicturesOptions = {}): Figure {
  assertGiven('figures.pictures', options, PICTURES_KINDS);
  const { columns = 10, describe = (index: number) => String(examples.labels[index]) } = options;
  const { count = Math.min(20, examples.size) } = options;
  if (!Number.isInteger(count) || count < 1 || count > examples.size) {
    throw new RangeError(`${count} pictures are asked for: give 1 to ${examples.size}`);
  }
  const cell = { width: SIDE + GAP, height: SIDE + CAPTION };
  const rowCount = Math.ceil(count / columns);
  const size = { width: Math.min(columns, count) * cell.width, height: rowCount * cell.height };
  const numbers = Array.from({ length: count }, (_, index) => index);
  const left = (index: number): number => (index % columns) * cell.width;
  const top = (index: number): number => Math.floor(index / columns) * cell.height;
  const hidden = { visible: false, fixedrange: true } as const;
  const title = options.title === undefined ? [] : wrapped(options.title, size.width, FONT_SIZES.title);
  const margin = { l: 8, r: 8, t: 8 + 20 * title.length + (title.length > 0 ? 16 : 0), b: 8 };
  return {
    data: [
      {
        type: 'scatter',
        mode: 'text',
        x: numbers.map((index) => left(index) + SIDE / 2),
        y: numbers.map((index) => top(index) + SIDE + CAPTION / 2),
        text: numbers.map((index) => describe(index)),
        textfont: { size: 10 },
        hoverinfo: 'skip',
        cliponaxis: false,
        showlegend: false,
      },
    ],
    layout: {
      ...(title.length === 0 ? {} : { title: { text: title.join('<br>') } }),
      width: size.width + margin.l + margin.r,
      height: size.height + margin.t + margin.b,
      margin,
      xaxis: { ...hidden, range: [0, size.width] },
      yaxis: { ...hidden, range: [size.height, 0] },
      images: numbers.map((index) => ({
        source: pictureUrl(examples, index),
        xref: 'x',
        yref: 'y',
        x: left(index),
        y: top(index),
        sizex: SIDE,
        sizey: SIDE,
        sizing: 'contain',
        layer: 'below',
      })),
    },
  };
}

/** A picture as a PNG that is enlarged pixel by pixel, since browsers would blur it. */
function pictureUrl({ inputs, inputShape }: Examples, index: number): string {
  const [height = 0, width = 0, channels = 0] = inputShape;
  if (inputShape.length !== 3 || ![1, 3].includes(channels) || !(inputs instanceof Uint8Array)) {
    throw new RangeError(
      `examples of shape [${inputShape}] are not pictures [height, width, 1 or 3] of bytes`,
    );
  }
  // Loaded here, so that the package is needed only where a picture is shown.
  const { createCanvas, ImageData } = require('@napi-rs/canvas') as typeof import('@napi-rs/canvas');
  const rgba = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const from = (index * height * width + pixel) * channels + (channels === 1 ? 0 : colour);
      rgba[4 * pixel + colour] = inputs[from]!;
    }
  }
  const small = createCanvas(width, height);
  small.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0);
  const scale = Math.max(1, Math.ceil((2 * SIDE) / Math.max(width, height)));
  const large = createCanvas(scale * width, scale * height);
  const context = large.getContext('2d');
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, large.width, large.height);
  return large.toDataURL('image/png');
}
