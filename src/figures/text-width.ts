/** The width of a text without a font, since everything above a plot is arranged before anything is drawn. */

/** Advance widths of the characters from space to ~ in DejaVu Sans, in hundredths of the font's size. */
const ASCII = [
  32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34,
  34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73,
  68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63,
  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
];
/** The width that other characters are assumed to have. */
const OTHER = 84;
/** Bold characters are wider by a tenth. */
const BOLD = 1.11;

/** Width in pixels of one line in DejaVu Sans; characters other than ASCII are assumed to be wide. */
export function textWidth(line: string, size: number): number {
  const bold = /^<b>/.test(line) ? BOLD : 1;
  const characters = [...plainText(line)];
  const hundredths = characters.reduce((sum, next) => sum + (ASCII[next.charCodeAt(0) - 32] ?? OTHER), 0);
  return (bold * size * hundredths) / 100;
}

/** Breaks text between words into lines no wider than `width` pixels; a wider word gets a line of its own. */
export function wrapped(text: string, width: number, size: number): string[] {
  return text.split('<br>').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && textWidth(longer, size) > width) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    return [...lines, line];
  });
}

/** Text without the tags of plotly.js. */
export function plainText(text: string): string {
  return text.replaceAll(/<[^>]*>/g, '');
}
