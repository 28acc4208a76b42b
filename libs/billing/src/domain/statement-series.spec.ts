import { specOf } from '@hostledger/testing';
import {
  statementSeriesAggregate,
  type SeriesCommand,
  type StatementNumberAssigned,
} from './statement-series.js';

const spec = specOf(statementSeriesAggregate);
const ask = (statementId: string): SeriesCommand => ({
  type: 'AssignNumber',
  data: { year: '2024', statementId },
  at: '2024-04-02T12:00:00.000Z',
});
const assigned = (statementId: string, number: string): StatementNumberAssigned => ({
  type: 'StatementNumberAssigned',
  data: { year: '2024', number, statementId },
});
const first = assigned('a', '2024-000001');

it('The numbers of a year follow each other without gaps', () => {
  spec.given().when(ask('a')).then(first);
  spec.given(first).when(ask('b')).then(assigned('b', '2024-000002'));
});

it('A document has one number, however often it is asked for', () => {
  spec.given(first, assigned('b', '2024-000002')).when(ask('a')).thenNothing();
});
