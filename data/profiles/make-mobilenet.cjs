/**
 * Writes MobileNetV2 of the npm package nsfwjs, whose weights lie in JavaScript, as model.json, with an untrained copy of the same
 * layers (`node data/profiles/make-mobilenet.cjs`, after `npm run setup` and the npm packages of notebook 6).
 */
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { tf, loadBackend } = require('../..');

const FOLDER = join(__dirname, '..', 'downloads', 'networks');
const SOURCE = join(FOLDER, 'node_modules', 'nsfwjs', 'dist', 'models', 'mobilenet_v2');

function write(name, json, weights) {
  const folder = join(FOLDER, `mobilenet-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'weights.bin'), weights);
  const manifest = json.weightsManifest.map((group) => ({ ...group, paths: ['weights.bin'] }));
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...json, weightsManifest: manifest }));
}

async function main() {
  await loadBackend();
  const json = require(join(SOURCE, 'model.min.js'));
  write('trained', json, Buffer.from(require(join(SOURCE, 'group1-shard1of1.min.js')), 'base64'));
  // The layers' own initialisers draw the weights.
  const untrained = await tf.models.modelFromJSON({ modelTopology: json.modelTopology });
  await untrained.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      write('untrained', { modelTopology, weightsManifest: [{ weights: weightSpecs }] }, Buffer.from(weightData));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
}

main();
