import { stepOf, type AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { statementSeriesAggregate } from '../domain/statement-series.js';

/**
 * The number of a statement, credit note or late fee note: the next one of its year, or the one that it has. To be
 * asked for only once the document is certain to be issued, by whoever goes on until it is.
 */
export const assignNumber = async (
  store: AggregateStore,
  documentId: string,
  year: string,
  context: CommandContext,
): Promise<string> => {
  const data = { year, statementId: documentId };
  const { state } = await store.handle(
    statementSeriesAggregate,
    year,
    { type: 'AssignNumber', data, at: context.at },
    stepOf(context, 'number', documentId),
  );
  return state.numbers.get(documentId)!;
};
