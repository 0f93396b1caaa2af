import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { textWidth, wrapped } from '../../src/figures/text-width';

const fonts = join(require.resolve('dejavu-fonts-ttf/package.json'), '..', 'ttf');
GlobalFonts.registerFromPath(join(fonts, 'DejaVuSans.ttf'), 'Plain');
GlobalFonts.registerFromPath(join(fonts, 'DejaVuSans-Bold.ttf'), 'Bold');

describe('the width of text', () => {
  it('is that of DejaVu Sans', () => {
    const measure = createCanvas(1, 1).getContext('2d');
    const texts = [
      'weight decay: r = -0.82, 20 runs',
      'validation accuracy (%)',
      'transformer.h.1.mlp',
      '10,000',
    ];
    for (const text of texts) {
      measure.font = '12px "Plain"';
      const width = measure.measureText(text).width;
      // The table is rounded to hundredths of the size, and pairs of letters may stand closer.
      assert.ok(
        Math.abs(textWidth(text, 12) / width - 1) < 0.02,
        `${text}: ${textWidth(text, 12)} and ${width}`,
      );
      measure.font = '12px "Bold"';
      const bold = measure.measureText(text).width;
      // Letters differ in how much wider they are when bold.
      assert.ok(Math.abs(textWidth(`<b>${text}</b>`, 12) / bold - 1) < 0.06, text);
    }
  });

  it('breaks lines between words', () => {
    const lines = wrapped('one two three four<br>five', textWidth('one two thr', 12), 12);
    assert.deepEqual(lines, ['one two', 'three four', 'five']);
    assert.deepEqual(wrapped('incomprehensibilities', 10, 12), ['incomprehensibilities']);
  });
});
