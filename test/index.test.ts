import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '../src/index';

const NOTEBOOKS = join(__dirname, '../notebooks');

describe('the public names', () => {
  it('stand for one thing each: what a group has is not exported beside it', () => {
    const { tf: _, figures, tables, grokking, images, ...flat } = library;
    const groups = { figures, tables, grokking, images };
    const named = Object.entries(groups).flatMap(([group, members]) =>
      Object.entries(members).map(([name, member]) => [`${group}.${name}`, member] as const),
    );
    const all = [...Object.entries(flat), ...named].filter(([, member]) => typeof member === 'function');
    const twice = all.filter(([, member], i) => all.findIndex(([, other]) => other === member) < i);
    assert.deepEqual(
      twice.map(([name]) => name),
      [],
    );
  });

  for (const notebook of readdirSync(NOTEBOOKS).filter((name) => name.endsWith('.ipynb'))) {
    it(`are at most a dozen in ${notebook}, and all are exported`, () => {
      const { cells } = JSON.parse(readFileSync(join(NOTEBOOKS, notebook), 'utf8')) as {
        cells: { cell_type: string; source: string[] }[];
      };
      const code = cells.filter(({ cell_type }) => cell_type === 'code').map(({ source }) => source.join(''));
      const imports = code
        .join('\n')
        .matchAll(/^import \{([^}]*)\} from '(?:\.\.|intrinsic-dimension-lab)'/gm);
      const names = [...imports].flatMap(([, list]) => list!.match(/\w+/g) ?? []);
      assert.ok(names.length > 0 && names.length <= 12, `${names.length} names`);
      assert.deepEqual(
        names.filter((name) => !(name in library)),
        [],
      );
    });
  }
});
