import { startOf } from '@hostledger/quantities';
import { monthAfter } from '../../domain/months.js';
import { isShare } from '../../domain/rating/charge.js';
import type { PaperLine, Statement } from '../../domain/statement.js';
import type { Parties } from '../statements/parties.js';
import { COMPONENTS, unitText } from '../statements/words.js';

/** A line with the statement it is on. */
export interface ExportedLine {
  readonly line: PaperLine;
  readonly statement: Omit<Statement, 'lines'>;
  readonly parties: Parties;
}

export interface ExportColumn {
  /** Of FOCUS, or ours where it begins with `x_`. */
  readonly name: string;
  readonly type: 'String' | 'Decimal' | 'Date/Time' | 'Date' | 'Integer' | 'Boolean';
  /** For docs/billing-export.md. */
  readonly meaning: string;
  /** As text; nothing where it does not apply. */
  readonly of: (row: ExportedLine) => string | undefined;
}

type Category = 'Usage' | 'Purchase' | 'Credit';
type Frequency = 'Usage-Based' | 'Recurring' | 'One-Time';

/** What a component is in the words of FOCUS: how it is billed, and how often it comes. */
const NATURE: Readonly<Record<PaperLine['component'], readonly [Category, Frequency]>> = {
  nameplateKwh: ['Usage', 'Usage-Based'],
  meteredKwh: ['Usage', 'Usage-Based'],
  passThrough: ['Usage', 'Usage-Based'],
  powerCost: ['Usage', 'Usage-Based'],
  flatPerUnit: ['Usage', 'Usage-Based'],
  flatPerKw: ['Usage', 'Usage-Based'],
  criticalItLoad: ['Purchase', 'Recurring'],
  proceedsShare: ['Usage', 'Usage-Based'],
  profitShare: ['Usage', 'Usage-Based'],
  minimum: ['Purchase', 'Recurring'],
  setUp: ['Purchase', 'One-Time'],
  relocation: ['Purchase', 'One-Time'],
  storage: ['Usage', 'Usage-Based'],
  repair: ['Purchase', 'One-Time'],
  uptimeCredit: ['Credit', 'Usage-Based'],
  curtailmentCredit: ['Credit', 'Usage-Based'],
  credit: ['Credit', 'One-Time'],
  lateFee: ['Purchase', 'One-Time'],
  nothing: ['Usage', 'Recurring'],
};

const categoryOf = ({ line, statement }: ExportedLine): string => {
  if (statement.credits) return 'Credit';
  return line.adjusts?.cause === 'agreed' ? 'Adjustment' : NATURE[line.component][0];
};

/** What a line changes of a closed month; a credit note is agreed on. */
const changedBy = ({ line, statement: { credits, month } }: ExportedLine) =>
  credits
    ? {
        ...{ ...credits, month, cause: 'agreed', before: undefined },
        statementId: credits.lateFeeId ?? credits.statementId,
      }
    : line.adjusts;

/** FOCUS writes instants without parts of a second. */
const instant = (iso: string): string => iso.replace(/\.000Z$/, 'Z');

const monthBegins = (month: string, { contract }: Parties): string =>
  instant(startOf(contract.time_zone, `${month}-01`));

const priceOf = ({ line }: ExportedLine): string | undefined =>
  isShare(line.unit) || line.rate.startsWith('-') ? undefined : line.rate;

type Told = Omit<ExportColumn, 'name'>;

const string = (meaning: string, of: Told['of']): Told => ({ type: 'String', meaning, of });
const decimal = (meaning: string, of: Told['of']): Told => ({ type: 'Decimal', meaning, of });
const time = (meaning: string, of: Told['of']): Told => ({ type: 'Date/Time', meaning, of });
const date = (meaning: string, of: Told['of']): Told => ({ type: 'Date', meaning, of });
const integer = (meaning: string, of: Told['of']): Told => ({ type: 'Integer', meaning, of });

