import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type CifarOptions, cifar10, cifar100 } from '../../src/data/cifar';
import type { Dataset, Examples } from '../../src/data/dataset';
import {
  archive,
  CIFAR10_NAMES,
  cifar10Members,
  cifar100Members,
  type Member,
  paxPath,
  pixel,
  records,
  tar,
} from './cifar-archive';
import { cutAfter, type FileServer, good, remote, serve } from './download/file-server';

const FOLDER = 'cifar-10-batches-bin';
const quiet = (): void => {};

describe('CIFAR', () => {
  let home: string;
  let folder: string;
  let server: FileServer | undefined;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'cifar-'));
    folder = join(home, 'downloads');
    mkdirSync(folder);
    writeFileSync(join(home, 'precious'), 'untouched');
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    rmSync(home, { recursive: true });
  });

  const load = async (
    loader: typeof cifar10,
    content: Buffer,
    options: CifarOptions = {},
  ): Promise<Dataset> => {
    await server?.close();
    server = await serve(cutAfter(Math.floor(content.length / 2), content), good(content));
    const source = remote(server.url, content);
    return loader({ folder, source, backoff: 1, onProgress: quiet, ...options });
  };
  /** Nothing but the archive, and nothing changed around it. */
  const onlyTheArchive = (): void => {
    assert.deepEqual(readdirSync(home).sort(), ['downloads', 'precious']);
    assert.equal(readFileSync(join(home, 'precious'), 'utf8'), 'untouched');
    assert.ok(readdirSync(folder).every((name) => /^cifar-100?-binary\.tar\.gz$/.test(name)));
  };
  const pictureHolds = ({ inputs }: Examples, at: number, picture: number): void => {
    for (let i = 0; i < 3072; i++) {
      const [row, column, channel] = [Math.floor(i / 96), Math.floor(i / 3) % 32, i % 3];
      assert.equal(inputs[at * 3072 + i], pixel(picture, row, column, channel));
    }
  };

  it('10 has every pixel and label at its place, the official test set as validation', async () => {
    const data = await load(cifar10, archive(cifar10Members()));
    assert.deepEqual([data.train.size, data.validation.size, data.classes], [20, 4, 10]);
    assert.deepEqual(data.train.inputShape, [32, 32, 3]);
    [20, 21, 22, 23].forEach((picture, i) => {
      pictureHolds(data.validation, i, picture);
      assert.equal(data.validation.labels[i], picture % 10);
    });
    // training pictures come shuffled; the first pixel tells which one it is
    const numbers = Array.from({ length: 20 }, (_, i) => data.train.inputs[i * 3072]! / 7);
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      [...Array(20).keys()],
    );
    numbers.forEach((picture, i) => {
      pictureHolds(data.train, i, picture);
      assert.equal(data.train.labels[i], picture % 10);
      assert.equal(data.describe!(i), CIFAR10_NAMES[picture % 10]);
    });
    onlyTheArchive();
  });

  it('100 has the fine labels', async () => {
    const data = await load(cifar100, archive(cifar100Members()));
    assert.deepEqual([data.train.size, data.validation.size, data.classes], [100, 20, 100]);
    assert.deepEqual([...data.validation.labels], [...Array(20).keys()]);
    pictureHolds(data.validation, 3, 103);
    assert.equal(data.describe!(7, 'validation'), 'fine_7');
    assert.deepEqual(
      [...data.train.labels].sort((a, b) => a - b),
      [...Array(100).keys()],
    );
    onlyTheArchive();
  });

  it('is normalised and augmented as in the paper', async () => {
    const data = await load(cifar10, archive(cifar10Members()));
    const one = Int32Array.of(0);
    const [red, green] = data.validation.prepare!(data.validation, one);
    assert.ok(Math.abs(red! - (pixel(20, 0, 0, 0) / 255 - 0.4914) / 0.2023) < 1e-6);
    assert.ok(Math.abs(green! - (pixel(20, 0, 0, 1) / 255 - 0.4822) / 0.1994) < 1e-6);
    const epochs = Array.from({ length: 30 }, (_, epoch) =>
      data.train.prepare!(data.train, one, { seed: 0, epoch }).join(),
    );
    assert.ok(new Set(epochs).size > 25);
    const plain = await load(cifar10, archive(cifar10Members()), { augmentation: false });
    assert.deepEqual(
      plain.train.prepare!(plain.train, one, { seed: 0, epoch: 0 }),
      plain.train.prepare!(plain.train, one),
    );
  });

  it('is asked for once, from the mirror that the environment names', async () => {
    const content = archive(cifar10Members());
    server = await serve(good(content));
    const mirror = server.url.replace('/file.tar.gz', '/');
    const before = { ...process.env };
    process.env['ID_CIFAR_SOURCE'] = mirror;
    process.env['ID_DOWNLOADS'] = folder;
    try {
      await assert.rejects(cifar10({ attempts: 1, onProgress: quiet }), (error: Error) => {
        assert.match(error.message, new RegExp(`${mirror}cifar-10-binary.tar.gz.*bytes, not 170052171`));
        assert.match(
          error.message,
          new RegExp(`put it at ${folder}/cifar-10-binary.tar.gz: 170052171 bytes, sha256 c4a38c50`),
        );
        return true;
      });
    } finally {
      for (const name of ['ID_CIFAR_SOURCE', 'ID_DOWNLOADS']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
    const source = remote(server.url, content);
    for (let i = 0; i < 2; i++) await cifar10({ folder, source, onProgress: quiet });
    assert.equal(server.ranges.length, 2);
  });

  const whole = cifar10Members();
  const without = (part: string): Member[] => whole.filter(({ name }) => !name.includes(part));
  const withBatch = (content: Uint8Array): Member[] => [
    ...without('data_batch_2'),
    { name: `${FOLDER}/data_batch_2.bin`, content },
  ];
  const evil = { content: 'evil' };
  const packed = archive(whole);
  const unpacked = tar(whole);
  /** 60 MB in 60 kB; gzip files may be joined. */
  const zeros = gzipSync(tar([{ name: 'zeros', content: Buffer.alloc(60e6) }]).subarray(0, -1024), {
    level: 1,
  });
  const damaged = Buffer.from(packed);
  damaged.fill(0xff, 200, 260);
  it('is read when there are zeros behind the end of its archive, however many', async () => {
    const padded = gzipSync(Buffer.concat([unpacked, Buffer.alloc(150e6)]), { level: 1 });
    assert.equal((await load(cifar10, padded)).train.size, 20);
  });

  const hostile: [string, Buffer, RegExp][] = [
    [
      'goes on behind its end',
      gzipSync(Buffer.concat([unpacked, Buffer.alloc(1e6), unpacked])),
      /there are data after its end/,
    ],
    ['is cut off in its packing', packed.subarray(0, packed.length / 2), /it is cut off/],
    ['is no gzip file', Buffer.from('<html>'.repeat(99)), /not a gzip file, or it is damaged/],
    ['is damaged', damaged, /not a gzip file, or it is damaged/],
    ['is empty', gzipSync(''), /its tar is damaged .*Unrecognized/],
    ['is no tar', gzipSync(Buffer.alloc(4096, 'x')), /its tar is damaged/],
    ['is cut off in its tar', gzipSync(unpacked.subarray(0, 40_000)), /its tar is damaged .*Truncated/],
    ['is packed twice', gzipSync(packed), /it is packed twice/],
    ['is a bomb', Buffer.concat(Array<Buffer>(4).fill(zeros)), /more than 200000000 bytes come out of it/],
    [
      'says that a file is huge',
      archive([{ name: `${FOLDER}/data_batch_1.bin`, size: 8e9 }]),
      /has 8000000000 bytes, more than/,
    ],
    [
      'has a wrong header checksum',
      archive([{ ...whole[1]!, checksum: 1 }, ...whole]),
      /its tar is damaged .*checksum/,
    ],
    [
      'has a name that climbs out',
      archive([...whole, { name: '../evil', ...evil }]),
      /"..\/evil" points out/,
    ],
    [
      'has a name that climbs out later',
      archive([...whole, { name: `${FOLDER}/../../evil`, ...evil }]),
      /points out/,
    ],
    ['has an absolute name', archive([...whole, { name: '/tmp/evil', ...evil }]), /"\/tmp\/evil" points out/],
    ["has a Windows' name", archive([...whole, { name: 'C:\\evil', ...evil }]), /points out/],
    ['has backslashes that climb out', archive([...whole, { name: '..\\evil', ...evil }]), /points out/],
    [
      'climbs out by an extended header',
      archive([...whole, paxPath('../../evil'), { name: 'x', ...evil }]),
      /"..\/..\/evil" points out/,
    ],
    [
      'has a symbolic link',
      archive([{ name: FOLDER, type: '2', linkTo: '/tmp' }, ...whole]),
      /is not a file but a SymbolicLink/,
    ],
    [
      'has a hard link',
      archive([{ name: `${FOLDER}/data_batch_1.bin`, type: '1', linkTo: '../precious' }]),
      /is not a file but a Link/,
    ],
    ['has a device', archive([...whole, { name: 'dev', type: '3' }]), /is not a file but a CharacterDevice/],
    ['lacks a file', archive(without('data_batch_3')), /it has no cifar-10-batches-bin\/data_batch_3.bin/],
    ['has a file twice', archive([...whole, whole[2]!]), /it has cifar-10-batches-bin\/\S+ twice/],
    [
      'has a cut record',
      archive(withBatch(records(4, [[4], [5]]).subarray(0, -1))),
      /data_batch_2.bin has 6145 bytes, which is not a whole number of records of 3073/,
    ],
    [
      "has CIFAR-100's records",
      archive(
        withBatch(
          records(4, [
            [1, 4],
            [1, 5],
          ]),
        ),
      ),
      /has 6148 bytes, which is not a whole number of records/,
    ],
    ['has an empty batch', archive(withBatch(Buffer.alloc(0))), /data_batch_2.bin has 0 bytes/],
    [
      'has a label out of range',
      archive(withBatch(records(4, [[4], [10]]))),
      /data_batch_2.bin, record 1: label 10 is not one of 0 to 9/,
    ],
    [
      'names too few classes',
      archive([...without('meta'), { name: `${FOLDER}/batches.meta.txt`, content: 'cat\ndog\n' }]),
      /has 2 names, not 10/,
    ],
  ];
  for (const [what, content, message] of hostile) {
    it(`is refused when its archive ${what}, and a good one works later`, async () => {
      await assert.rejects(load(cifar10, content), (error: Error) => {
        assert.match(error.message, new RegExp(`cannot read ${folder}/cifar-10-binary.tar.gz: `));
        assert.match(error.message, message);
        return true;
      });
      onlyTheArchive();
      assert.equal((await load(cifar10, packed)).train.size, 20);
      onlyTheArchive();
    });
  }

  it('goes through a link that somebody put there, and leaves nothing beside it', async () => {
    const elsewhere = join(home, 'elsewhere');
    mkdirSync(elsewhere);
    rmSync(folder, { recursive: true });
    symlinkSync(elsewhere, folder);
    assert.equal((await load(cifar10, packed)).train.size, 20);
    assert.ok(existsSync(join(elsewhere, 'cifar-10-binary.tar.gz')));
  });
});
