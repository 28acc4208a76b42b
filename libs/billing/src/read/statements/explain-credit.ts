import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';
import type { AccountEvent, CreditNoteBegan, DisputeRaised } from '../../domain/account-events.js';
import { mustBeOpened, statementOf } from '../../domain/account-refusals.js';
import { accountAggregate } from '../../domain/account.js';
import { negative } from '../../domain/amounts.js';
import { billedOn, linesOf, monthsOf } from '../../domain/billed.js';
import { billingPeriodAggregate, periodId } from '../../domain/billing-period.js';
import { sourceOf, termsIn, termsOfPayment } from '../../domain/contract-inputs.js';
import { creditFigures } from '../../domain/credit-figures.js';
import type { PeriodEvent } from '../../domain/period-events.js';
import type { PaperLine, Statement } from '../../domain/statement.js';
import { contractInputs } from '../inputs/inputs.js';
import type { InputTools } from '../inputs/ports.js';
import { termsOf, type Explained } from './explanation.js';
import { creditedWhat } from './load.js';
import type { ExplainedCreditView } from './views.js';

type Recorded = RecordedEvent<AccountEvent>;

const told = (recorded: Recorded): AccountEvent => recorded as unknown as AccountEvent;

/**
 * What a credit note gives back was agreed on, and is computed from nothing: its explanation is who asked
 * for it, who agreed, why, and that no more was given back than was charged.
 */
export const explainCredit = async (
  tools: InputTools,
  statement: Statement,
  line: PaperLine,
): Promise<Explained> => {
  const { contractId, position, statementId: creditNoteId } = statement;
  const { reason: _, ...credited } = statement.credits!;
  const stream = streamName(accountAggregate, contractId);
  const events = (await tools.log.readStream(stream, 0n)) as readonly Recorded[];
  const { began, note, raised, resolved } = beginning(events, creditNoteId);
  const before = events.slice(0, events.indexOf(began));
  const account = mustBeOpened(
    before.map(told).reduce(accountAggregate.evolve, accountAggregate.initialState),
  );
  const { month } = statementOf(account, note.statementId);
  const { lines, billed, recordedLine } = await billedThen(tools, note, month, began);
  const figures = creditFigures(account, note, billed, lines);
  const { contract } = await contractInputs(tools, contractId, position);
  const terms =
    note.lateFeeId === undefined
      ? termsIn(contract, month).find(({ version }) => version === line.termsVersion)
      : termsOfPayment(contract, month);
  const asked = raised ?? began;
  const agreed = resolved ?? began;
  const credit: ExplainedCreditView = {
    ...credited,
    ...{ reason: note.reason, askedBy: subjectOf(asked), askedAt: asked.recordedAt },
    ...(raised && { askedReason: (raised.data as DisputeRaised['data']).reason }),
    ...(note.disputeId !== undefined && { disputeId: note.disputeId }),
    ...{ agreedBy: subjectOf(agreed), agreedAt: agreed.recordedAt, ...figures },
  };
  const sources = events.filter((one) => {
    const event = told(one);
    if (one === began || one === raised || one === resolved) return true;
    if (event.type === 'StatementEntered') return event.data.statementId === note.statementId;
    if (event.type === 'LateFeeCharged' || event.type === 'LateFeeNoteIssued') {
      return event.data.lateFeeId === note.lateFeeId;
    }
    return event.type === 'CreditNoteIssued' && event.data.creditNoteId === creditNoteId;
  });
  const all = [...sources, ...(recordedLine ? [recordedLine] : [])].map(sourceOf);
  return {
    explanation: {
      ...{ statementId: creditNoteId, line, position, basis: 'agreed', credit },
      agrees: exact(negative(note.amount)).equals(exact(line.amount)),
      steps: stepsOf(credit),
      ...termsOf(terms, line),
      sourceCount: all.length,
    },
    sources: all.sort((one, other) => (BigInt(one.position) < BigInt(other.position) ? -1 : 1)),
  };
};

const subjectOf = ({ metadata }: Recorded): string => metadata.actor.subject;

/** The events in which it was asked for and agreed on. */
const beginning = (events: readonly Recorded[], creditNoteId: string) => {
  const began = events.find((one) => {
    const event = told(one);
    return event.type === 'CreditNoteBegan' && event.data.creditNoteId === creditNoteId;
  });
  if (!began) throw new Error(`Credit note ${creditNoteId} was never begun`);
  const { data: note } = told(began) as CreditNoteBegan;
  const { disputeId } = note;
  const ofDispute = (type: 'DisputeRaised' | 'DisputeResolved'): Recorded | undefined =>
    events.find((one) => {
      const event = told(one);
      return event.type === type && event.data.disputeId === disputeId;
    });
  const raised = disputeId === undefined ? undefined : ofDispute('DisputeRaised');
  const resolved = disputeId === undefined ? undefined : ofDispute('DisputeResolved');
  return { began, note, raised, resolved };
};

/** What the months said of the statement when it was agreed on, and the event that has the line. */
const billedThen = async (
  { log }: InputTools,
  note: CreditNoteBegan['data'],
  month: string,
  { position }: Recorded,
) => {
  const read = async (one: string): Promise<readonly RecordedEvent<PeriodEvent>[]> => {
    const stream = streamName(billingPeriodAggregate, periodId(note.contractId, one));
    const events = (await log.readStream(stream, 0n)) as readonly RecordedEvent<PeriodEvent>[];
    return events.filter((event) => event.position < position);
  };
  const folded = (events: readonly RecordedEvent<PeriodEvent>[]) =>
    events
      .map((event) => event as unknown as PeriodEvent)
      .reduce(billingPeriodAggregate.evolve, billingPeriodAggregate.initialState);
  const own = await read(month);
  const months = new Map([[month, folded(own)]]);
  const lines = linesOf(months.get(month)!, note.statementId);
  for (const one of monthsOf(month, lines)) {
    if (one !== month) months.set(one, folded(await read(one)));
  }
  const recordedLine = own.find(({ data }) => {
    if (!('lines' in data) || !('statementId' in data)) return false;
    if (data.statementId !== note.statementId) return false;
    return data.lines.some((line) => 'number' in line && line.number === note.line);
  });
  return { lines, billed: billedOn(note, month, lines, months), recordedLine };
};

const stepsOf = (credit: ExplainedCreditView): string[] => {
  const { amount, currency, askedBy, agreedBy, reason } = credit;
  const { askedReason, charged, givenBack, credited, disputed, left } = credit;
  return [
    ...(askedReason === undefined ? [] : [`Disputed, as ${askedBy} recorded: ${askedReason}`]),
    `${amount} ${currency} of ${creditedWhat(credit)} given back, agreed by ${agreedBy}: ${reason}`,
    `Charged ${charged} - given back on other statements ${givenBack} - credited before ${credited} ` +
      `- disputed ${disputed} - credited now ${amount} = ${left} ${currency} left`,
  ];
};