const focus: Readonly<Record<string, Told>> = {
  BillingAccountId: string('Id of the contract', ({ statement }) => statement.contractId),
  BillingAccountName: string('Its reference', ({ parties }) => parties.contract.reference),
  BillingAccountType: string('`Hosting contract`', () => 'Hosting contract'),
  BillingPeriodStart: time(
    'First instant of the month of the statement, in the zone of the contract; of a late fee note of the month of its last day',
    ({ statement, parties }) => monthBegins(statement.month, parties),
  ),
  BillingPeriodEnd: time('First instant of the next month', ({ statement, parties }) =>
    monthBegins(monthAfter(statement.month), parties),
  ),
  ChargePeriodStart: time('From when the line counts', ({ line }) => instant(line.window.from)),
  ChargePeriodEnd: time('Until when; not included', ({ line }) => instant(line.window.until)),
  ChargeCategory: string(
    '`Usage`, `Purchase`, `Credit`, also of a credit note; `Adjustment` where a change was agreed on. `Tax` does not occur: taxes are not computed here',
    categoryOf,
  ),
  ChargeClass: string(
    '`Correction` where the line changes a closed month, as one of a credit note does; else empty',
    (row) => (changedBy(row) ? 'Correction' : undefined),
  ),
  ChargeFrequency: string(
    '`Usage-Based`, `Recurring` or `One-Time`, by the component; a credit note is `One-Time`',
    ({ line, statement }) => (statement.credits ? 'One-Time' : NATURE[line.component][1]),
  ),
  ChargeDescription: string('As on the statement', ({ line }) => line.description),
  BilledCost: decimal('Amount of the line; below zero for a credit', ({ line }) => line.amount),
  EffectiveCost: decimal('The same: nothing is amortised', ({ line }) => line.amount),
  ContractedCost: decimal('The same', ({ line }) => line.amount),
  ListCost: decimal(
    'The same: there are no prices but those of contracts',
    ({ line }) => line.amount,
  ),
  BillingCurrency: string(
    'ISO 4217; `BTC` where a share is paid in bitcoin, which FOCUS has no code for',
    ({ line }) => line.currency,
  ),
  PricingQuantity: decimal(
    'What was counted, to six places; of a correction that of the new result',
    ({ line }) => line.quantity,
  ),
  PricingUnit: string(
    '`kWh`, `unit-months`, `kW-months`, `BTC`, a currency, a currency with `-months`, `units`, `moves`, `unit-days`, `cases`, `months`',
    ({ line }) => unitText(line),
  ),
  ListUnitPrice: decimal('The same as ContractedUnitPrice', priceOf),
  ContractedUnitPrice: decimal(
    'For one unit; empty where the rate is a percentage or below zero, see x_Rate',
    priceOf,
  ),
  InvoiceId: string('Number of the statement or note', ({ statement }) => statement.number),
  InvoiceIssuerName: string('`ISSUER_NAME`', ({ parties }) => parties.issuer.name),
  ProviderName: string('The same', ({ parties }) => parties.issuer.name),
  PublisherName: string('The same', ({ parties }) => parties.issuer.name),
  RegionId: string('Code of the facility', ({ line }) => line.facility),
  RegionName: string('The same', ({ line }) => line.facility),
  ResourceId: string(
    'The facility: lines are by facility, not by machine',
    ({ line }) => line.facility,
  ),
  ResourceType: string('`Facility` where there is one', ({ line }) => line.facility && 'Facility'),
  ServiceCategory: string('`Other`: FOCUS knows no hosting of machines', () => 'Other'),
  ServiceName: string('What the component is, in words', ({ line }) => COMPONENTS[line.component]),
  SkuId: string(
    'Component of the line; `credit` of a credit note for a whole statement, `lateFee` of a late fee note, `nothing` of a statement without lines',
    ({ line }) => line.component,
  ),
  SkuPriceId: string(
    'Component and version of the terms that the rate is from; empty where there is no version',
    ({ line }) =>
      line.termsVersion === undefined ? undefined : `${line.component}/v${line.termsVersion}`,
  ),
};

