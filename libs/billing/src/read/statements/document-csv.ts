import { csvLine, noFormula } from '@hostledger/http';
import type { PaperLine, Statement } from '../../domain/statement.js';
import { toldLines } from './nothing.js';
import type { Parties } from './parties.js';

type Of = (line: PaperLine, statement: Statement, parties: Parties) => string | number;

/** Columns of the file, which is one flat table: what is of the whole statement is on every line. */
const COLUMNS: Readonly<Record<string, Of>> = {
  statement: (_, { number }) => number,
  kind: (_, { kind }) => kind,
  customer: (_, __, { customer }) => customer.legal_name,
  customerId: (_, { customerId }) => customerId,
  contract: (_, __, { contract }) => contract.reference,
  contractId: (_, { contractId }) => contractId,
  month: (_, { month }) => month,
  issuedOn: (_, { issuedOn }) => issuedOn,
  dueOn: (_, { dueOn }) => dueOn ?? '',
  line: ({ number }) => number,
  component: ({ component }) => component,
  description: ({ description }) => description,
  facility: ({ facility }) => facility ?? '',
  from: ({ window }) => window.from,
  until: ({ window }) => window.until,
  termsVersion: ({ termsVersion }) => termsVersion ?? '',
  clause: ({ clauseRef }) => clauseRef ?? '',
  quantity: ({ quantity }) => quantity,
  unit: ({ unit }) => unit,
  rate: ({ rate }) => rate,
  exactAmount: ({ exactAmount }) => exactAmount,
  roundingMode: ({ rounding }) => rounding.mode,
  roundingScale: ({ rounding }) => rounding.scale,
  amount: ({ amount }) => amount,
  currency: ({ currency }) => currency,
  estimated: ({ estimated }) => String(estimated ?? false),
  adjustsMonth: ({ adjusts }) => adjusts?.month ?? '',
  adjustsStatementId: ({ adjusts }) => adjusts?.statementId ?? '',
  adjustsLine: ({ adjusts }) => adjusts?.line ?? '',
  adjustsCause: ({ adjusts }) => adjusts?.cause ?? '',
  adjustsReason: ({ adjusts }) => adjusts?.reason ?? '',
  amountBefore: ({ adjusts }) => adjusts?.before ?? '',
  key: ({ key }) => key,
};

/** A statement as CSV (RFC 4180): a header, then a record for each line; one of line 0 where there are none. */
export const statementCsv = (statement: Statement, parties: Parties): string =>
  [
    csvLine(Object.keys(COLUMNS)),
    ...toldLines(statement.lines, statement, parties).map((line) =>
      csvLine(Object.values(COLUMNS).map((of) => noFormula(String(of(line, statement, parties))))),
    ),
  ].join('');
