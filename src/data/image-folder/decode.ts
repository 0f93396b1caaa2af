/** Decodes PNG and JPEG files to bytes [height, width, channels], by libvips in its own threads. */
import { availableParallelism } from 'node:os';
import sharp, { type Sharp } from 'sharp';
import type { PictureFile } from './tree';

/** The shape of all pictures of a data set. */
export interface PictureShape {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
}

/** The contents of the header of a file. */
interface Header {
  readonly height: number;
  readonly width: number;
  readonly isGrey: boolean;
}

const GREY = ['b-w', 'grey16'];

/**
 * The shape of the decoded pictures. They are grey if all files are grey; a grey file among colour files becomes a colour
 * picture.
 *
 * @param imageSize side of the square to which every picture is resized; without it, all must have the same size
 * @returns the shape, and how many files are grey
 * @throws Error that names the file that cannot be read, or two files of different sizes
 */
export async function commonShape(
  files: readonly PictureFile[],
  imageSize: number | undefined,
): Promise<PictureShape & { readonly grey: number }> {
  const headers = await mapFiles(files, headerOf);
  const [first] = headers;
  const { height, width } = imageSize === undefined ? first! : { height: imageSize, width: imageSize };
  const other = headers.findIndex((header) => header.height !== height || header.width !== width);
  if (imageSize === undefined && other >= 0) {
    const size = (header: Header): string => `${header.width} x ${header.height}`;
    throw new Error(
      `${files[other]!.path} is ${size(headers[other]!)} and ${files[0]!.path} is ${size(first!)} pixels: ` +
        'give imageSize=32 to resize all pictures to 32 x 32, or give all pictures the same size',
    );
  }
  const grey = headers.filter(({ isGrey }) => isGrey).length;
  return { height, width, channels: grey === files.length ? 1 : 3, grey };
}

/**
 * Decodes pictures to bytes, [files, height, width, channels]. Colours are those in the file: an embedded colour profile
 * and the orientation of a camera are not applied, and transparency is dropped, as by Pillow's `convert`. If the shape has
 * another size, the whole picture is resized (Lanczos, 3 lobes) without keeping its proportions.
 *
 * @param onProgress is called with the number of files that are done
 * @throws Error that names the file that is damaged
 */
export async function decodePictures(
  files: readonly PictureFile[],
  shape: PictureShape,
  onProgress: (done: number) => void,
): Promise<Uint8Array> {
  const { height, width, channels } = shape;
  const size = height * width * channels;
  const pixels = new Uint8Array(files.length * size);
  let done = 0;
  await mapFiles(files, async ({ path }, index) => {
    const picture = await open(path)
      .removeAlpha()
      .resize(width, height, { fit: 'fill' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer();
    if (picture.length !== size) throw new Error(`it decodes to ${picture.length} bytes, not ${size}`);
    pixels.set(picture, index * size);
    onProgress(++done);
  });
  return pixels;
}

async function headerOf({ path }: PictureFile): Promise<Header> {
  const { height, width, space } = await open(path).metadata();
  return { height, width, isGrey: GREY.includes(space) };
}

/** Opens a file so that a cut-off file is an error, rather than a picture that is half grey. */
function open(path: string): Sharp {
  return sharp(path, { failOn: 'warning', ignoreIcc: true });
}

/** Runs a task on every file, several at a time; errors name the file. */
async function mapFiles<T>(
  files: readonly PictureFile[],
  task: (file: PictureFile, index: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(files.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      try {
        results[index] = await task(files[index]!, index);
      } catch (error) {
        next = files.length;
        throw new Error(
          `cannot read the picture ${files[index]!.path}: ${(error as Error).message.trim()}; replace or remove it`,
          { cause: error },
        );
      }
    }
  };
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, work));
  return results;
}
