import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import { type Browser, chromium } from 'playwright-core';
import { grokkingConfig } from '../../src/experiments/grokking-config';
import { runName } from '../../src/experiments/registry';
import { measurementSteps } from '../../src/records/due-steps';
import { readRun } from '../../src/records/run-record';
import { figureFaults } from './figure-text';
import { type LabServer, startLab } from './lab-server';
import { ERROR, NotebookPage } from './notebook-page';

/** Every cell stands in the page, also out of sight, so that it can be found. */
const SETTINGS = {
  '@jupyterlab/notebook-extension:tracker': { windowingMode: 'none' },
  '@jupyterlab/apputils-extension:themes': { 'adaptive-theme': true },
};
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** All but those that have tests of their own. */
const NOTEBOOKS = readdirSync(join(__dirname, '..', '..', 'notebooks'))
  .filter((file) => file.endsWith('.ipynb') && !['4-grokking.ipynb', 'start-here.ipynb'].includes(file))
  .map((file) => file.slice(0, -'.ipynb'.length));

/** What is typed into the parameters cells: seconds instead of minutes. */
const SMALL_IMAGES = { steps: 20, measureEvery: 10, validationImages: 200 };
const SMALL = { prime: 23, batchSize: 64, steps: 60, measureEvery: 20, earlyMeasurements: 0 };
const LONG = 400;
const CONFIG = grokkingConfig({ ...SMALL, steps: LONG, weightDecay: 0.5 });

