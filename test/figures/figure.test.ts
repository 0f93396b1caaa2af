import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import sharp from 'sharp';
import { type Figure, figureBundle, show, toHTML, toPNG, toSVG } from '../../src/figures/figure';
import { withEmbeddedFonts } from '../../src/figures/fonts';
import { toPDF } from '../../src/figures/pdf';
import { darkRules } from '../../src/figures/style';
import { table, tableBundle } from '../../src/figures/table';

const line: Figure = {
  data: [{ type: 'scatter', mode: 'lines', name: 'a line', x: [1, 2, 3], y: [2, 4, 8] }],
  layout: { title: { text: 'Doubling</script>' }, xaxis: { title: { text: 'day' } } },
};

/** What a function prints. */
async function printed(body: () => Promise<void>): Promise<string> {
  const log = console.log;
  const lines: string[] = [];
  console.log = (...words: unknown[]) => lines.push(words.join(' '));
  try {
    await body();
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}

describe('figure', () => {
  it('draws an SVG with the trace, the title and the axis title inside the picture', async () => {
    const svg = await toSVG(line);
    assert.match(svg, /^<svg/);
    assert.match(svg, /width="700" height="420"/);
    assert.match(svg, /class="trace scatter/);
    assert.match(svg, />day<\/text>/);
    const place = /class="xtitle"[^>]* x="([\d.]+)" y="([\d.]+)"/.exec(svg);
    assert.ok(place, 'the axis has a title');
    assert.ok(
      Number(place[2]) > 370 && Number(place[2]) < 420,
      `the title is below the axis, at ${place[2]}`,
    );
  });

  it('draws the same file again, and gives other figures other names for their definitions', async () => {
    const svg = await toSVG(line);
    assert.ok((await toSVG(line)) === svg, 'drawn again it is another file');
    const names = (text: string): string[] => [...text.matchAll(/id="([^"]+)"/g)].map(([, name]) => name!);
    const other = await toSVG({ ...line, layout: { title: { text: 'Another' } } });
    assert.ok(names(svg).length > 3);
    assert.deepEqual(
      names(svg).filter((name) => names(other).includes(name)),
      [],
    );
    for (const [, used] of svg.matchAll(/url\('?#([^')]+)/g)) assert.ok(names(svg).includes(used!), used);
  });

  it('does not change the figure that it draws', async () => {
    const before = structuredClone(line);
    await toSVG(line);
    assert.deepEqual(line, before);
  });

  it('takes the size from the call, then from the layout', async () => {
    assert.match(await toSVG(line, { width: 500, height: 300 }), /width="500" height="300"/);
    const sized = { ...line, layout: { ...line.layout, width: 900 } };
    assert.match(await toSVG(sized), /width="900" height="420"/);
  });

  it('draws a PNG of twice the size, with text', async () => {
    const png = await toPNG(line);
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.equal(png.readUInt32BE(16), 1400);
    assert.equal(png.readUInt32BE(20), 840);
    const untitled = await toPNG({ data: line.data });
    assert.ok(png.length > untitled.length + 1000, 'the title takes room');
  });

  it('gives one bundle without HTML', async () => {
    const bundle = await figureBundle(line);
    const types = ['application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain'];
    assert.deepEqual(Object.keys(bundle), types);
  });

  it('makes a page that loads nothing', () => {
    const page = toHTML(line, { title: 'A <line>' });
    assert.match(page, /<title>A &lt;line&gt;<\/title>/);
    assert.match(page, /plotly\.js v4/);
    assert.doesNotMatch(page, /<(script|link|img)[^>]*(src|href)=/);
    assert.equal(page.match(/<\/script>/g)?.length, 2, "the title's end of a script is escaped");
  });

  it('prints a line outside a notebook', async () => {
    assert.equal(await printed(() => show(line)), 'Figure: Doubling (a line)');
  });

  it('shows a plain object, readonly or not', async () => {
    const plain = { data: [{ type: 'scatter', x: [1, 2], y: [3, 4] }], layout: { title: { text: 'Plain' } } };
    assert.equal(await printed(() => show(plain)), 'Figure: Plain');
    const constant = { data: [{ type: 'bar', x: ['a'], y: [1], name: 'of its own' }] } as const;
    assert.equal(await printed(() => show(constant)), 'Figure: 1 trace (of its own)');
    await assert.rejects(show({ data: [{ type: 'scater' }] }), {
      message: "data[0].type is 'scater', which plotly.js does not know: did you mean 'scatter'?",
    });
    // @ts-expect-error numbers are no traces
    await assert.rejects(show({ data: 5 }), /the data of a figure must be a list of traces, got number/);
  });

  it('refuses a figure without traces, and a picture of what needs WebGL', async () => {
    await assert.rejects(toSVG({ data: [] }), /at least one trace/);
    await assert.rejects(toSVG({ data: [{ type: 'scatter3d' }] }), /'scatter3d'.*WebGL/);
  });
});

