import { computedMonth } from '../../domain/computed-month.js';
import { exact } from '@hostledger/quantities';
import { negative, sumOf } from '../../domain/amounts.js';
import type { Line, Rated } from '../../domain/line.js';
import type { Source } from '../../domain/inputs.js';
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
  const computed = computedMonth(await inputs.inputsOf(month));
  const rated = computed.rated.find(
    ({ line: one }) => one.key === line.key && one.currency === line.currency,
  );
  const terms = computed.inputs.terms.find(({ version }) => version === line.termsVersion);
  const clause = terms?.clauses.find(({ ref }) => ref === line.clauseRef);
  return {
    explanation: {
      ...{ statementId, line, position, inputsDigest: computed.inputsDigest },
      ...(rated && { recomputed: rated.line }),
      agrees: agrees(line, rated?.line),
      steps: stepsOf(line, rated),
      ...(terms && {
        terms: {
          version: terms.version,
          from: terms.from,
          until: terms.until,
          source: terms.source,
        },
      }),
      ...(clause && { clause }),
      sourceCount: rated?.sources.length ?? 0,
    },
    sources: rated?.sources ?? [],
  };
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
