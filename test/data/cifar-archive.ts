/** Archives of CIFAR's form with known pixels, whole or broken on purpose. */
import { gzipSync } from 'node:zlib';

export interface Member {
  readonly name: string;
  readonly content?: Uint8Array | string;
  /** The type flag of ustar: '0' file, '1' hard link, '2' symbolic link, '3' device, '5' folder, 'x' extended header. */
  readonly type?: string;
  readonly linkTo?: string;
  /** What the header says, whatever the content is. */
  readonly size?: number;
  readonly checksum?: number;
}

/** A tar archive (POSIX.1-1988 ustar). */
export function tar(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.flatMap(block), Buffer.alloc(1024)]);
}

function block({ name, content = '', type = '0', linkTo = '', size, checksum }: Member): Buffer[] {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  header.write(name, 0, 'utf8');
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size ?? body.length, 124, 12);
  octal(0, 136, 12);
  header.write(' '.repeat(8), 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(linkTo, 157, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${(checksum ?? sum).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

/** An extended header (pax) that gives the next member another path. */
export function paxPath(path: string): Member {
  const text = ` path=${path}\n`;
  const length = text.length + 2;
  return { name: 'pax', type: 'x', content: `${length}${text}` };
}

/** Channel `channel` of pixel (row, column) of picture `picture`. */
export function pixel(picture: number, row: number, column: number, channel: number): number {
  return (picture * 7 + row * 5 + column * 3 + channel * 90) % 256;
}

/** Records of CIFAR's form; picture numbers go on from `first`, labels are given for each. */
export function records(first: number, labels: readonly (readonly number[])[]): Buffer {
  return Buffer.concat(
    labels.flatMap((bytes, i) => {
      const planes = Array.from({ length: 3072 }, (_, at) =>
        pixel(first + i, (at % 1024) >> 5, at & 31, at >> 10),
      );
      return [Buffer.from(bytes), Buffer.from(planes)];
    }),
  );
}

export const CIFAR10_NAMES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** The members of CIFAR-10's archive with 4 pictures in each of its six files; picture i has label i mod 10. */
export function cifar10Members(): Member[] {
  const folder = 'cifar-10-batches-bin';
  const files = [
    'data_batch_1',
    'data_batch_2',
    'data_batch_3',
    'data_batch_4',
    'data_batch_5',
    'test_batch',
  ];
  const batches = files.map((file, batch) => ({
    name: `${folder}/${file}.bin`,
    content: records(
      4 * batch,
      [0, 1, 2, 3].map((i) => [(4 * batch + i) % 10]),
    ),
  }));
  return [
    { name: `${folder}/`, type: '5' },
    // another order than that of their names, as in the official archive
    batches[3]!,
    ...batches.filter((_, i) => i !== 3),
    { name: `${folder}/readme.html`, content: '<html>' },
    { name: `${folder}/batches.meta.txt`, content: `${CIFAR10_NAMES.join('\n')}\n\n` },
  ];
}

/** CIFAR-100's archive with 100 pictures to train and 20 to test; coarse label i mod 20, fine label i mod 100. */
export function cifar100Members(): Member[] {
  const folder = 'cifar-100-binary';
  const labels = (first: number, size: number): number[][] =>
    Array.from({ length: size }, (_, i) => [(first + i) % 20, (first + i) % 100]);
  const names = Array.from({ length: 100 }, (_, i) => `fine_${i}`);
  return [
    { name: `${folder}/coarse_label_names.txt`, content: 'coarse\n' },
    { name: `${folder}/fine_label_names.txt`, content: names.join('\n') },
    { name: `${folder}/train.bin`, content: records(0, labels(0, 100)) },
    { name: `${folder}/test.bin`, content: records(100, labels(100, 20)) },
  ];
}

export function archive(members: readonly Member[]): Buffer {
  return gzipSync(tar(members));
}
