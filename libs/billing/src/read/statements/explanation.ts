import { streamName } from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';
import { negative, sumOf } from '../../domain/amounts.js';
import { billingPeriodAggregate, periodId } from '../../domain/billing-period.js';
import { computedMonth } from '../../domain/computed-month.js';
import { sourceOf, termsIn } from '../../domain/contract-inputs.js';
import { keyOfAgreement } from '../../domain/period-changes.js';
import type { AdjustmentAgreed } from '../../domain/period-events.js';
import { toldBy } from '../../domain/rating/index.js';
import type { Line, Rated } from '../../domain/line.js';
import type { Source, TermsInForce } from '../../domain/inputs.js';
import type { PaperLine, Statement } from '../../domain/statement.js';
import { contractInputs } from '../inputs/inputs.js';
import type { InputTools } from '../inputs/ports.js';
import type { LineExplanation } from './views.js';

/** A line computed anew, with all that it was computed from. */
export interface Explained {
  readonly explanation: Omit<LineExplanation, 'sources' | 'nextCursor'>;
  readonly sources: readonly Source[];
}

/**
 * Computes the month that a line is about once more, at the position of its statement. What an
 * adjustment says is the difference to what stood, which it names itself.
 */
export const explain = async (
  tools: InputTools,
  statement: Statement,
  line: PaperLine,
): Promise<Explained> => {
  const { contractId, position, statementId } = statement;
  const month = line.adjusts?.month ?? statement.month;
  const inputs = await contractInputs(tools, contractId, position);
  const computed = computedMonth(await inputs.inputsOf(month, toldBy([line])));
  const { formula } = computed.inputs;
  const rated = computed.rated.find(
    ({ line: one }) => one.key === line.key && one.currency === line.currency,
  );
  const terms = computed.inputs.terms.find(({ version }) => version === line.termsVersion);
  return {
    explanation: {
      ...{ statementId, line, position, inputsDigest: computed.inputsDigest, basis: 'computed' },
      ...(formula !== undefined && { formula }),
      ...(rated && { recomputed: rated.line }),
      agrees: agrees(line, rated?.line),
      steps: stepsOf(line, rated),
      ...termsOf(terms, line),
      sourceCount: rated?.sources.length ?? 0,
    },
    sources: rated?.sources ?? [],
  };
};

/**
 * What was agreed on is computed from nothing: whoever agreed to it, and why, is the explanation.
 * @throws DomainError `contract/unknown`.
 */
export const explainAgreed = async (
  tools: InputTools,
  statement: Statement,
  line: PaperLine,
): Promise<Explained> => {
  const { contractId, position, statementId } = statement;
  const { month, line: original } = line.adjusts!;
  const stream = streamName(billingPeriodAggregate, periodId(contractId, month));
  const events = await tools.log.readStream(stream, 0n);
  const recorded = events.find(
    (one) => one.type === 'AdjustmentAgreed' && keyOfAgreement(one.data as Agreed) === line.key,
  );
  if (!recorded)
    throw new Error(`What line ${line.number} of ${statementId} says was never agreed`);
  const agreed = recorded.data as Agreed;
  const { amount, currency, agreedBy, reason } = agreed;
  const { contract } = await contractInputs(tools, contractId, position);
  const terms = termsIn(contract, month).find(({ version }) => version === line.termsVersion);
  const step = `${amount} ${currency}, agreed by ${agreedBy} on line ${original} of ${month}: ${reason}`;
  return {
    explanation: {
      ...{ statementId, line, position, basis: 'agreed' },
      agrees: exact(amount).equals(exact(line.amount)),
      steps: [step],
      ...termsOf(terms, line),
      sourceCount: 1,
    },
    sources: [sourceOf(recorded)],
  };
};

type Agreed = AdjustmentAgreed['data'];

/** The version of the terms that a line names, and its clause. */
export const termsOf = (
  terms: TermsInForce | undefined,
  { clauseRef }: PaperLine,
): Pick<LineExplanation, 'terms' | 'clause'> => {
  if (!terms) return {};
  const { version, from, until, source } = terms;
  const clause = terms.clauses.find(({ ref }) => ref === clauseRef);
  return { terms: { version, from, until, source }, ...(clause && { clause }) };
};

const differenceTo = ({ adjusts }: PaperLine, recomputed: Line | undefined): string => {
  const now = recomputed?.amount ?? '0';
  return adjusts ? sumOf(now, negative(adjusts.before)) : now;
};

const agrees = (line: PaperLine, recomputed: Line | undefined): boolean =>
  exact(differenceTo(line, recomputed)).equals(exact(line.amount));

const stepsOf = (line: PaperLine, rated: Rated | undefined): string[] => {
  const steps = [...(rated?.steps ?? ['Nothing is charged or credited for it any more: 0'])];
  const { adjusts, currency } = line;
  if (!adjusts) return steps;
  const now = rated?.line.amount ?? '0';
  const difference = differenceTo(line, rated?.line);
  const { before, month } = adjusts;
  return [
    ...steps,
    `New result of ${month} ${now} - what stood ${before} = ${difference} ${currency}`,
  ];
};