describe('JupyterLab in a browser', function () {
  this.timeout(240_000);
  let lab: LabServer;
  let browser: Browser;
  const opened: NotebookPage[] = [];
  /** What the test has opened, if it came so far. */
  let current: NotebookPage | undefined;

  before(async () => {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    [lab, browser] = await Promise.all([
      startLab(SETTINGS),
      chromium.launch({ executablePath, args: FLAGS }),
    ]);
  });
  after(async () => {
    await browser?.close();
    await lab?.stop();
  });

  afterEach(async function () {
    // A page that is gone must not hide why the test failed, nor end the tests that follow.
    if (this.currentTest?.state === 'failed')
      await current
        ?.screenshots('-failed')
        .catch((error: Error) => console.log(`      no picture of the failure: ${error.message}`));
    await current?.page.context().close();
    current = undefined;
    await lab.endKernels();
  });

  async function open(name: string, scheme?: 'light' | 'dark'): Promise<NotebookPage> {
    current = await NotebookPage.open(browser, lab, name, scheme);
    opened.push(current);
    return current;
  }

  /** Without an error, and the number of charts. */
  async function runFromTopToBottom(notebook: NotebookPage): Promise<number> {
    await notebook.runAll();
    await notebook.allFinished(150_000);
    const charts = await notebook.allCharts();
    await notebook.screenshots();
    assert.deepEqual(await notebook.errors(), []);
    assert.deepEqual(await figureFaults(notebook.page), []);
    return charts;
  }

  for (const [i, name] of NOTEBOOKS.entries()) {
    const scheme = i % 2 === 0 ? 'dark' : 'light';
    it(`runs ${name} from top to bottom, with charts, on a ${scheme} page`, async () => {
      const notebook = await open(name, scheme);
      const parameters = notebook.cell('const parameters');
      const lines = await parameters.locator('.cm-line').allInnerTexts();
      for (const [key, value] of Object.entries(SMALL_IMAGES)) {
        if (lines.some((line) => line.trim().startsWith(`${key}:`)))
          await notebook.typeOver(parameters, `${key}:`, `${key}: ${value},`);
      }
      const charts = await runFromTopToBottom(notebook);
      assert.ok(charts >= 3, `${charts} charts`);
      // The window was made larger and smaller again for the screenshots.
      assert.equal(await notebook.visibleCharts(), charts);
    });
  }

  it('leads through the first notebook, shows values, stops fit, and exports a page from the menu', async () => {
    const notebook = await open('start-here', 'dark');
    const { page } = notebook;
    assert.match(await page.content(), /"preferredPath": "\/?notebooks"/);
    // What File > New > Notebook proposes.
    const kernels = await fetch(`${lab.origin}/api/kernelspecs?token=${lab.token}`);
    assert.equal(((await kernels.json()) as { default: string }).default, 'tslab');
    await notebook.runAll();
    // Also with cells in the queue.
    await page.getByText('TypeScript | Busy').waitFor();
    await notebook.allFinished(150_000);
    assert.deepEqual(await notebook.errors(), []);
    assert.equal(await notebook.allCharts(), 2);
    await notebook.screenshots();

    // A frame with many columns: the table can be scrolled, the page not.
    const wide = `import { DataFrame } from 'danfojs-node';
const columns = Array.from({ length: 60 }, (_, i) => 'column ' + i);
new DataFrame([columns.map((_, i) => i / 7)], { columns: columns }).describe()`;
    await notebook.replace(notebook.cell('data: [{'), wide);
    const last = notebook.cell('new DataFrame');
    await notebook.run(last);
    await notebook.allFinished(60_000);
    const table = last.locator('.jp-RenderedHTML table');
    await table.getByText('variance').waitFor();
    const box = (await last.boundingBox())!;
    assert.ok(box.width < 1100, `the cell is ${box.width} pixels wide`);
    await last.screenshot({ path: notebook.picture('-wide') });

    const training = notebook.cell('const model = tf.sequential');
    await notebook.typeOver(training, 'epochs: 5', 'epochs: 5000,');
    await notebook.run(training);
    await training.getByText('epoch 1:').waitFor({ timeout: 60_000 });
    await page.getByText('TypeScript | Busy').waitFor();
    const pressed = Date.now();
    await notebook.stop();
    await training.getByText('training stopped after a batch').waitFor({ timeout: 60_000 });
    console.log(`      fit stopped ${Date.now() - pressed} ms after the button was pressed`);
    await page.getByText('TypeScript | Idle').waitFor();

    const exported = await notebook.exportFromMenu('HTML');
    const { document } = new JSDOM(exported).window;
    const text = document.querySelector('main')!.textContent!;
    assert.doesNotMatch(text, /<\/?(h1|p|table|thead|caption)[ >]/, 'tags stand in the page as text');
    assert.ok(document.querySelector('h1'));
    assert.equal(document.querySelectorAll('img[src^="data:image/svg+xml"]').length, 1);
    assert.ok(document.querySelector('main table thead th'));
  });

  it('edits parameters, trains, stops, goes on, and shows what another parameter gives', async () => {
    const notebook = await open('4-grokking');
    const { page } = notebook;
    const parameters = notebook.cell('const parameters = grokking.config');
    const training = notebook.cell('trainLive(parameters');
    for (const [key, value] of Object.entries(SMALL)) {
      await notebook.typeOver(parameters, `${key}:`, `${key}: ${value},`);
    }

    // All of it, in a small form.
    // live, layers, profile, its fit, the run, the grid, estimators, and two of the public code's validation
    assert.equal(await runFromTopToBottom(notebook), 9);

    // Another weight decay: a run of its own, stopped in the middle.
    await notebook.typeOver(parameters, 'weightDecay:', 'weightDecay: 0.5,');
    await notebook.typeOver(parameters, 'steps:', `steps: ${LONG},`);
    await notebook.run(parameters);
    await notebook.run(training);
    // While it trains, the cell shows a sketch that follows: a picture whose source changes.
    const sketched = training.locator('.jp-RenderedSVG img');
    await sketched.waitFor({ timeout: 60_000 });
    await training.getByText('If you reopen this notebook').waitFor();
    const first = await sketched.getAttribute('src');
    await training.screenshot({ path: notebook.picture('-live') }); // the sketch itself is replaced again and again
    const end = Date.now() + 60_000;
    while ((await sketched.getAttribute('src')) === first && Date.now() < end) await page.waitForTimeout(50);
    assert.notEqual(await sketched.getAttribute('src'), first, 'the chart does not follow');
    await notebook.stop();
    await training.getByText('Interrupted').waitFor({ timeout: 60_000 });
    const path = join(lab.folder, 'out', 'runs', `${runName(CONFIG)}.jsonl`);
    const stopped = readRun(path);
    assert.equal(stopped.done, undefined);
    assert.ok(stopped.measurements.length > 0);

    // Again: it goes on from there, to the record of a run that nobody stopped.
    await notebook.run(training);
    await notebook.allFinished(120_000);
    assert.deepEqual(await notebook.errors(), []);
    const resumed = readRun(path);
    assert.deepEqual(resumed.measurements.slice(0, stopped.measurements.length), stopped.measurements);
    assert.deepEqual(
      resumed.measurements.map(({ step }) => step),
      [...measurementSteps(CONFIG)].sort((a, b) => a - b),
    );
    assert.equal(resumed.done?.step, LONG);
    // The first run is in the figure, named by what differs.
    await training.locator('.legendtext', { hasText: 'validation: weightDecay=0.01' }).waitFor();

    await training.locator('.js-plotly-plot').screenshot({ path: notebook.picture('-resumed') });

    // Unchanged parameters: the run is there already.
    const before = Date.now();
    await notebook.run(training);
    await notebook.allFinished(60_000);
    assert.deepEqual(readRun(path), resumed);
    console.log(`      a finished run is shown again in ${Date.now() - before} ms`);

    // A wrong key and a wrong value are marked with the place and the nearest key, and nothing runs.
    await notebook.typeOver(parameters, 'batchSize:', 'batchSzie: 64,');
    await notebook.run(parameters);
    await parameters.locator(ERROR).waitFor();
    assert.match((await notebook.errors()).join(), /batchSzie[\s\S]*batchSize/);
    await parameters.screenshot({ path: notebook.picture('-wrong-key') });
  });

  it('has no error on the console and in the terminal, and asks no other host', () => {
    assert.ok(opened.length > 0);
    assert.doesNotMatch(lab.log(), /Warning: |unknown msg_type/);
    assert.deepEqual(
      opened.flatMap(({ complaints }) => complaints),
      [],
    );
  });
});
