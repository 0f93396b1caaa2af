/** The fonts of static pictures: DejaVu Sans, whose files come with the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fontFolder } from './plotly-offline';

/** Files of the styles that figures use. */
const FILES = {
  normal: 'DejaVuSans.ttf',
  bold: 'DejaVuSans-Bold.ttf',
  italics: 'DejaVuSans-Oblique.ttf',
  bolditalics: 'DejaVuSans-BoldOblique.ttf',
} as const;

/** Paths of the files by style. */
export function fontFiles(): Readonly<Record<keyof typeof FILES, string>> {
  const folder = fontFolder();
  if (folder === undefined)
    throw new Error(
      'the package dejavu-fonts-ttf, whose fonts are embedded in pictures, is not installed: npm run setup',
    );
  const path = (file: string): string => join(folder, file);
  return {
    normal: path(FILES.normal),
    bold: path(FILES.bold),
    italics: path(FILES.italics),
    bolditalics: path(FILES.bolditalics),
  };
}

/** Embeds the characters that an SVG picture uses, so that it looks the same where DejaVu Sans is not installed. */
export async function withEmbeddedFonts(svg: string): Promise<string> {
  const { default: subset } = await import('subset-font');
  const files = fontFiles();
  // The markup is scanned as well, which costs nothing: it consists of the same letters.
  const characters = [...new Set(svg)].sort().join('');
  const weights = [
    ['normal', files.normal],
    ...(/font-weight: ?(bold|[6-9]00)/.test(svg) ? [['bold', files.bold]] : []),
  ] as [string, string][];
  const faces = await Promise.all(
    weights.map(async ([weight, path]) => {
      const font = await subset(readFileSync(path), characters, { targetFormat: 'woff2' });
      const source = `url(data:font/woff2;base64,${font.toString('base64')}) format('woff2')`;
      return `@font-face { font-family: 'DejaVu Sans'; font-weight: ${weight}; src: ${source}; }`;
    }),
  );
  return svg.replace('<style>', () => `<style>\n${faces.join('\n')}\n`);
}
