import PDFDocument from 'pdfkit';

// Pages, tables and running heads: what any printed paper needs. Points throughout, 72 to the inch.

const WIDTH = 612;
const HEIGHT = 792;
const MARGIN = 48;
/** Of the text, below the running head. */
const TOP = 68;
const BOTTOM = HEIGHT - 64;
const PADDING = 3;
const INK = '#1a1a1a';
const FAINT = '#5f6368';
const RULE = '#c4c7cc';
const SHADE = '#f1f3f5';

export const LEFT = MARGIN;
export const TEXT_WIDTH = WIDTH - 2 * MARGIN;

const REGULAR = 'Helvetica';
const BOLD = 'Helvetica-Bold';
const FIXED = 'Courier';

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

export interface Row {
  /** One for each column. */
  readonly cells: readonly string[];
  /** Below the text of the second column, smaller. */
  readonly notes?: readonly string[];
  readonly bold?: boolean;
  /** Not the last one on its page. */
  readonly keepWithNext?: boolean;
}

export interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly faint?: boolean;
  readonly fixed?: boolean;
  readonly align?: 'left' | 'right';
  readonly x?: number;
  readonly width?: number;
}

export interface PaperInfo {
  readonly title: string;
  readonly author: string;
  readonly subject: string;
  /** YYYY-MM-DD; a paper does not say when it was printed, so that it is the same whenever it is. */
  readonly madeOn: string;
  /** At the head of every page but the first. */
  readonly head: readonly [left: string, right: string];
  /** At the foot of every page, before its number. */
  readonly foot: string;
}

/** A paper that is written from its top to its end. */
export class Paper {
  private readonly doc: PDFKit.PDFDocument;
  /** Where the next thing goes. */
  y = MARGIN;

  constructor(private readonly info: PaperInfo) {
    this.doc = new PDFDocument({
      size: [WIDTH, HEIGHT],
      // Ours alone to keep: else the library begins pages where it sees fit.
      margin: 0,
      bufferPages: true,
      lang: 'en',
      info: {
        Title: printable(info.title),
        Author: printable(info.author),
        Subject: printable(info.subject),
        CreationDate: new Date(info.madeOn),
      },
    });
  }

  /** Writes text and moves below it. */
  text(text: string, style: TextStyle = {}): void {
    const { x = LEFT, width = TEXT_WIDTH, align = 'left' } = style;
    this.font(style);
    const shown = printable(text);
    const height = this.doc.heightOfString(shown, { width });
    this.need(height);
    this.font(style);
    this.doc.text(shown, x, this.y, { width, align });
    this.y += height + 1;
  }

  space(points: number): void {
    this.y += points;
  }

  rule(x = LEFT, width = TEXT_WIDTH): void {
    this.doc
      .moveTo(x, this.y)
      .lineTo(x + width, this.y)
      .lineWidth(0.5)
      .stroke(RULE);
    this.y += 4;
  }

  /** What is no text: `draw` is told where its upper edge is, and has so many points below it. */
  drawing(height: number, draw: (doc: PDFKit.PDFDocument, top: number) => void): void {
    this.need(height);
    draw(this.doc, this.y);
    this.y += height;
  }

  /** Names with their values, one below the other. */
  facts(facts: readonly (readonly [string, string])[], x: number, width: number): void {
    const label = Math.min(86, width / 2);
    for (const [name, value] of facts) {
      const top = this.y;
      this.text(name, { x, width: label, size: 8.5, faint: true });
      const afterName = this.y;
      this.y = top;
      this.text(value, { x: x + label, width: width - label, size: 8.5 });
      this.y = Math.max(this.y, afterName) + 1;
    }
  }

  /** Goes on on a new page where fewer points are left. */
  need(points: number): void {
    if (this.y + points <= BOTTOM) return;
    this.doc.addPage();
    this.y = TOP;
  }

  /** Its head is repeated on each page; no row is cut in two. */
  table(columns: readonly Column[], rows: readonly Row[]): void {
    const heights = rows.map((row) => this.heightOf(columns, row));
    this.need(HEAD_HEIGHT + together(rows, heights, 0));
    this.tableHead(columns);
    rows.forEach((row, index) => {
      if (this.y + together(rows, heights, index) > BOTTOM) {
        this.need(HEIGHT);
        this.tableHead(columns);
      }
      this.row(columns, row, heights[index]!);
    });
  }

  /** The whole file, with the number of each page. */
  async done(): Promise<Buffer> {
    const { start, count } = this.doc.bufferedPageRange();
    for (let page = 0; page < count; page += 1) {
      this.doc.switchToPage(start + page);
      if (page > 0) this.runningHead();
      this.runningFoot(`${page + 1} of ${count}`);
    }
    const parts: Buffer[] = [];
    this.doc.on('data', (part: Buffer) => parts.push(part));
    const ended = new Promise((resolve, reject) => this.doc.on('end', resolve).on('error', reject));
    this.doc.end();
    await ended;
    return Buffer.concat(parts);
  }

  private font({ size = 9, bold = false, faint = false, fixed = false }: TextStyle): void {
    const name = fixed ? FIXED : bold ? BOLD : REGULAR;
    this.doc
      .font(name)
      .fontSize(size)
      .fillColor(faint ? FAINT : INK);
  }

