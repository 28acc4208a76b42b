import { sql } from 'kysely';
import type { Duties } from '../../domain/duties.js';
import type { AuditActRow } from '../acts/projection.js';
import { conflictsIn } from './conflicts.js';
import { boundsOf, eventsIn } from './facts.js';
import { countOf, listedOf, type Listed } from './listed.js';
import { instantsOf, MAX_LISTED, type Period } from './period.js';
import type { Db } from './tables.js';
import type {
  ActView,
  AdminActsView,
  DecisionCountView,
  DecisionView,
  OverrideView,
  SegregationReport,
  TokenActView,
} from './views.js';

/** Who decided, gave way and had which duties in a period, by what rooms tell of their events. */
export const segregationIn = async (
  db: Db,
  duties: Duties,
  period: Period,
): Promise<SegregationReport> => {
  const decisions = await decisionsIn(db, duties, period);
  const selfApprovals = await decisionsIn(db, duties, period, true);
  const undecided = await undecidedIn(db, period);
  const conflicts = await conflictsIn(db, duties, period);
  const overrides = await overridesIn(db, duties, period);
  const tokens = await tokensIn(db, period);
  return {
    ...period,
    twoPersonActs: await decisionCountsIn(db, duties, period),
    decisionCount: decisions.count,
    decisions: decisions.listed,
    selfApprovalCount: selfApprovals.count,
    selfApprovals: selfApprovals.listed,
    undecidedCount: undecided.count,
    undecided: undecided.listed,
    conflictCount: conflicts.length,
    conflicts: conflicts.slice(0, MAX_LISTED),
    ...overrides,
    adminActs: await adminActsIn(db, period),
    tokenCount: tokens.count,
    tokens: tokens.listed,
  };
};

/** Acts of these kinds that were recorded in the period. */
const actsIn = (db: Db, period: Period, kinds: readonly AuditActRow['kind'][]) => {
  const { begin, end } = instantsOf(period);
  return db
    .selectFrom('audit_acts as act')
    .where('act.kind', 'in', kinds)
    .where('act.recorded_at', '>=', begin)
    .where('act.recorded_at', '<', end);
};

const COLUMNS = [
  'position',
  'event_id',
  'type',
  'stream',
  'about',
  'subject',
  'role',
  'reason',
  'occurred_at',
  'recorded_at',
] as const;
type ActColumns = Pick<AuditActRow, (typeof COLUMNS)[number]>;

const actView = (row: ActColumns): ActView => ({
  position: row.position.toString(),
  eventId: row.event_id,
  type: row.type,
  stream: row.stream,
  about: row.about,
  subject: row.subject,
  role: row.role,
  reason: row.reason,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
});

const ofAct = COLUMNS.map((column) => `act.${column}` as const);

/** Each decision with the last request for the same before it. */
const decided = (db: Db, period: Period) =>
  actsIn(db, period, ['approval', 'refusal']).leftJoinLateral(
    (lateral) =>
      lateral
        .selectFrom('audit_acts as request')
        .where('request.kind', '=', 'request')
        .whereRef('request.name', '=', 'act.name')
        .whereRef('request.about', '=', 'act.about')
        .whereRef('request.position', '<=', 'act.position')
        .orderBy('request.position', 'desc')
        .orderBy('request.number', 'desc')
        .limit(1)
        .select(COLUMNS.map((column) => `request.${column} as asked_${column}` as const))
        .as('asked'),
    (join) => join.onTrue(),
  );

/** An approval by who asked; that somebody takes back what they asked for is nothing to report. */
const isSelf = sql<boolean>`coalesce(act.kind = 'approval'
  and lower(act.subject) = lower(coalesce(act.other, asked.asked_subject)), false)`;

const decisionsIn = async (
  db: Db,
  duties: Duties,
  period: Period,
  onlySelf = false,
): Promise<Listed<DecisionView>> => {
  const all = decided(db, period).$if(onlySelf, (query) => query.where(isSelf));
  const { count } = await all.select(countOf.as('count')).executeTakeFirstOrThrow();
  const rows = await all
    .leftJoinLateral(
      (lateral) =>
        lateral
          .selectFrom('audit_acts as token')
          .where('token.name', '=', 'access/issues-tokens')
          .where(sql<boolean>`lower(token.other) = lower(act.subject)`)
          .where(sql<boolean>`lower(token.subject) = lower(coalesce(act.other, asked_subject))`)
          .whereRef('token.position', '<', 'act.position')
          .orderBy('token.position')
          .limit(1)
          .select('token.position as token_position')
          .as('token'),
      (join) => join.onTrue(),
    )
    .select([...ofAct, 'act.kind', 'act.name', 'token.token_position'])
    .select(COLUMNS.map((column) => `asked.asked_${column}` as const))
    .select(isSelf.as('is_self'))
    .orderBy('act.position')
    .orderBy('act.number')
    .limit(MAX_LISTED)
    .execute();
  const listed = rows.map((row): DecisionView => {
    const { title, isEnforced } = duties.twoPersonActs.get(row.name) ?? unknownAct(row.name);
    return {
      name: row.name,
      title,
      isEnforced,
      outcome: row.kind === 'approval' ? 'approved' : 'refused',
      decided: actView(row),
      asked: askedOf(row),
      isSelfApproval: row.is_self,
      tokenByAsker: row.token_position?.toString() ?? null,
    };
  });
  return { count: Number(count), listed };
};

