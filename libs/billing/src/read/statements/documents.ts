import type { FastifyRequest } from 'fastify';
import { acceptedType } from '@hostledger/http';
import type { Statement } from '../../domain/statement.js';
import { statementCsv } from './document-csv.js';
import type { Parties } from './parties.js';

export const STATEMENT_FORMATS = ['json', 'csv', 'pdf'] as const;
export type StatementFormat = (typeof STATEMENT_FORMATS)[number];

const TYPES = {
  json: 'application/json',
  csv: 'text/csv',
  pdf: 'application/pdf',
} as const satisfies Record<StatementFormat, string>;

/**
 * What a statement is asked for as: by `?format=`, else by `Accept`.
 * @throws ProblemError 406 `request/not-acceptable`.
 */
export const formatWanted = (
  request: FastifyRequest,
  format: StatementFormat | undefined,
): StatementFormat => {
  if (format !== undefined) return format;
  const type = acceptedType(request, Object.values(TYPES));
  return STATEMENT_FORMATS.find((each) => TYPES[each] === type)!;
};

export interface StatementDocument {
  readonly contentType: string;
  /** Of the headers that make a browser save it. */
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
  format: Exclude<StatementFormat, 'json'>,
): Promise<StatementDocument> => {
  const fileName = `${statement.kind}-${statement.number}.${format}`;
  if (format === 'csv') {
    const body = Buffer.from(statementCsv(statement, parties));
    return { contentType: 'text/csv; charset=utf-8', fileName, body };
  }
  // Loaded when the first is asked for: it takes longer than all the rest of the room.
  const { statementPdf } = await import('./document-pdf.js');
  return { contentType: TYPES.pdf, fileName, body: await statementPdf(statement, parties) };
};
