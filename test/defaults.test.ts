import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ESTIMATOR_OPTIONS } from '../src/intrinsic-dimension/estimators/registry';

const ROOT = join(__dirname, '..');

interface Documented {
  /** `src/training/trainer.ts: seed` */
  readonly option: string;
  readonly documented: string;
  /** What the code of the same file uses, where it says a literal or one of its constants. */
  readonly used: readonly string[];
}

/** The options of a file whose documentation has a number, a word in quotation marks, true or false after `@default`. */
function documentedDefaults(file: string): Documented[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const options = text.matchAll(
    /\/\*\*(?:(?!\*\/)[\s\S])*@default (-?[\d.e_]*\d|'[^']*'|true|false)\s*\*\/\s*(?:readonly )?(\w+)\?/g,
  );
  return [...options].map(([, documented, name]) => {
    // `name = 1` and `name: another = 1` in a destructured object, `options.name ?? 1`, and `name: 1` in an object of defaults
    const literal = `-?[\\d.e_]*\\d|'[^']*'|true|false`;
    const uses = text.matchAll(
      new RegExp(
        `\\b${name}(?:(?:: \\w+)? = | \\?\\? )(${literal}|[A-Z_]{3,})|\\b${name}: (${literal}),`,
        'g',
      ),
    );
    const constant = (value: string): string =>
      new RegExp(`const ${value}(?:: \\w+)? = (\\S+);`).exec(text)?.[1] ?? value;
    return {
      option: `${file}: ${name}`,
      documented: documented!,
      used: [...uses].map(([, value, inObject]) => inObject ?? constant(value!)),
    };
  });
}

const plain = (value: string): string => (value.startsWith("'") ? value : value.replaceAll('_', ''));

describe('defaults', () => {
  it('of options stand in the file that uses them, which documents the same', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const all = files
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => documentedDefaults(`src/${name}`));
    assert.ok(all.length > 30, `${all.length} options`);
    const wrong = all.filter(
      ({ documented, used }) =>
        // An option that is false unless given needs no default in the code.
        (used.length === 0 && documented !== 'false') ||
        used.some((value) => plain(value) !== plain(documented)),
    );
    assert.deepEqual(wrong, []);
  });

  it('that docs/intrinsic-dimension.md names are those of the estimators', () => {
    const text = readFileSync(join(ROOT, 'docs/intrinsic-dimension.md'), 'utf8');
    let compared = 0;
    for (const { name, estimators, defaultText, default: value } of ESTIMATOR_OPTIONS) {
      if (typeof value !== 'number' && typeof value !== 'function') continue;
      for (const estimator of estimators) {
        const row = text.split('\n').find((line) => line.startsWith(`| \`${estimator}\``));
        if (!row?.split(' | ')[1]?.includes(`\`${name}\``)) continue;
        compared++;
        const shown = defaultText.replace(/^0\./, '.').replace(/[a-z]\w*$/, '`$&`');
        assert.ok(
          row.includes(`\`${name}\` ${shown}`),
          `${estimator}: \`${name}\` ${shown} is not in: ${row}`,
        );
      }
    }
    assert.ok(compared > 5, `${compared} defaults`);
  });
});