/** Of a rule that was there when the table was filled, and is no more. */
const unknownAct = (name: string) => ({ title: name, isEnforced: false, why: '' });

type Asked = { readonly [Column in keyof ActColumns as `asked_${Column}`]: unknown };

const askedOf = (row: Asked): ActView | null => {
  if (row.asked_position === null) return null;
  const columns = COLUMNS.map((column) => [column, row[`asked_${column}`]] as const);
  return actView(Object.fromEntries(columns) as unknown as ActColumns);
};

const decisionCountsIn = async (
  db: Db,
  { twoPersonActs }: Duties,
  period: Period,
): Promise<DecisionCountView[]> => {
  const asked = await actsIn(db, period, ['request'])
    .select(['act.name', countOf.as('count')])
    .groupBy('act.name')
    .execute();
  const ended = await decided(db, period)
    .select(['act.name', 'act.kind', isSelf.as('is_self'), countOf.as('count')])
    .groupBy(['act.name', 'act.kind', 'is_self'])
    .execute();
  const sum = (rows: readonly { readonly count: string }[]): number =>
    rows.reduce((total, { count }) => total + Number(count), 0);
  return [...twoPersonActs].map(([name, act]) => {
    const own = ended.filter((row) => row.name === name);
    return {
      name,
      ...act,
      asked: sum(asked.filter((row) => row.name === name)),
      approved: sum(own.filter(({ kind }) => kind === 'approval')),
      refused: sum(own.filter(({ kind }) => kind === 'refusal')),
      selfApproved: sum(own.filter(({ is_self }) => is_self)),
    };
  });
};

const undecidedIn = async (db: Db, period: Period): Promise<Listed<ActView>> => {
  const { end } = instantsOf(period);
  const open = actsIn(db, period, ['request']).where((when) =>
    when.not(
      when.exists(
        when
          .selectFrom('audit_acts as decision')
          .where('decision.kind', 'in', ['approval', 'refusal'])
          .whereRef('decision.name', '=', 'act.name')
          .whereRef('decision.about', '=', 'act.about')
          .whereRef('decision.position', '>=', 'act.position')
          .where('decision.recorded_at', '<', end)
          .select('decision.position'),
      ),
    ),
  );
  return listedOf(open.selectAll('act'), inOrder, actView);
};

const inOrder = <Query extends { orderBy(column: 'act.position' | 'act.number'): Query }>(
  query: Query,
): Query => query.orderBy('act.position').orderBy('act.number');

const overridesIn = async (db: Db, { overrides }: Duties, period: Period) => {
  const acts = actsIn(db, period, ['override']);
  const counted = await acts
    .select(['act.name', countOf.as('count')])
    .groupBy('act.name')
    .execute();
  const { count, listed } = await listedOf(acts.selectAll('act'), inOrder, (row): OverrideView => ({
    ...actView(row),
    name: row.name,
    rule: overrides.get(row.name) ?? '',
    approvedBy: row.other,
  }));
  const counts = new Map(counted.map((row) => [row.name, Number(row.count)]));
  const overrideCounts = [...overrides].map(([name, rule]) => ({
    name,
    rule,
    count: counts.get(name) ?? 0,
  }));
  return { overrideCounts, overrideCount: count, overrides: listed };
};

const tokensIn = (db: Db, period: Period): Promise<Listed<TokenActView>> =>
  listedOf(
    actsIn(db, period, ['duty'])
      .where('act.name', 'in', ['access/issues-tokens', 'access/revokes-tokens'])
      .selectAll('act'),
    inOrder,
    (row): TokenActView => ({
      ...actView(row),
      act: row.name === 'access/issues-tokens' ? 'issued' : 'revoked',
      tokenSubject: row.other,
    }),
  );

const adminActsIn = async (db: Db, period: Period): Promise<AdminActsView[]> => {
  const bounds = await boundsOf(db, period);
  if (!bounds) return [];
  const rows = await eventsIn(db, period, bounds)
    .where('fact.role', '=', 'admin')
    .select(['fact.subject', 'fact.type', countOf.as('count')])
    .select(sql<bigint>`min(fact.position)`.as('first'))
    .select(sql<bigint>`max(fact.position)`.as('last'))
    .groupBy(['fact.subject', 'fact.type'])
    .orderBy('fact.subject')
    .orderBy('fact.type')
    .limit(MAX_LISTED)
    .execute();
  return rows.map((row) => ({
    subject: row.subject ?? 'unknown',
    type: row.type,
    count: Number(row.count),
    firstPosition: row.first.toString(),
    lastPosition: row.last.toString(),
  }));
};