const own: Readonly<Record<string, Told>> = {
  x_CustomerId: string('Id of the customer', ({ statement }) => statement.customerId),
  x_CustomerName: string('Its legal name', ({ parties }) => parties.customer.legal_name),
  x_StatementId: string('Id of the statement or note', ({ statement }) => statement.statementId),
  x_StatementKind: string(
    '`statement`, `restatement`, `creditNote` or `lateFeeNote`',
    ({ statement }) => statement.kind,
  ),
  x_IssuedOn: date('Day of issue', ({ statement }) => statement.issuedOn),
  x_DueOn: date('Last day to pay in time', ({ statement }) => statement.dueOn),
  x_Line: integer(
    'Number of the line, with x_StatementId the key of the row; 0 of a statement without lines',
    ({ line }) => String(line.number),
  ),
  x_LineKey: string(
    'The same for the same thing in every month and computation',
    ({ line }) => line.key,
  ),
  x_TermsVersion: integer('Version of the terms', ({ line }) => line.termsVersion?.toString()),
  x_Clause: string('Number of the clause in them', ({ line }) => line.clauseRef),
  x_Rate: decimal('As on the statement; of a share in percent', ({ line }) => line.rate),
  x_ExactAmount: string(
    'Quantity × rate as `n/d`, before it was rounded',
    ({ line }) => line.exactAmount,
  ),
  x_RoundingMode: string('`halfUp`, `halfEven`, `down` or `up`', ({ line }) => line.rounding.mode),
  x_RoundingScale: integer('Decimal places', ({ line }) => String(line.rounding.scale)),
  x_Estimated: {
    type: 'Boolean',
    meaning: 'Some of what it counts is estimated',
    of: ({ line }) => String(line.estimated ?? false),
  },
  x_AdjustsMonth: string('YYYY-MM of the month that it changes', (row) => changedBy(row)?.month),
  x_AdjustsStatementId: string(
    'The statement or late fee note that it changes',
    (row) => changedBy(row)?.statementId,
  ),
  x_AdjustsLine: integer('The line of it; empty where there was none with that key', (row) =>
    changedBy(row)?.line?.toString(),
  ),
  x_AdjustsCause: string('`lateFact` or `agreed`', (row) => changedBy(row)?.cause),
  x_AdjustsReason: string('In words, where it was agreed', (row) => changedBy(row)?.reason),
  x_AmountBefore: decimal(
    'What stood until then; of a credit note empty',
    ({ line }) => line.adjusts?.before,
  ),
  x_LogPosition: string(
    'Facts up to this position counted; of a credit or late fee note its own',
    ({ statement }) => statement.position,
  ),
  x_LinesDigest: string(
    'SHA-256 of the lines of the statement; credit notes and late fee notes have none',
    ({ statement }) => statement.linesDigest,
  ),
  x_OverdueStatementId: string(
    'Of a late fee note, or a credit note for one: the statement that was overdue',
    ({ statement: { lateFee, credits } }) =>
      lateFee?.statementId ?? (credits?.lateFeeId && credits.statementId),
  ),
};

/** In the order of the file. */
export const EXPORT_COLUMNS: readonly ExportColumn[] = Object.entries({ ...focus, ...own }).map(
  ([name, told]) => ({ name, ...told }),
);

/** A row of CSV; what does not apply is empty. */
export const csvRow = (row: ExportedLine): readonly string[] =>
  EXPORT_COLUMNS.map(({ of }) => of(row) ?? '');

/** A row of NDJSON; decimals are text, which no reader rounds, and what does not apply is null. */
export const jsonRow = (
  row: ExportedLine,
): Readonly<Record<string, string | number | boolean | null>> =>
  Object.fromEntries(
    EXPORT_COLUMNS.map(({ name, type, of }) => [name, jsonValue(type, of(row))] as const),
  );

const jsonValue = (type: ExportColumn['type'], value: string | undefined) => {
  if (value === undefined) return null;
  if (type === 'Integer') return Number(value);
  return type === 'Boolean' ? value === 'true' : value;
};
