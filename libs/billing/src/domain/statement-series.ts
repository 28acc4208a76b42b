import { type Aggregate, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';

export type StatementNumberAssigned = DomainEvent<
  'StatementNumberAssigned',
  {
    /** The year that the documents of the series are dated in. */
    year: string;
    /** `<year>-<six digits>` */
    number: string;
    /** Of a statement, a credit note or a late fee. */
    statementId: string;
  }
>;

export interface Series {
  /** By the documents that have them. */
  readonly numbers: ReadonlyMap<string, string>;
}

export type SeriesCommand = DomainCommand<
  'AssignNumber',
  Omit<StatementNumberAssigned['data'], 'number'>
>;

const decide = (
  { data: { year, statementId } }: SeriesCommand,
  { numbers }: Series,
): StatementNumberAssigned[] => {
  if (numbers.has(statementId)) return [];
  const number = `${year}-${String(numbers.size + 1).padStart(6, '0')}`;
  return [{ type: 'StatementNumberAssigned', data: { year, number, statementId } }];
};

/**
 * The numbers of a year, without gaps: one more than were given, and none is given back. A number
 * is asked for only once the document is certain to be issued.
 */
export const statementSeriesAggregate: Aggregate<Series, SeriesCommand, StatementNumberAssigned> = {
  category: 'statementSeries',
  initialState: { numbers: new Map() },
  events: {
    StatementNumberAssigned:
      'A statement, credit note or late fee note has the next number of its year.',
  },
  decide,
  evolve: ({ numbers }, { data: { statementId, number } }) => ({
    numbers: new Map(numbers).set(statementId, number),
  }),
};
