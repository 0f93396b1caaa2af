/** The text of all figures on a page, as the browser has drawn it: nothing overlaps, is cut off, or is too faint. */
import type { Page } from 'playwright-core';
import { type TextBox, textFaults } from '../figures/text-boxes';

/** Widths of a figure in pixels. */
const WIDTHS = [700, 1280];

/** What a page tells of one figure. */
interface DrawnFigure {
  readonly size: { readonly width: number; readonly height: number };
  readonly boxes: readonly TextBox[];
}

/** What is wrong with any figure where the cells are so narrow and so wide; the window has its size again afterwards. */
export async function figureFaults(page: Page): Promise<string[]> {
  const before = page.viewportSize()!;
  const found: string[] = [];
  for (const width of WIDTHS) {
    const [chart] = await drawn(page);
    if (!chart) return found;
    const window = page.viewportSize()!;
    await page.setViewportSize({ ...window, width: Math.round(window.width + width - chart.size.width) });
    // plotly.js draws again soon after its box has another size.
    await page.waitForTimeout(1500);
    for (const [i, { boxes, size }] of (await drawn(page)).entries())
      found.push(...textFaults(boxes, size).map((fault) => `${size.width} px, figure ${i + 1}: ${fault}`));
  }
  await page.setViewportSize(before);
  return found;
}

/**
 * Every figure that can be seen. The function runs in the page, whose types are not known here; it names no function of
 * its own, since the names that the tests' loader gives to functions are not known there.
 */
function drawn(page: Page): Promise<DrawnFigure[]> {
  return page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: the page's own types
    const { document, getComputedStyle } = globalThis as any;
    return [...document.querySelectorAll('.js-plotly-plot')]
      .filter((chart) => chart.getBoundingClientRect().height > 0)
      .map((chart) => {
        const frame = chart.querySelector('.main-svg').getBoundingClientRect();
        const paper = getComputedStyle(chart.querySelector('.main-svg')).backgroundColor;
        const boxes = [...chart.querySelectorAll('.main-svg text')].flatMap((text, element) => {
          let opacity = 1;
          for (let at = text; at !== null; at = at.parentElement)
            opacity *= Number(getComputedStyle(at).opacity);
          if (opacity === 0 || text.closest('.hoverlayer, defs') !== null) return [];
          const lines = [...text.querySelectorAll('tspan.line')];
          const bar = text.classList.contains('bartext-inside') && text.parentElement.querySelector('path');
          return (lines.length > 0 ? lines : [text]).flatMap((line) => {
            const words = line.textContent.replaceAll('\u200b', '').trim();
            const { left, right, top, bottom } = line.getBoundingClientRect();
            if (words === '' || right === left) return [];
            const corners = [
              [left, top],
              [right, top],
              [right, bottom],
              [left, bottom],
            ].map(([x, y]) => ({ x: x - frame.left, y: y - frame.top }));
            const ground = bar ? getComputedStyle(bar).fill : paper;
            return [{ text: words, element, corners, colour: getComputedStyle(line).fill, opacity, ground }];
          });
        });
        return { size: { width: frame.width, height: frame.height }, boxes };
      });
  });
}
