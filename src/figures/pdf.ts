/** A figure as a PDF for papers: vector graphics with embedded fonts, drawn without a browser. */
import { assertGiven } from '../given';
import { description, type Figure, SIZE_KINDS, type Size, toSVG } from './figure';
import { fontFiles } from './fonts';
import { FONT } from './style';

/** Points in a pixel: an inch has 72 points and 96 pixels. */
const POINTS = 72 / 96;

/** One page of the figure's size, at 96 pixels an inch. The caption is in the document's properties. */
export async function toPDF(figure: Figure, size: Size = {}): Promise<Buffer> {
  assertGiven('toPDF', size, SIZE_KINDS);
  const svg = (await toSVG(figure, size)).replace(/<style>[\s\S]*?<\/style>/, '');
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!.map(Number) as [
    number,
    number,
    number,
  ];
  const { default: pdfmake } = await import('pdfmake');
  const files = fontFiles();
  const name = FONT.split(',')[0]!;
  pdfmake.setFonts({ [name]: files });
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => Object.values(files).includes(path));
  return await pdfmake
    .createPdf({
      pageSize: { width: width * POINTS, height: height * POINTS },
      pageMargins: 0,
      content: [{ svg, width: width * POINTS }],
      defaultStyle: { font: name },
      info: { title: description(figure), ...(figure.caption ? { subject: figure.caption } : {}) },
    })
    .getBuffer();
}
