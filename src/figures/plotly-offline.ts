/** Runs plotly.js without a browser: a page of jsdom whose text is measured by a canvas. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The one function of plotly.js that static pictures need. */
interface PictureMaker {
  toImage(
    figure: { data: unknown; layout: unknown },
    options: { format: 'svg'; width: number; height: number; imageDataOnly: true },
  ): Promise<string>;
}

// biome-ignore lint/suspicious/noExplicitAny: jsdom's objects have no types for what they lack
type Foreign = any;

let loading: Promise<PictureMaker> | undefined;

/** Loads plotly.js into a page; about a second, once, on the first picture. */
export function offlinePlotly(): Promise<PictureMaker> {
  loading ??= load();
  return loading;
}

/** The source of plotly.js, for pages that must work without a network. */
export function plotlySource(): string {
  return readFileSync(require.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8');
}

/** Folder of the bundled fonts, so that pictures have text on machines without any font. */
export function fontFolder(): string | undefined {
  try {
    const folder = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
    return existsSync(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function load(): Promise<PictureMaker> {
  const { JSDOM } = await import('jsdom');
  const canvas = await import('@napi-rs/canvas');
  const folder = fontFolder();
  if (folder) canvas.GlobalFonts.registerFromPath(join(folder, 'DejaVuSans.ttf'), 'DejaVu Sans');

  // The page is a foreign world without types: everything below adds what jsdom lacks and plotly.js asks for.
  const page = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    pretendToBeVisual: true,
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

/** Text has no size in jsdom; plotly.js needs it for margins, legends and ticks. */
function measureText(
  window: Foreign,
  context: { font: string; measureText(text: string): { width: number } },
): void {
  const box = (element: Foreign): { x: number; y: number; width: number; height: number } => {
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
    return box(this);
  };
  svg.getComputedTextLength = function () {
    return box(this).width;
  };
  svg.getTotalLength = () => 0;
  svg.getPointAtLength = () => ({ x: 0, y: 0 });
  const element = window.Element.prototype;
  const original = element.getBoundingClientRect;
  element.getBoundingClientRect = function () {
    if (!/^(text|tspan)$/i.test(this.tagName)) return original.call(this);
    const { x, y, width, height } = box(this);
    return { x, y, left: x, top: y, right: x + width, bottom: y + height, width, height };
  };
}
