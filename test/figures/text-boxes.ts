/** Checks the text of a drawn figure as a reader sees it: nothing overlaps, nothing is cut off, everything is dark enough. */
import { join } from 'node:path';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { JSDOM } from 'jsdom';
import { DARK, INK, PAPER } from '../../src/figures/style';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** One line of text as a rectangle, which may be turned. */
export interface TextBox {
  readonly text: string;
  /** Lines of one element are not compared with each other. */
  readonly element: number;
  readonly corners: readonly Point[];
  /** As `#rrggbb` or `rgb(r, g, b)`, and from 0 to 1. */
  readonly colour: string;
  readonly opacity: number;
  /** What it stands on. */
  readonly ground: string;
}

/** WCAG 2.2, success criterion 1.4.3. */
const CONTRAST = 4.5;
/** Boxes have room above capitals and below the baseline: boxes that touch by less look apart. */
const TOLERANCE = 1;

/** What is wrong with the text of a figure of this size; empty where nothing is. */
export function textFaults(
  boxes: readonly TextBox[],
  size: { readonly width: number; readonly height: number },
): string[] {
  const found: string[] = [];
  boxes.forEach((box, i) => {
    const outside = box.corners.some(
      ({ x, y }) =>
        x < -TOLERANCE || y < -TOLERANCE || x > size.width + TOLERANCE || y > size.height + TOLERANCE,
    );
    if (outside) found.push(`'${box.text}' is cut off`);
    const ratio = contrast(blended(box), rgb(box.ground));
    if (ratio < CONTRAST) found.push(`'${box.text}' has contrast ${ratio.toFixed(1)}`);
    for (const other of boxes.slice(i + 1))
      if (other.element !== box.element && overlap(box.corners, other.corners))
        found.push(`'${box.text}' and '${other.text}' overlap`);
  });
  return found;
}

/** Two convex shapes overlap where no edge of either separates them by more than the tolerance. */
function overlap(a: readonly Point[], b: readonly Point[]): boolean {
  return [a, b].every((shape) =>
    shape.every((from, i) => {
      const to = shape[(i + 1) % shape.length]!;
      const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
      const normal = { x: (to.y - from.y) / length, y: (from.x - to.x) / length };
      const [first, second] = [a, b].map((points) => {
        const along = points.map((point) => point.x * normal.x + point.y * normal.y);
        return { low: Math.min(...along), high: Math.max(...along) };
      }) as [{ low: number; high: number }, { low: number; high: number }];
      return Math.min(first.high, second.high) - Math.max(first.low, second.low) > TOLERANCE;
    }),
  );
}

type Rgb = readonly [number, number, number];

function rgb(colour: string): Rgb {
  const hex = /^#(..)(..)(..)$/.exec(colour);
  const numbers = hex
    ? hex.slice(1).map((part) => Number.parseInt(part, 16))
    : (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  if (numbers.length !== 3) throw new Error(`'${colour}' is no colour that this check knows`);
  return numbers as unknown as Rgb;
}

function blended({ colour, opacity, ground }: TextBox): Rgb {
  const [text, below] = [rgb(colour), rgb(ground)];
  return text.map((value, i) => opacity * value + (1 - opacity) * below[i]!) as unknown as Rgb;
}

function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The number of a colour without its notation. */
function key(colour: string): string {
  return rgb(colour).join();
}

/** The boxes as they are on a dark page. */
export function onDarkPage(boxes: readonly TextBox[]): TextBox[] {
  const swaps = new Map(Object.entries(DARK).map(([light, dark]) => [key(light), dark]));
  const swapped = (colour: string): string => swaps.get(key(colour)) ?? colour;
  return boxes.map((box) => ({ ...box, colour: swapped(box.colour), ground: swapped(box.ground) }));
}

// As in the pictures: what stands above and below the baseline in DejaVu Sans, in sizes of the font.
const ASCENT = 0.93;
const DESCENT = 0.24;

const fonts = join(require.resolve('dejavu-fonts-ttf/package.json'), '..', 'ttf');
GlobalFonts.registerFromPath(join(fonts, 'DejaVuSans.ttf'), 'Figure');
GlobalFonts.registerFromPath(join(fonts, 'DejaVuSans-Bold.ttf'), 'Figure Bold');
const measure = createCanvas(1, 1).getContext('2d');

/** x' = a x + c y + e, y' = b x + d y + f */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** All text of a picture in SVG, and its size; needs no browser. */
export function textBoxes(svg: string): { boxes: TextBox[]; size: { width: number; height: number } } {
  const { document } = new JSDOM(svg, { contentType: 'image/svg+xml' }).window;
  const root = document.documentElement;
  const size = { width: Number(root.getAttribute('width')), height: Number(root.getAttribute('height')) };
  const boxes = [...document.querySelectorAll('text')].flatMap((element, index) => {
    if (hidden(element)) return [];
    const lines = [...element.querySelectorAll('tspan.line')];
    return (lines.length > 0 ? lines : [element]).flatMap((line): TextBox[] => {
      const text = (line.textContent ?? '').trim();
      if (text === '') return [];
      const font = fontOf(line);
      const width = widthOf(line);
      const anchor = { middle: 0.5, end: 1 }[inherited(line, 'text-anchor') ?? ''] ?? 0;
      const x = numberOf(line, 'x') - anchor * width;
      const y = numberOf(line, 'y') + shift(line, font.size);
      const matrix = matrixOf(line);
      const corners = [
        [x, y - ASCENT * font.size],
        [x + width, y - ASCENT * font.size],
        [x + width, y + DESCENT * font.size],
        [x, y + DESCENT * font.size],
      ].map(([px, py]) => apply(matrix, px!, py!));
      const colour = inherited(line, 'fill') ?? INK;
      return [{ text, element: index, corners, colour, opacity: opacityOf(line), ground: groundOf(element) }];
    });
  });
  return { boxes, size };
}

/** What is wrong with the text of a picture in SVG, on a light page and on a dark one. */
export function svgFaults(svg: string): string[] {
  const { boxes, size } = textBoxes(svg);
  if (boxes.length === 0) return ['it has no text'];
  const dark = textFaults(onDarkPage(boxes), size).map((fault) => `dark: ${fault}`);
  return [...textFaults(boxes, size), ...dark.filter((fault) => fault.includes('contrast'))];
}

/** A property of an element or of the nearest one around it. */
function inherited(element: Element, property: string): string | undefined {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const value = own(at, property);
    if (value !== undefined) return value;
  }
  return undefined;
}

