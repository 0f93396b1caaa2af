import assert from 'node:assert/strict';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import type { Examples } from '../../src/data/dataset';
import { toPNG, toSVG } from '../../src/figures/figure';
import { picturesFigure } from '../../src/figures/pictures';

/** Pictures of one colour each: red, green, blue, white. */
const COLOURS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];
const examples: Examples = {
  inputs: Uint8Array.from(COLOURS.flatMap((colour) => Array<number[]>(16).fill(colour).flat())),
  inputShape: [4, 4, 3],
  labels: Int32Array.of(3, 1, 2, 0),
  size: 4,
};

describe('picturesFigure', () => {
  it('shows every picture in its place and colour, its class below', async () => {
    const figure = picturesFigure(examples, {
      columns: 2,
      describe: (index, ...rest: unknown[]) => `class ${[index, ...rest]}`,
    });
    const svg = await toSVG(figure);
    assert.equal(svg.match(/<image /g)!.length, 4);
    for (let index = 0; index < 4; index++) assert.match(svg, new RegExp(`>class ${index}<`));
    const picture = await loadImage(await toPNG(figure)); // twice the size
    const canvas = createCanvas(picture.width, picture.height);
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    COLOURS.forEach((colour, index) => {
      const x = 2 * (8 + 66 * (index % 2) + 30);
      const y = 2 * (8 + 78 * Math.floor(index / 2) + 30);
      assert.deepEqual([...context.getImageData(x, y, 1, 1).data], [...colour, 255]);
    });
  });

  it('shows grey pictures, and class numbers by default', async () => {
    const grey = { ...examples, inputShape: [4, 4, 1], size: 3 };
    const figure = picturesFigure(grey, { title: 'Grey', count: 2 });
    assert.deepEqual(figure.data[0]!.text, ['3', '1']);
    assert.match(await toSVG(figure), />Grey</);
  });

  it('refuses what it cannot show', () => {
    assert.throws(() => picturesFigure(examples, { count: 5 }), /5 pictures are asked for: give 1 to 4/);
    const tokens = { ...examples, inputs: new Int32Array(16), inputShape: [4] };
    assert.throws(() => picturesFigure(tokens), /shape \[4\] are not pictures/);
  });
});
