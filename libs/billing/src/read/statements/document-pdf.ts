import { dayIn, startOf } from '@hostledger/quantities';
import { sumOf } from '../../domain/amounts.js';
import type { Adjusts, LateFeeFor, PaperLine, Statement } from '../../domain/statement.js';
import { toldLines, toldTotals } from './nothing.js';
import { LEFT, Paper, TEXT_WIDTH, type Column, type Row } from './paper.js';
import type { Parties } from './parties.js';
import { grouped, monthText, rateText, roundingNotes, TITLES, unitText } from './words.js';

const columnsIn = (currency: string): readonly Column[] => [
  { title: '#', width: 24 },
  { title: 'Description', width: 198 },
  { title: 'Clause', width: 52 },
  { title: 'Quantity', width: 76, align: 'right' },
  { title: 'Unit', width: 52 },
  { title: 'Rate', width: 50, align: 'right' },
  { title: `Amount, ${currency}`, width: 64, align: 'right' },
];
const HALF = TEXT_WIDTH / 2;

/** A statement as a paper that a customer can be sent. */
export const statementPdf = (statement: Statement, parties: Parties): Promise<Buffer> => {
  const { number, kind, issuedOn } = statement;
  const { issuer, customer, contract } = parties;
  const title = `${TITLES[kind]} ${number}`;
  const month = monthText(statement.month);
  const paper = new Paper({
    title,
    author: issuer.name,
    subject: `${contract.reference}, ${month}`,
    madeOn: issuedOn,
    head: [issuer.name, `${customer.legal_name} · ${contract.reference}`],
    foot: `${title} · ${month} · issued ${issuedOn}`,
  });
  heading(paper, statement, parties);
  const told = toldLines(statement.lines, statement, parties);
  for (const { currency, amount } of toldTotals(statement.totals, parties)) {
    const lines = told.filter((line) => line.currency === currency);
    paper.table(columnsIn(currency), [
      ...rowsOf(lines, statement, parties),
      ...subtotals(lines, currency, amount),
    ]);
    paper.space(14);
  }
  ending(paper, statement);
  return paper.done();
};

const heading = (paper: Paper, statement: Statement, parties: Parties): void => {
  const { issuer, customer, contract } = parties;
  const top = paper.y;
  paper.text(issuer.name, { size: 13, bold: true, width: HALF - 12 });
  for (const line of issuer.address) paper.text(line, { faint: true, width: HALF - 12 });
  paper.space(18);
  paper.text('For', { size: 8.5, faint: true, width: HALF - 12 });
  paper.text(customer.legal_name, { size: 10.5, bold: true, width: HALF - 12 });
  if (customer.name !== customer.legal_name) paper.text(customer.name, { width: HALF - 12 });
  paper.text(customer.country, { width: HALF - 12 });
  const left = paper.y;

  paper.y = top;
  const x = LEFT + HALF;
  paper.text(TITLES[statement.kind], { size: 20, x, width: HALF });
  paper.space(4);
  const facts: [string, string][] = [
    ['Number', statement.number],
    ['Month', monthText(statement.month)],
    ['Issued on', statement.issuedOn],
    ...(statement.dueOn === undefined ? [] : ([['Due on', statement.dueOn]] as [string, string][])),
    ...aboutFacts(statement),
    ['Contract', `${contract.reference}, ${contract.title}`],
    ['Contract id', contract.contract_id],
    ['Customer id', customer.customer_id],
  ];
  paper.facts(facts, x, HALF);
  paper.y = Math.max(paper.y, left) + 8;
  paper.rule();
  for (const { currency, amount } of toldTotals(statement.totals, parties)) {
    const due = statement.dueOn === undefined ? '' : ` due on ${statement.dueOn}`;
    const what = amount.startsWith('-') ? 'Credit' : `Total${due}`;
    const shown = amount.startsWith('-') ? amount.slice(1) : amount;
    paper.text(`${what}: ${grouped(shown)} ${currency}`, { size: 12, bold: true, align: 'right' });
  }
  paper.space(8);
};

/** Which statement a note is about. */
const aboutFacts = ({ credits, lateFee }: Statement): [string, string][] => {
  if (credits) {
    const { number, line, lateFeeNumber } = credits;
    const part = line === undefined ? '' : `, line ${line}`;
    const fee: [string, string][] = lateFeeNumber ? [['Of', `Late fee note ${lateFeeNumber}`]] : [];
    return [...fee, [fee.length > 0 ? 'On' : 'Of', `Statement ${number}${part}`]];
  }
  if (!lateFee) return [];
  return [
    ['Of', `Statement ${lateFee.number}, due on ${lateFee.dueOn}`],
    ['Days', `${lateFee.fromOn} to ${lateFee.throughOn}`],
  ];
};

const rowsOf = (
  lines: readonly PaperLine[],
  { month, lateFee }: Statement,
  parties: Parties,
): readonly Row[] => {
  const own = lines.filter(({ adjusts }) => !adjusts);
  const adjustments = lines.filter(({ adjusts }) => adjusts);
  const group = (title: string, of: readonly PaperLine[]): Row[] =>
    of.length === 0
      ? []
      : [
          { cells: ['', title], bold: true, keepWithNext: true },
          ...of.map((line) => rowOf(line, parties)),
        ];
  return [
    ...group(lateFee ? 'Late fee' : `Charges and credits of ${monthText(month)}`, own),
    ...group('Adjustments of closed months', adjustments),
  ];
};

