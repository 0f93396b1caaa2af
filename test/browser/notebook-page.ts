/** A notebook in JupyterLab, handled as a user does: menus, buttons, keys, and what can be seen on the page. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Download, Locator, Page } from 'playwright-core';
import type { LabServer } from './lab-server';

const SCREENSHOTS = join(__dirname, '..', '..', 'out', 'browser');
const VIEWPORT = { width: 1100, height: 1000 };

/** What a cell printed to standard error, and the message of a failed cell: JupyterLab shows both as the same type. */
export const ERROR = '[data-mime-type="application/vnd.jupyter.stderr"]';

/** Curves, markers and pictures that plotly.js has drawn. */
const DRAWN = ['.scatterlayer path', '.imagelayer image'].map((mark) => `svg.main-svg ${mark}`).join();

export class NotebookPage {
  /** What the page complained of, and whom it asked but its own server. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    readonly name: string,
  ) {}

  /** Opens `notebooks/<name>.ipynb` and waits for its kernel. */
  static async open(
    browser: Browser,
    lab: LabServer,
    name: string,
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<NotebookPage> {
    const context = await browser.newContext({ viewport: VIEWPORT, colorScheme });
    // A busy machine takes its time to load JupyterLab.
    context.setDefaultTimeout(90_000);
    const page = await context.newPage();
    const notebook = new NotebookPage(page, name);
    page.on('console', (message) => {
      if (message.type() === 'error') notebook.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => notebook.complaints.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      const own = url.origin === lab.origin || ['data:', 'blob:'].includes(url.protocol);
      if (!own) notebook.complaints.push(`foreign request: ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) notebook.complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(`${lab.origin}/lab/tree/notebooks/${name}.ipynb?token=${lab.token}&reset`);
    await page.locator('.jp-Notebook .jp-Cell').first().waitFor();
    await page.getByText('TypeScript | Idle').waitFor();
    return notebook;
  }

  /** The cell whose source contains a text. */
  cell(text: string): Locator {
    return this.page
      .locator('.jp-Notebook .jp-CodeCell')
      .filter({ has: this.page.locator('.jp-InputArea', { hasText: text }) })
      .first();
  }

  /** Waits until plotly.js has drawn every chart of the notebook, and counts them. */
  async allCharts(): Promise<number> {
    const charts = await this.page.locator('.jp-RenderedPlotly').all();
    for (const chart of charts) {
      await chart.locator(DRAWN).first().waitFor({ state: 'attached' });
    }
    return charts.length;
  }

  /** How many charts have a size on the page. */
  async visibleCharts(): Promise<number> {
    const charts = await this.page.locator('.jp-RenderedPlotly').all();
    const visible = await Promise.all(charts.map((chart) => chart.isVisible()));
    return visible.filter(Boolean).length;
  }

  async runAll(): Promise<void> {
    await this.page.getByRole('menuitem', { name: 'Run', exact: true }).click();
    await this.page.getByText('Run All Cells', { exact: true }).click();
  }

  /** Clicks into a cell and presses Shift+Enter. */
  async run(cell: Locator): Promise<void> {
    await cell.locator('.cm-content').click();
    await this.page.keyboard.press('Shift+Enter');
  }

  /** Replaces a line of a cell by typing over it. */
  async typeOver(cell: Locator, line: string, text: string): Promise<void> {
    await cell.locator('.cm-line', { hasText: line }).first().click();
    await this.page.keyboard.press('Home');
    await this.page.keyboard.press('Shift+End');
    await this.page.keyboard.insertText(text);
  }

  /** Replaces all of a cell. */
  async replace(cell: Locator, text: string): Promise<void> {
    await cell.locator('.cm-content').click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.keyboard.insertText(text);
  }

  /** What File > Save and Export Notebook As downloads, after the notebook is saved. */
  async exportFromMenu(format: string): Promise<string> {
    await this.page.keyboard.press('ControlOrMeta+S');
    await this.page.getByRole('menuitem', { name: 'File', exact: true }).click();
    await this.page.getByText('Save and Export Notebook As').hover();
    await this.page.getByRole('menuitem', { name: format, exact: true }).click();
    // A dialog asks, among others, whether the page is to be sanitized; its defaults are what most users take.
    const accept = this.page.locator('.jp-Dialog .jp-mod-accept');
    await accept.waitFor();
    await this.page.screenshot({ path: this.picture('-export') });
    // The download belongs to a page that is gone at once.
    const downloaded = new Promise<Download>((resolve) => {
      this.page.once('download', resolve);
      this.page.context().once('page', (opened) => opened.once('download', resolve));
    });
    await accept.click();
    const download = await downloaded;
    return readFileSync(await download.path(), 'utf8');
  }

  /** The stop button of the toolbar. */
  async stop(): Promise<void> {
    await this.page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
  }

  /** Waits until no cell runs or waits. */
  async allFinished(timeout: number): Promise<void> {
    const busy = this.page.locator('.jp-Notebook .jp-InputPrompt', { hasText: '[*]' });
    await busy.first().waitFor();
    const end = Date.now() + timeout;
    while ((await busy.count()) > 0) {
      if (Date.now() > end) throw new Error(`${this.name} still runs after ${timeout / 1000} s`);
      await this.page.waitForTimeout(200);
    }
  }

  /** Messages of failed cells. */
  errors(): Promise<string[]> {
    return this.page.locator(ERROR).allInnerTexts();
  }

  /** Path of a screenshot. */
  picture(suffix: string): string {
    return join(SCREENSHOTS, `${this.name}${suffix}.png`);
  }

  /** The whole notebook in one picture, and each chart in one of its own. */
  async screenshots(suffix = ''): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const scrolled = this.page.locator('.jp-WindowedPanel-outer').first();
    const height = await scrolled.evaluate((element) => (element as unknown as Scrolled).scrollHeight);
    await this.page.setViewportSize({ width: 1100, height: Math.min(10_000, height + 100) });
    await scrolled.evaluate((element) => (element as unknown as Scrolled).scrollTo(0, 0));
    await this.page.waitForTimeout(500);
    await this.page.screenshot({ path: this.picture(suffix) });
    const charts = await this.page.locator('.js-plotly-plot').all();
    for (const [i, chart] of charts.entries()) {
      // A live chart's first drawing stays in the page, hidden, when another took its place.
      if (await chart.isVisible()) await chart.screenshot({ path: this.picture(`${suffix}-chart-${i + 1}`) });
    }
    await this.page.setViewportSize(VIEWPORT);
  }
}

/** Of the page's own types, which are not known here. */
interface Scrolled {
  readonly scrollHeight: number;
  scrollTo(x: number, y: number): void;
}