function own(element: Element, property: string): string | undefined {
  const style = new RegExp(`(?:^|;)\\s*${property}:\\s*([^;]+)`).exec(
    element.getAttribute('style') ?? '',
  )?.[1];
  return style?.trim() ?? element.getAttribute(property) ?? undefined;
}

function hidden(element: Element): boolean {
  return (
    element.closest('defs, .modebar, .hoverlayer') !== null ||
    inherited(element, 'visibility') === 'hidden' ||
    inherited(element, 'display') === 'none' ||
    opacityOf(element) === 0
  );
}

function opacityOf(element: Element): number {
  let opacity = Number(inherited(element, 'fill-opacity') ?? 1);
  for (let at: Element | null = element; at; at = at.parentElement)
    opacity *= Number(own(at, 'opacity') ?? 1);
  return opacity;
}

/** The bar on which a text stands, or the paper. */
function groundOf(element: Element): string {
  if (!element.classList.contains('bartext-inside')) return PAPER;
  return inherited(element.parentElement!.querySelector('path')!, 'fill') ?? PAPER;
}

function fontOf(element: Element): { size: number; bold: boolean } {
  return {
    size: Number.parseFloat(inherited(element, 'font-size') ?? '12'),
    bold: /bold|[6-9]00/.test(inherited(element, 'font-weight') ?? ''),
  };
}

/** Parts of a line may have fonts of their own. */
function widthOf(element: Element): number {
  return [...element.childNodes].reduce((sum, node) => {
    if (node.nodeType !== 3) return sum + widthOf(node as Element);
    const { size, bold } = fontOf(element);
    measure.font = `${size}px "${bold ? 'Figure Bold' : 'Figure'}"`;
    return sum + measure.measureText((node.textContent ?? '').replaceAll('\u200b', '')).width;
  }, 0);
}

function numberOf(element: Element, name: string): number {
  return Number.parseFloat(inherited(element, name) ?? '0') || 0;
}

/** `dy` of the line itself; that of the element around it counts only where the line has none. */
function shift(element: Element, size: number): number {
  const dy = element.getAttribute('dy') ?? '0';
  return (Number.parseFloat(dy) || 0) * (dy.endsWith('em') ? size : 1);
}

function matrixOf(element: Element): Matrix {
  let matrix: Matrix = [1, 0, 0, 1, 0, 0];
  for (let at: Element | null = element; at; at = at.parentElement) {
    const steps = [...(at.getAttribute('transform') ?? '').matchAll(/(\w+)\(([^)]*)\)/g)].reverse();
    for (const [, name, numbers] of steps) {
      const values = numbers!
        .trim()
        .split(/[\s,]+/)
        .map(Number);
      matrix = product(stepOf(name!, values), matrix);
    }
  }
  return matrix;
}

function stepOf(name: string, values: readonly number[]): Matrix {
  const [p = 0, q, r] = values;
  if (name === 'translate') return [1, 0, 0, 1, p, q ?? 0];
  if (name === 'scale') return [p, 0, 0, q ?? p, 0, 0];
  if (name === 'rotate') {
    const [sin, cos] = [Math.sin((p * Math.PI) / 180), Math.cos((p * Math.PI) / 180)];
    const turn: Matrix = [cos, sin, -sin, cos, 0, 0];
    if (q === undefined || r === undefined) return turn;
    return product(product([1, 0, 0, 1, q, r], turn), [1, 0, 0, 1, -q, -r]);
  }
  if (name === 'matrix') return values as unknown as Matrix;
  throw new Error(`'${name}' is no transformation that this check knows`);
}

function product([a, b, c, d, e, f]: Matrix, [g, h, i, j, k, l]: Matrix): Matrix {
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}

function apply([a, b, c, d, e, f]: Matrix, x: number, y: number): Point {
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}