const rowOf = (line: PaperLine, parties: Parties): Row => {
  const { number, description, facility, termsVersion, clauseRef, adjusts, estimated } = line;
  const where = facility === undefined ? [] : [facility];
  return {
    cells: [
      number === 0 ? '' : String(number),
      description,
      [clauseRef, termsVersion && `v${termsVersion}`].filter(Boolean).join(' / '),
      grouped(line.quantity),
      unitText(line),
      rateText(line),
      grouped(line.amount),
    ],
    notes: [
      [...where, windowText(line, parties.contract.time_zone)].join(' · '),
      ...(estimated ? ['Partly or wholly estimated'] : []),
      ...(adjusts ? [adjustsText(adjusts, parties)] : []),
    ],
  };
};

/** Days, the last one included, where it begins and ends with days of the zone; else instants. */
const windowText = ({ window: { from, until } }: PaperLine, timeZone: string): string => {
  const first = dayIn(timeZone, from);
  const last = dayIn(timeZone, new Date(Date.parse(until) - 1).toISOString());
  const wholeDays =
    startOf(timeZone, first) === from && startOf(timeZone, dayIn(timeZone, until)) === until;
  if (wholeDays) return first === last ? first : `${first} to ${last}`;
  return `${minuteOf(from)} to ${minuteOf(until)} UTC`;
};

const minuteOf = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

const CAUSES: Readonly<Record<Adjusts['cause'], string>> = {
  lateFact: 'facts recorded after the close',
  agreed: 'agreed',
};

const adjustsText = ({ month, statementId, line, cause, reason, before }: Adjusts, of: Parties) => {
  const number = of.numbers?.get(statementId) ?? statementId;
  const original = line === undefined ? 'a new line of' : `line ${line} of`;
  const why = reason === undefined ? CAUSES[cause] : `${CAUSES[cause]}: ${reason}`;
  return (
    `Adjusts ${monthText(month)}, ${original} statement ${number}; ${why}. ` +
    `It came to ${grouped(before)} before; the amount is the difference.`
  );
};

const subtotals = (
  lines: readonly PaperLine[],
  currency: string,
  total: string,
): readonly Row[] => {
  const sums: readonly (readonly [string, readonly PaperLine[]])[] = [
    ['Charges', lines.filter(({ adjusts, amount }) => !adjusts && !amount.startsWith('-'))],
    ['Credits', lines.filter(({ adjusts, amount }) => !adjusts && amount.startsWith('-'))],
    ['Adjustments', lines.filter(({ adjusts }) => adjusts)],
  ];
  const told = sums.filter(([, of]) => of.length > 0);
  const row = (name: string, amount: string, bold: boolean): Row => ({
    cells: ['', name, '', '', '', '', grouped(amount)],
    bold,
    keepWithNext: !bold,
  });
  return [
    ...(told.length > 1
      ? told.map(([name, of]) => row(name, sumOf(...of.map(({ amount }) => amount)), false))
      : []),
    row(`Total in ${currency}`, total, true),
  ];
};

/** What was overdue on which days, and for how much of a month that counts. */
const overdueDays = (
  paper: Paper,
  { lines }: Statement,
  { stretches, percentPerMonth }: LateFeeFor,
): void => {
  const currency = lines[0]?.currency ?? '';
  const columns: readonly Column[] = [
    { title: 'From', width: 90 },
    { title: 'To', width: 146 },
    { title: `Overdue, ${currency}`, width: 110, align: 'right' },
    { title: 'Days', width: 60, align: 'right' },
    { title: 'Days in the month', width: 110, align: 'right' },
  ];
  const rows = stretches.map(({ fromOn, throughOn, overdue, days, daysInMonth }): Row => ({
    cells: [fromOn, throughOn, grouped(overdue), String(days), String(daysInMonth)],
  }));
  paper.text('What was overdue, and not disputed', { size: 10, bold: true });
  paper.space(2);
  paper.table(columns, rows);
  paper.space(4);
  paper.text(`The fee is ${percentPerMonth} % of the sum of overdue × days ÷ days in the month.`, {
    size: 8,
  });
};

const ending = (paper: Paper, statement: Statement): void => {
  const { statementId, position, inputsDigest, linesDigest, lines, credits, lateFee } = statement;
  const fixed = (text: string): void => paper.text(text, { size: 7, fixed: true });
  paper.need(150);
  if (credits) {
    const { number, lateFeeNumber } = credits;
    const what = lateFeeNumber ? `late fee note ${lateFeeNumber}` : `statement ${number}`;
    paper.text(`Given back for ${what}, which stands as it is.`, { size: 8 });
    paper.space(4);
    fixed(`Credit note  ${statementId}`);
    fixed(`Statement    ${credits.statementId}`);
    fixed(`Position     ${position}`);
    return;
  }
  const note = (text: string): void => paper.text(text, { size: 8 });
  if (lateFee) {
    overdueDays(paper, statement, lateFee);
    note(`It is owed with statement ${lateFee.number}, and bears no fees itself.`);
    paper.space(8);
  }
  paper.text('How it was computed', { size: 10, bold: true });
  paper.space(2);
  for (const text of roundingNotes(lines)) note(text);
  note('Quantities are shown to six decimal places; the computation goes on with the exact ones.');
  note('"v" is the version of the terms that the clause is in.');
  note(
    'Facts count that were recorded up to the position below. For each line the address ' +
      `/v1/statements/${statementId}/lines/<number>/explanation names every fact and step, computes ` +
      'it again and says whether it comes to the same amount.',
  );
  paper.space(4);
  if (lateFee) {
    fixed(`Late fee   ${statementId}`);
    fixed(`Statement  ${lateFee.statementId}`);
    fixed(`Position   ${position}`);
    return;
  }
  fixed(`Statement  ${statementId}`);
  fixed(`Position   ${position}`);
  fixed(`Inputs     SHA-256 ${inputsDigest}`);
  fixed(`Lines      SHA-256 ${linesDigest}`);
};
