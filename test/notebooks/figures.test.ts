import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, toSVG } from '../../src/figures/figure';
import { svgFaults } from '../figures/text-boxes';
import { THOROUGH } from '../thorough';

const FOLDER = join(__dirname, '..', '..', 'notebooks');

/** A figure as a notebook holds it. */
interface Stored {
  readonly figure: Figure;
  /** As wide as a small cell. */
  readonly svg: string;
}

function storedFigures(name: string): Stored[] {
  const { cells } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as {
    cells: { outputs?: { data?: Record<string, unknown> }[] }[];
  };
  return cells
    .flatMap(({ outputs = [] }) => outputs)
    .flatMap(({ data = {} }) => {
      const figure = data['application/vnd.plotly.v1+json'] as Figure | undefined;
      return figure ? [{ figure, svg: [data['image/svg+xml'] ?? ''].flat().join('') }] : [];
    });
}

describe('the text of figures in notebooks', function () {
  this.timeout(240_000);

  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.ipynb'))) {
    it(`of ${name} overlaps nowhere, is whole, and has contrast, light and dark`, async () => {
      for (const [i, { figure, svg }] of storedFigures(name).entries()) {
        assert.deepEqual(svgFaults(svg), [], `figure ${i + 1}`);
        // Drawing takes seconds, and `npm test` draws other figures in a wide cell.
        const wide = THOROUGH ? svgFaults(await toSVG(figure, { width: 1280 })) : [];
        assert.deepEqual(wide, [], `figure ${i + 1} in a wide cell`);
      }
    });
  }
});
