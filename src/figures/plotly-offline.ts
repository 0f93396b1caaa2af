/** Runs plotly.js without a browser, in a page of jsdom whose text is measured by a canvas. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The only function of plotly.js that static pictures need. */
interface PictureMaker {
  toImage(
    figure: { data: unknown; layout: unknown },
    options: { format: 'svg'; width: number; height: number; imageDataOnly: true },
  ): Promise<string>;
}

// biome-ignore lint/suspicious/noExplicitAny: jsdom's objects have no types for what they lack
type Foreign = any;

let loading: Promise<PictureMaker> | undefined;

/** What plotly.js has said of the picture that it draws, which it repeats for every element. */
const said = new Set<string>();

/** Loads plotly.js into a page. The first picture waits about a second for it; later ones do not. */
export function offlinePlotly(): Promise<PictureMaker> {
  said.clear();
  loading ??= load();
  return loading;
}

/** The source of plotly.js, for pages that must work without a network. */
export function plotlySource(): string {
  return readFileSync(require.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8');
}

/** The folder of the bundled fonts, so that pictures have text even on machines without fonts. */
export function fontFolder(): string | undefined {
  try {
    const folder = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
    return existsSync(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function load(): Promise<PictureMaker> {
  const { JSDOM, VirtualConsole } = await import('jsdom');
  const canvas = await import('@napi-rs/canvas');
  const folder = fontFolder();
  if (folder) canvas.GlobalFonts.registerFromPath(join(folder, 'DejaVuSans.ttf'), 'DejaVu Sans');

  const virtualConsole = new VirtualConsole();
  for (const kind of ['warn', 'error', 'trace'] as const) virtualConsole.on(kind, sayOnce);
  virtualConsole.on('jsdomError', sayOnce);

  // The page has no types. Everything below adds what plotly.js asks for and jsdom lacks.
  const page = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    pretendToBeVisual: true,
    virtualConsole,
  });
  const window: Foreign = page.window;
  window.TextDecoder = TextDecoder;
  window.TextEncoder = TextEncoder;
  window.URL.createObjectURL = () => 'blob:none';
  window.HTMLCanvasElement.prototype.getContext = function (kind: string): unknown {
    return kind === '2d' ? canvas.createCanvas(this.width || 1, this.height || 1).getContext('2d') : null;
  };
  measureText(window, canvas.createCanvas(1, 1).getContext('2d'));
  window.eval(plotlySource());
  return window.Plotly;
}

/** Without the stack, which leads through plotly.js only. */
function sayOnce(...parts: readonly unknown[]): void {
  const words = parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
  if (said.has(words)) return;
  said.add(words);
  console.warn(`plotly.js: ${words.replace(/^(WARN|LOG): */, '')}`);
}

/** Text has no size in jsdom; plotly.js needs it for margins, legends and ticks. */
function measureText(
  window: Foreign,
  context: { font: string; measureText(text: string): { width: number } },
): void {
  const box = (element: Foreign): Box => {
    const styled = element.style?.fontSize ? element : element.closest?.('[style*="font-size"]');
    const size = Number.parseFloat(styled?.style.fontSize) || 12;
    context.font = `${/bold|[6-9]00/.test(styled?.style.fontWeight) ? 'bold ' : ''}${size}px "DejaVu Sans"`;
    const spans: { textContent: string }[] = [...element.querySelectorAll('tspan.line')];
    const lines = spans.length > 0 ? spans.map((span) => span.textContent) : [element.textContent ?? ''];
    const width = Math.max(...lines.map((line) => context.measureText(line).width));
    const anchor = { middle: 0.5, end: 1 }[element.getAttribute('text-anchor') as string] ?? 0;
    const left = (Number.parseFloat(element.getAttribute('x')) || 0) - anchor * width;
    // A line of DejaVu Sans reaches 0.93 of its size above the baseline.
    const top = (Number.parseFloat(element.getAttribute('y')) || 0) - 0.93 * size;
    return { x: left, y: top, width, height: lines.length * size * 1.2 };
  };
  const svg = window.SVGElement.prototype;
  svg.getBBox = function () {
    return this.tagName === 'g' ? boxOf(this.children, box) : box(this);
  };
  svg.getComputedTextLength = function () {
    return box(this).width;
  };
  svg.getTotalLength = () => 0;
  svg.getPointAtLength = () => ({ x: 0, y: 0 });
  const element = window.Element.prototype;
  const original = element.getBoundingClientRect;
  // plotly.js keeps axis titles away from tick labels by the bounding box of the group that holds the labels.
  element.getBoundingClientRect = function () {
    if (!/^(text|tspan|g)$/i.test(this.tagName)) return original.call(this);
    const { x, y, width, height } = boxOf([this], box);
    return { x, y, left: x, top: y, right: x + width, bottom: y + height, width, height };
  };
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The box around the text of elements after their translations and rotations. Lines are left out: only labels count. */
function boxOf(elements: Iterable<Foreign>, textBox: (element: Foreign) => Box): Box {
  const boxes = [...elements]
    .flatMap((element) => {
      if (!/^(text|tspan|g)$/.test(element.tagName)) return [];
      const inside = element.tagName === 'g' ? boxOf(element.children, textBox) : textBox(element);
      return inside.width > 0 ? [moved(inside, element.getAttribute('transform') ?? '')] : [];
    })
    .map(({ x, y, width, height }) => ({ left: x, top: y, right: x + width, bottom: y + height }));
  if (boxes.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const [x, y] = [Math.min(...boxes.map(({ left }) => left)), Math.min(...boxes.map(({ top }) => top))];
  const right = Math.max(...boxes.map((each) => each.right));
  const bottom = Math.max(...boxes.map((each) => each.bottom));
  return { x, y, width: right - x, height: bottom - y };
}

/** The axis-parallel box around a box after `translate(x,y)` and `rotate(degrees,x,y)`, applied from last to first. */
function moved(box: Box, transform: string): Box {
  let corners = [0, box.width].flatMap((dx) =>
    [0, box.height].map((dy) => [box.x + dx, box.y + dy] as const),
  );
  for (const [, name, inside] of [...transform.matchAll(/(translate|rotate)\(([^)]*)\)/g)].reverse()) {
    const [first = 0, p = 0, q = 0] = inside!.split(/[\s,]+/).map(Number);
    const [sin, cos] = [Math.sin((first * Math.PI) / 180), Math.cos((first * Math.PI) / 180)];
    corners = corners.map(([x, y]) =>
      name === 'translate'
        ? [x + first, y + p]
        : [p + (x - p) * cos - (y - q) * sin, q + (x - p) * sin + (y - q) * cos],
    );
  }
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}