  private tableHead(columns: readonly Column[]): void {
    const width = columns.reduce((sum, column) => sum + column.width, 0);
    this.doc.rect(LEFT, this.y, width, HEAD_HEIGHT - 2).fill(SHADE);
    let x = LEFT;
    for (const column of columns) {
      this.line(column.title, x, this.y + 4, column, { size: 7.5, bold: true, faint: true });
      x += column.width;
    }
    this.y += HEAD_HEIGHT;
  }

  private row(columns: readonly Column[], { cells, notes = [], bold }: Row, height: number): void {
    let x = LEFT;
    columns.forEach((column, index) => {
      const text = cells[index] ?? '';
      const style: TextStyle = { size: 8.5, bold: bold ?? false };
      if (index === TOLD) this.told(text, notes, x, column.width, style);
      else if (text !== '') this.line(text, x, this.y + PADDING, column, style);
      x += column.width;
    });
    this.y += height;
    this.doc
      .moveTo(LEFT, this.y)
      .lineTo(x, this.y)
      .lineWidth(bold ? 0.8 : 0.3)
      .stroke(RULE);
  }

  /** The cell that may be of several lines. */
  private told(
    text: string,
    notes: readonly string[],
    x: number,
    width: number,
    style: TextStyle,
  ): void {
    const within = { width: width - 2 * PADDING };
    this.font(style);
    const shown = printable(text);
    this.doc.text(shown, x + PADDING, this.y + PADDING, within);
    let y = this.y + PADDING + this.doc.heightOfString(shown, within);
    this.font(NOTE);
    for (const note of notes.map(printable)) {
      this.doc.text(note, x + PADDING, y, within);
      y += this.doc.heightOfString(note, within);
    }
  }

  /** One line that does not wrap: a figure is set smaller before it is cut. */
  private line(
    text: string,
    x: number,
    y: number,
    { width, align = 'left' }: Column,
    style: TextStyle,
  ): void {
    const shown = printable(text);
    const room = width - 2 * PADDING;
    let { size = 9 } = style;
    this.font(style);
    while (size > SMALLEST && this.doc.widthOfString(shown) > room) {
      size -= 0.5;
      this.font({ ...style, size });
    }
    const at = align === 'left' ? x + PADDING : x + width - PADDING - this.doc.widthOfString(shown);
    this.doc.text(shown, at, y, { lineBreak: false });
  }

  private heightOf(columns: readonly Column[], { cells, notes = [], bold }: Row): number {
    const within = { width: columns[TOLD]!.width - 2 * PADDING };
    this.font({ size: 8.5, bold: bold ?? false });
    const text = this.doc.heightOfString(printable(cells[TOLD] ?? ''), within);
    const one = this.doc.currentLineHeight(true);
    this.font(NOTE);
    const below = notes.map((note) => this.doc.heightOfString(printable(note), within));
    return below.reduce((sum, height) => sum + height, Math.max(text, one)) + 2 * PADDING;
  }

  private runningHead(): void {
    const column = { title: '', width: TEXT_WIDTH };
    const [left, right] = this.info.head;
    this.line(left, LEFT - PADDING, MARGIN - 10, column, { size: 8, faint: true });
    const far = { ...column, width: TEXT_WIDTH + 2 * PADDING, align: 'right' } as const;
    this.line(right, LEFT - PADDING, MARGIN - 10, far, { size: 8, faint: true });
    this.y = MARGIN + 4;
    this.rule();
  }

  private runningFoot(pages: string): void {
    this.y = HEIGHT - 48;
    this.rule();
    const column = { title: '', width: TEXT_WIDTH };
    this.line(this.info.foot, LEFT - PADDING, this.y, column, { size: 7.5, faint: true });
    const far = { ...column, width: TEXT_WIDTH + 2 * PADDING, align: 'right' } as const;
    this.line(pages, LEFT - PADDING, this.y, far, { size: 7.5, faint: true });
  }
}

/** The column that wraps. */
const TOLD = 1;
const HEAD_HEIGHT = 18;
const SMALLEST = 5;
const NOTE: TextStyle = { size: 7, faint: true };

/** Of a row and those that it is to be kept with. */
const together = (rows: readonly Row[], heights: readonly number[], first: number): number => {
  let height = 0;
  for (let index = first; index < rows.length; index += 1) {
    height += heights[index]!;
    if (!rows[index]!.keepWithNext) break;
  }
  return height;
};

/** Beside ASCII and Latin-1, what the fonts that every reader of PDF has can show. */
const FURTHER = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');

const isPrintable = (character: string): boolean =>
  /[\n\x20-\x7e\xa0-\xff]/.test(character) || FURTHER.has(character);

/** Letters without a mark that the fonts lack, and a question mark for other scripts. */
export const printable = (text: string): string =>
  [...text.normalize('NFC')]
    .map((character) => {
      if (isPrintable(character)) return character;
      const plain = character.normalize('NFKD').replace(/\p{M}/gu, '');
      return plain !== '' && [...plain].every(isPrintable) ? plain : '?';
    })
    .join('');
