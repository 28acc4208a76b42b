import { sql } from 'kysely';
import type { Duties } from '../../domain/duties.js';
import { instantsOf, type Period } from './period.js';
import type { Db } from './tables.js';
import type { ConflictView } from './views.js';

/** What the system does by itself is nobody's duty. */
const SYSTEM = 'system:%';

/** Subjects who had both duties of a conflict for the same thing within the period. */
export const conflictsIn = async (
  db: Db,
  { conflicts, duties }: Duties,
  period: Period,
): Promise<ConflictView[]> => {
  const { begin, end } = instantsOf(period);
  const done = await db
    .selectFrom('audit_acts')
    .where('kind', '=', 'duty')
    .where('name', 'in', [...new Set(conflicts.flatMap(({ one, other }) => [one, other])), ''])
    .where('subject', 'not like', SYSTEM)
    .where('recorded_at', '>=', begin)
    .where('recorded_at', '<', end)
    .select(['subject', 'about', 'name'])
    .select(sql<string>`count(*)`.as('count'))
    .select(sql<bigint>`min(position)`.as('first'))
    .groupBy(['subject', 'about', 'name'])
    .orderBy('subject')
    .orderBy('about')
    .orderBy('name')
    .execute();
  const bySubject = Map.groupBy(done, ({ subject, about }) =>
    JSON.stringify([subject.toLowerCase(), about]),
  );
  return [...bySubject.values()].flatMap((own) =>
    conflicts.flatMap(({ one, other, why }): ConflictView[] => {
      const [first, second] = [one, other].map((name) => own.filter((row) => row.name === name));
      if (!first?.length || !second?.length) return [];
      return [
        {
          subject: first[0]!.subject,
          about: first[0]!.about,
          one: duties.get(one)!,
          other: duties.get(other)!,
          why,
          ...{ onePosition: leastOf(first), oneCount: sumOf(first) },
          ...{ otherPosition: leastOf(second), otherCount: sumOf(second) },
        },
      ];
    }),
  );
};

type Done = readonly { readonly first: bigint; readonly count: string }[];

const sumOf = (rows: Done): number => rows.reduce((sum, { count }) => sum + Number(count), 0);
const leastOf = (rows: Done): string =>
  rows.reduce((least, { first }) => (first < least ? first : least), rows[0]!.first).toString();
