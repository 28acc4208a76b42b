import type { AuditCatalogue } from '../catalogue.js';
import { aggregateOf } from '../domain/as-of.js';
import { plain } from '../domain/plain.js';
import { keyOf, RowSubject, tableNamed } from './row.js';
import { presentRow, stateAsKnown, type Server } from './server.js';
import type { LogSource } from './source.js';
import { StreamSubject, type Subject } from './subject.js';
import { compareTrails, compareWithPast, compareWithPresent, Trail } from './trail.js';
import { cited, type Recomputed, type Comparison } from './verdict.js';

/** The other side: another source of events, or a running system. */
export type Against = { readonly source: LogSource } | { readonly server: Server };

/**
 * The state of a stream, folded from the events of a source by the rules of its kind.
 * @throws DomainError `audit/category-unknown`, `audit/state-untold`.
 */
export const recomputeAggregate = async (
  { aggregates }: Pick<AuditCatalogue, 'aggregates'>,
  source: LogSource,
  stream: string,
  against?: Against,
): Promise<Recomputed> => {
  const aggregate = aggregateOf(aggregates, stream);
  const subjectOf = () => new StreamSubject(aggregate, stream);
  const trail = await Trail.of(source, subjectOf);
  const told = toldOf(`aggregate ${stream}`, source, trail);
  if (!against) return told;
  if ('source' in against) return { ...told, verdict: await withSource(trail, against, subjectOf) };
  const { server } = against;
  const nothing = plain(aggregate.initialState);
  const ask = async (position: bigint) => (await stateAsKnown(server, stream, position)) ?? nothing;
  return { ...told, verdict: await compareWithPast(trail, ask, `${source.name}, ${server.url}`) };
};

/**
 * A row of a read model, folded from the events of a source that touch it.
 * @param key of the row, each column as text.
 * @throws DomainError `audit/table-unknown`, `audit/row-key-invalid`.
 */
export const recomputeRow = async (
  { tables }: Pick<AuditCatalogue, 'tables'>,
  source: LogSource,
  { table: name, key: given }: { readonly table: string; readonly key: Record<string, string> },
  against?: Against,
): Promise<Recomputed> => {
  const table = tableNamed(tables, name);
  const key = keyOf(table, given);
  const subjectOf = () => new RowSubject(table, key);
  const trail = await Trail.of(source, subjectOf);
  const words = Object.entries(given).map(([column, value]) => `${column}=${value}`);
  const told = toldOf(`row ${name} ${words.join(' ')}`, source, trail);
  if (!against) return told;
  if ('source' in against) return { ...told, verdict: await withSource(trail, against, subjectOf) };
  const { server } = against;
  const there = await presentRow(server, name, given, trail.end);
  const verdict = compareWithPresent(trail, there, `${source.name}, ${server.url}`);
  return { ...told, verdict };
};

const toldOf = (subject: string, source: LogSource, trail: Trail): Recomputed => {
  const last = trail.events.at(-1);
  return {
    ...{ subject, source: source.name, position: trail.end.toString() },
    ...{ value: trail.value, counted: trail.events.length },
    ...(last && { last: cited(last) }),
  };
};

const withSource = async (
  here: Trail,
  { source }: { readonly source: LogSource },
  subjectOf: () => Subject,
): Promise<Comparison> => {
  const there = await Trail.of(source, subjectOf);
  return compareTrails(here, there, [subjectOf(), subjectOf()], `this and ${source.name}`);
};