describe('figures on dark pages', () => {
  const colours = (svg: string): string[] =>
    [...svg.matchAll(/(?:fill|background): (rgb\([^)]*\))/g)].map(([, at]) => at!);

  it('have a rule for every colour of text and paper that is drawn', async () => {
    const svg = await toSVG(line);
    const inside = svg.slice(svg.indexOf('</style>'));
    assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
    const texts = colours([...inside.matchAll(/<text [^>]*>/g)].map(([tag]) => tag).join());
    assert.ok(texts.length > 5);
    for (const colour of texts) assert.ok(darkRules('').includes(`fill: ${colour}`), colour);
    assert.match(inside, /<rect x="0" y="0" width="700" height="420" style="fill: rgb\(255, 255, 255\)/);
  });

  it('have marks as bright as what explains them', async () => {
    const svg = await toSVG({
      data: [
        { type: 'scatter', x: [1, 2], y: [1, 2], name: 'line', mode: 'lines+markers', legend: 'legend2' },
        {
          type: 'scatter',
          x: [1, 2],
          y: [2, 1],
          name: 'points',
          mode: 'markers',
          marker: { color: [1, 2], showscale: true },
        },
        { type: 'bar', x: [1, 2], y: [1, 2], name: 'bar' },
      ],
      layout: { showlegend: true, legend2: { x: 0.5 } },
    } as Figure);
    const { document } = new JSDOM(svg, { contentType: 'image/svg+xml' }).window;
    const [, brightened = ''] = /(.*) \{ filter: brightness/.exec(darkRules('svg'))!;
    const isBright = (mark: string): boolean[] => [
      ...new Set([...document.querySelectorAll(mark)].map((found) => found.closest(brightened) !== null)),
    ];
    for (const mark of ['.scatterlayer path', '.cbfill', '.legend2 .legendlines path', '.legend .scatterpts'])
      assert.deepEqual(isBright(mark), [true], mark);
    for (const mark of ['.barlayer path', '.legendpoints > :not(.scatterpts)'])
      assert.deepEqual(isBright(mark), [false], mark);
  });

  it('have the same rules in JupyterLab', () => {
    const path = join(__dirname, '..', '..', 'scripts', 'jupyter', 'custom', 'custom.css');
    const rules = darkRules('[data-jp-theme-light="false"] .js-plotly-plot');
    assert.ok(readFileSync(path, 'utf8').includes(rules), `write these rules into ${path}:\n${rules}`);
  });
});

describe('files for papers', () => {
  const captioned: Figure = { ...line, caption: 'Counts <by> day. Data: 3 days; commit 1a2b3c4.' };

  it('are PDF of the size of the figure with the fonts inside and the caption in the properties', async () => {
    const pdf = (await toPDF(captioned, { width: 312, height: 200 })).toString('latin1');
    for (const part of [
      '%PDF',
      '/MediaBox [0 0 234 150]',
      '/FontFile2',
      'DejaVuSans',
      '(Counts <by> day. Data',
    ])
      assert.ok(pdf.includes(part), `${part} is missing`); // 72 points are 96 pixels
  });

  it('are SVG with the caption, and with the letters that it uses inside', async () => {
    const svg = await toSVG(captioned);
    assert.match(svg, /<desc>Counts &lt;by&gt; day\. Data: 3 days; commit 1a2b3c4\.<\/desc>/);
    const embedded = await withEmbeddedFonts(svg);
    const [, font] = /url\(data:font\/woff2;base64,([^)]+)\)/.exec(embedded)!;
    assert.equal(Buffer.from(font!, 'base64').toString('latin1', 0, 4), 'wOF2');
    // The whole font has 750 kB.
    assert.ok(font!.length < 40_000, `${font!.length} bytes`);
    assert.equal(embedded.match(/@font-face/g)?.length, 1, 'no letter is bold');
  });

  it('are PNG with the caption in their Exif data', async () => {
    const { exif } = await sharp(await toPNG(captioned)).metadata();
    assert.match(exif!.toString('latin1'), /commit 1a2b3c4/);
  });
});

describe('table', () => {
  const contents = table([
    { name: 'ours | here', step: 2698.4, share: 0.00012 },
    { name: '<paper>', step: 3300, share: undefined },
  ]);

  it('prints aligned columns, four digits, and a dash for what is missing', async () => {
    assert.equal(
      await printed(() => show(contents)),
      'name          step   share\nours | here  2,698  1.2e-4\n<paper>      3,300       –',
    );
  });

  it('writes the numbers of a column alike', () => {
    const column = (values: readonly (number | null)[]): string[] =>
      String(tableBundle(table(values.map((x) => ({ x }))))['text/plain'])
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    assert.deepEqual(column([11.648, 6.2853, 0]), ['11.65', '6.29', '0.00']);
    assert.deepEqual(column([0.949, 0.95, 1]), ['0.949', '0.950', '1.000']);
    assert.deepEqual(column([0.3, 0.25, null]), ['0.30', '0.25', '–']);
    assert.deepEqual(column([23_379, 7, 0]), ['23,379', '7', '0']);
    assert.deepEqual(column([0, 1e-4, 1e-3, 5e-2]), ['0', '1e-4', '1e-3', '5e-2']);
    assert.deepEqual(column([-1.5, 20]), ['−1.5', '20.0']);
    assert.deepEqual(column([2701.3, 1, 25.52, 12.13]), ['2,701.3', '1.0', '25.5', '12.1']);
    assert.deepEqual(column([0.001, 85, 108]), ['0.001', '85.000', '108.000']);
    assert.deepEqual(column([0.1 + 0.2, 0.5]), ['0.3', '0.5']);
  });

  it('is folded with more than 20 rows, and says how many', () => {
    const html = (rows: number): unknown =>
      tableBundle(
        table(
          Array.from({ length: rows }, (_, i) => ({ i })),
          { caption: 'Numbers' },
        ),
      )['text/html'];
    assert.match(String(html(21)), /^<details><summary>Numbers \(21 rows\)<\/summary>\n<table>\n<thead>/);
    assert.match(String(html(20)), /^<table><caption>Numbers<\/caption>/);
  });

  it('refuses a table without columns', () => {
    assert.throws(() => table([]), /at least one row/);
  });
});
