import type { Statement } from '../../domain/statement.js';
import { statementCsv } from './document-csv.js';
import type { Parties } from './parties.js';

export const PAPER_TYPES = { pdf: 'application/pdf', csv: 'text/csv' } as const;
export type PaperFormat = keyof typeof PAPER_TYPES;

export interface StatementDocument {
  readonly contentType: string;
  /** By which a browser saves it. */
  readonly fileName: string;
  readonly body: Buffer;
}

/**
 * A statement as a file. The same statement between the same parties is the same bytes, so that a
 * digest of what was sent can be compared.
 */
export const documentOf = async (
  statement: Statement,
  parties: Parties,
  format: PaperFormat,
): Promise<StatementDocument> => {
  const fileName = `${statement.kind}-${statement.number}.${format}`;
  if (format === 'csv') {
    const body = Buffer.from(statementCsv(statement, parties));
    return { contentType: `${PAPER_TYPES.csv}; charset=utf-8`, fileName, body };
  }
  // Loaded when the first is asked for: it takes longer than all the rest of the room.
  const { statementPdf } = await import('./document-pdf.js');
  return { contentType: PAPER_TYPES.pdf, fileName, body: await statementPdf(statement, parties) };
};
