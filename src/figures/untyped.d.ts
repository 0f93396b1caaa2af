/** Types for the parts that are used of packages without types. */
declare module 'pdfmake' {
  interface Fonts {
    readonly [name: string]: Readonly<Record<'normal' | 'bold' | 'italics' | 'bolditalics', string>>;
  }
  interface Document {
    readonly pageSize: { readonly width: number; readonly height: number };
    readonly pageMargins: number;
    readonly content: readonly { readonly svg: string; readonly width: number }[];
    readonly defaultStyle: { readonly font: string };
    readonly info: { readonly title: string; readonly subject?: string };
  }
  const pdfmake: {
    setFonts(fonts: Fonts): void;
    setUrlAccessPolicy(allows: (url: string) => boolean): void;
    setLocalAccessPolicy(allows: (path: string) => boolean): void;
    createPdf(document: Document): { getBuffer(): Promise<Buffer> };
  };
  export default pdfmake;
}

declare module 'subset-font' {
  export default function subset(
    font: Buffer,
    characters: string,
    options: { readonly targetFormat: 'woff2' },
  ): Promise<Buffer>;
}
