import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import sharp from 'sharp';
import { IMAGE_FOLDER, imageFolder } from '../../src/data/image-folder';
import { IMAGES, imagesConfig } from '../../src/experiments/images-config';

const PROJECT = join(__dirname, '..', '..');
const FIXTURE = join(PROJECT, 'test', 'fixtures', 'image-folder');

describe('an image folder', () => {
  let folder: string;
  let downloads: string | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'image-folder-'));
    downloads = process.env['ID_DOWNLOADS'];
    process.env['ID_DOWNLOADS'] = join(folder, 'downloads');
  });
  afterEach(() => {
    if (downloads === undefined) delete process.env['ID_DOWNLOADS'];
    else process.env['ID_DOWNLOADS'] = downloads;
    rmSync(folder, { recursive: true });
  });

  const pictures = (): string => join(folder, 'pictures');
  /** Writes a picture of one colour. */
  const put = async (name: string, grey: number, size = 32, channels: 1 | 3 = 1): Promise<void> => {
    const path = join(pictures(), name);
    mkdirSync(dirname(path), { recursive: true });
    const raw = { width: size, height: size, channels };
    const picture = sharp(Buffer.alloc(size * size * channels, grey), { raw });
    await (channels === 1 ? picture.toColourspace('b-w') : picture).toFile(path);
  };
  /** Two classes with two pictures to train on and one to validate. */
  const putSome = async (channels: 1 | 3 = 1): Promise<void> => {
    for (const [i, name] of [
      'train/b/1',
      'train/b/2',
      'train/a/1',
      'train/a/2',
      'test/a/1',
      'test/b/1',
    ].entries())
      await put(`${name}.png`, 10 * (i + 1), 32, channels);
  };
  const load = async (options = {}): ReturnType<typeof imageFolder> => imageFolder(pictures(), options);

  it('is read with the classes in the order of their names', async () => {
    await putSome();
    const { train, validation, classes, describe: words } = await load();
    assert.equal(classes, 2);
    assert.deepEqual(train.inputShape, [32, 32, 1]);
    const numbers = (split: typeof train): number[][] =>
      [...split.labels.keys()].map((i) => [split.inputs[i * 1024]!, split.labels[i]!]);
    assert.deepEqual(numbers(train).sort(), [
      [10, 1],
      [20, 1],
      [30, 0],
      [40, 0],
    ]);
    assert.deepEqual(numbers(validation), [
      [50, 0],
      [60, 1],
    ]);
    assert.equal(words!(0, 'validation'), 'a');
  });

  it('is found from the working folder, and from the project where a setting names it', async () => {
    await putSome();
    const before = process.cwd();
    try {
      process.chdir(folder);
      assert.equal((await imageFolder('pictures')).train.size, 4);
      const named = await IMAGE_FOLDER.load({}, { folder: relative(PROJECT, FIXTURE) });
      assert.ok(named.train.size > 0);
    } finally {
      process.chdir(before);
    }
  });

  it('gives the pixels that Pillow gives', async () => {
    // PNG with a palette, transparency, grey and 1 bit; JPEG with whole and subsampled colours, progressive, grey, turned
    const { train, validation } = await imageFolder(FIXTURE, { trainFraction: 0.5 });
    const found = [train, validation].flatMap(({ inputs, size }) =>
      Array.from({ length: size }, (_, i) => sha256(inputs.slice(i * 3072, (i + 1) * 3072) as Uint8Array)),
    );
    const pillow = JSON.parse(readFileSync(join(FIXTURE, 'pillow.json'), 'utf8')) as Record<string, string>;
    const missing = Object.keys(pillow).filter((name) => !found.includes(pillow[name]!));
    assert.deepEqual(missing, []);
    assert.equal(found.length, Object.keys(pillow).length);
  });

  it('is decoded once, and again when a file has changed', async () => {
    await putSome();
    const cached = (): string[] => readdirSync(join(folder, 'downloads', 'decoded'));
    const path = join(pictures(), 'test', 'a', '1.png');
    utimesSync(path, 1e9, 1e9);
    const first = await load();
    const [file] = cached();
    const kept = readFileSync(join(folder, 'downloads', 'decoded', file!));
    // The cache is what is read: a picture that changes neither its size nor its time stays as it was.
    writeFileSync(path, Buffer.alloc(statSync(path).size));
    utimesSync(path, 1e9, 1e9);
    assert.ok(Buffer.from((await load()).validation.inputs).equals(Buffer.from(first.validation.inputs)));
    await put('test/a/1.png', 99);
    assert.equal((await load()).validation.inputs[0], 99);
    assert.deepEqual(cached(), [file]);
    // Damage is noticed.
    const now = readFileSync(join(folder, 'downloads', 'decoded', file!));
    now[now.length - 1]! ^= 1;
    writeFileSync(join(folder, 'downloads', 'decoded', file!), now);
    assert.equal((await load()).validation.inputs.at(-1), 60);
    for (const bytes of [kept.subarray(0, 100), Buffer.alloc(0)]) {
      writeFileSync(join(folder, 'downloads', 'decoded', file!), bytes);
      assert.equal((await load()).validation.inputs[0], 99);
    }
  });

  it('needs imageSize for pictures of different sizes', async () => {
    await putSome();
    await put('train/b/3.png', 7, 48);
    await assert.rejects(load(), /b.3\.png is 48 x 48 and .*a.1\.png is 32 x 32 pixels: give imageSize=32/);
    const { train, validation } = await load({ imageSize: 40 });
    assert.deepEqual(train.inputShape, [40, 40, 1]);
    assert.deepEqual([train.size, validation.size], [5, 2]);
    // A picture of one colour keeps it, whatever its size.
    assert.deepEqual([...new Set(train.inputs)].sort(), [10, 20, 30, 40, 7]);
  });

  it('makes colour pictures of grey ones among them, and says so', async () => {
    await putSome(3);
    await put('train/a/3.png', 70);
    const said = await spoken(async () => {
      assert.deepEqual((await load()).train.inputShape, [32, 32, 3]);
    });
    assert.match(said, /grey pictures are read as colour pictures: 1 of 7/);
  });

  it('says which files are not read, and from where validation comes without a test folder', async () => {
    await putSome();
    rmSync(join(pictures(), 'test'), { recursive: true });
    writeFileSync(join(pictures(), 'train', 'a', 'notes.txt'), 'x');
    writeFileSync(join(pictures(), 'train', 'a', '.DS_Store'), 'x');
    const said = await spoken(async () => {
      const { train, validation } = await load();
      assert.deepEqual([train.size, validation.size], [3, 1]);
    });
    assert.match(said, /notes\.txt is not a picture and is not read/);
    assert.match(said, /no folder test, so some of the pictures in train are used for validation/);
  });

  it('names the file or folder that is wrong', async () => {
    await assert.rejects(load(), /there is no folder .*pictures: put pictures into .*train.CLASS/);
    mkdirSync(join(pictures(), 'a'), { recursive: true });
    await assert.rejects(load(), /there is no folder .*train: put pictures/);
    await putSome();
    const wrong = async (
      change: () => Promise<void> | void,
      undo: string,
      message: RegExp,
    ): Promise<void> => {
      await change();
      await assert.rejects(load(), message);
      rmSync(join(pictures(), undo), { recursive: true });
      await load();
    };
    const at = (name: string): string => join(pictures(), name);
    await wrong(() => mkdirSync(at('train/c')), 'train/c', /test has no folder 'c', which train has/);
    await wrong(() => mkdirSync(at('test/c')), 'test/c', /test.c is of a class that train does not have/);
    await wrong(() => put('val/a/1.png', 1), 'val', /the folders test and val, but only one/);
    await wrong(() => put('train/a/1.jpg', 1), 'train/a/1.jpg', /1\.jpg and 1\.png have the same name/);
    await wrong(
      () => writeFileSync(at('train/a/x.gif'), ''),
      'train/a/x.gif',
      /x\.gif is neither a PNG nor a JPEG/,
    );
    await wrong(
      () => writeFileSync(at('train/a/x.png'), ''),
      'train/a/x.png',
      /cannot read the picture .*x\.png: /,
    );
    await wrong(
      () => writeFileSync(at('train/a/x.png'), 'text'),
      'train/a/x.png',
      /x\.png: .*replace or remove it/,
    );
    await wrong(() => symlinkSync('nowhere', at('train/a/x')), 'train/a/x', /train.a.x is a link to nothing/);
    await wrong(
      () => symlinkSync('..', at('train/a/x')),
      'train/a/x',
      /is a link to a folder that contains it/,
    );
    const cut = async (): Promise<void> => {
      const noise = Buffer.from(Array.from({ length: 3072 }, (_, i) => (i * 7919) % 251));
      await sharp(noise, { raw: { width: 32, height: 32, channels: 3 } })
        .jpeg()
        .toFile(at('train/a/x.jpg'));
      truncateSync(at('train/a/x.jpg'), statSync(at('train/a/x.jpg')).size - 300);
    };
    await wrong(cut, 'train/a/x.jpg', /cannot read the picture .*x\.jpg: .*replace or remove it/);
    await put('train/A/1.png', 1);
    await put('test/A/1.png', 1);
    await assert.rejects(load(), /the classes 'A' and 'a': rename or merge them/);
    rmSync(at('train/A'), { recursive: true });
    rmSync(at('test/A'), { recursive: true });
    rmSync(at('test/a/1.png'));
    await assert.rejects(load(), /test.a has no pictures/);
    rmSync(at('train/a'), { recursive: true });
    await assert.rejects(load(), /train has 1 class folders, but at least 2 are needed/);
  });

  it('is a data set of the experiment images', () => {
    assert.throws(() => imagesConfig({ dataset: 'folder' }), /dataset=folder: give folder=PATH/);
    assert.throws(
      () => IMAGES.parseOverrides(['dataset=mnist', 'imageSize=32']),
      /imageSize is not used with dataset=mnist, only with folder: leave it out/,
    );
    assert.throws(
      () => imagesConfig({ augmentation: false, cropPadding: 4 }),
      /cropPadding=4 is not used with augmentation=false/,
    );
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What is written to standard error meanwhile. */
async function spoken(action: () => Promise<void>): Promise<string> {
  const { write } = process.stderr;
  let text = '';
  process.stderr.write = ((part: string) => {
    text += part;
    return true;
  }) as typeof write;
  try {
    await action();
  } finally {
    process.stderr.write = write;
  }
  return text;
}
