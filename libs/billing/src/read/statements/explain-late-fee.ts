import { streamName } from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';
import type { StatementEntered } from '../../domain/account-events.js';
import { accountAggregate } from '../../domain/account.js';
import { billingPeriodAggregate, periodId } from '../../domain/billing-period.js';
import { sourceOf, termsOfPayment } from '../../domain/contract-inputs.js';
import { lateFeeAgain, lateFeeLine, lateFeeSteps } from '../../domain/late-fee-note.js';
import type { PeriodClosed } from '../../domain/period-events.js';
import type { PaperLine, Statement } from '../../domain/statement.js';
import { contractInputs } from '../inputs/inputs.js';
import type { InputTools } from '../inputs/ports.js';
import { termsOf, type Explained } from './explanation.js';

/** Computes a late fee once more from what was recorded of its statement before it was charged. */
export const explainLateFee = async (
  tools: InputTools,
  statement: Statement,
  line: PaperLine,
): Promise<Explained> => {
  const { contractId, position, statementId: lateFeeId } = statement;
  const stream = streamName(accountAggregate, contractId);
  const events = await tools.log.readStream(stream, 0n);
  const found = lateFeeAgain(events, lateFeeId);
  if (!found) throw new Error(`Late fee ${lateFeeId} was never charged`);
  const { charged, again, sources } = found;
  const { number, dueOn } = statement.lateFee!;
  const entered = sources.find(({ type }) => type === 'StatementEntered')!;
  const { lateFee, month } = entered.data as StatementEntered['data'];
  const { closed, terms, timeZone } = await closedWith(tools, contractId, month);
  const { termsVersion } = line;
  const of = { number, dueOn, timeZone, ...(termsVersion !== undefined && { termsVersion }) };
  const all = [...sources, closed].map(sourceOf);
  const late = `Statement ${number} was due on ${dueOn} and not paid within ${lateFee?.graceDays} days of grace`;
  return {
    explanation: {
      ...{ statementId: lateFeeId, line, position, basis: 'computed' },
      ...(again && { recomputed: lateFeeLine({ ...of, charged: again }) }),
      agrees:
        again?.exactAmount === charged.exactAmount &&
        exact(again.amount).equals(exact(line.amount)),
      steps: again
        ? [late, ...lateFeeSteps({ charged: again })]
        : ['Nothing is charged for it any more: 0'],
      ...termsOf(terms, line),
      sourceCount: all.length + (terms ? 1 : 0),
    },
    sources: [...all, ...(terms ? [terms.source] : [])].sort((one, other) =>
      BigInt(one.position) < BigInt(other.position) ? -1 : 1,
    ),
  };
};

/** The close that says how the statements of its month are to be paid, and the terms that it is by. */
const closedWith = async (tools: InputTools, contractId: string, month: string) => {
  const stream = streamName(billingPeriodAggregate, periodId(contractId, month));
  const events = await tools.log.readStream(stream, 0n);
  const closed = events.find(({ type }) => type === 'PeriodClosed');
  if (!closed) throw new Error(`${month} of ${contractId} was never closed`);
  const { position, timeZone } = closed.data as PeriodClosed['data'];
  const { contract } = await contractInputs(tools, contractId, position);
  return { closed, timeZone, terms: termsOfPayment(contract, month) };
};
