import { contractsDuties } from '@hostledger/contracts';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { embeddedDatabase, readModelsOf, rowsOf, type TestDatabase } from '@hostledger/testing';
import { Duties } from '../../domain/duties.js';
import { actsProjection } from '../acts/projection.js';
import { auditEventsProjection } from '../history/projection.js';
import { logOf, smallDuties } from './reports.fixture.js';
import { segregationIn } from './segregation.js';
import type { ReportTables } from './tables.js';
import type { SegregationReport } from './views.js';

const projectionsOf = (duties: Duties) => [auditEventsProjection, actsProjection(duties)];
const JUNE = { from: '2024-06-01', until: '2024-07-01' };

let database: TestDatabase;
beforeAll(async () => (database = await embeddedDatabase()));
afterAll(() => database.close());

const reportOn = async (
  log: RecordedEvent[],
  period = JUNE,
  duties: Duties = smallDuties,
): Promise<SegregationReport> => {
  const { readModels, close } = await readModelsOf(projectionsOf(duties), log, database);
  try {
    const { value } = await readModels.read<ReportTables, SegregationReport>({}, (db) =>
      segregationIn(db, duties, period),
    );
    return value;
  } finally {
    await close();
  }
};

const plan = (id: string) => ({ type: 'PlanMade', data: { id } });
const approved = (id: string, by: string) => ({ type: 'PlanApproved', data: { id }, by });

describe('Acts', () => {
  it('are rows, each with who, what about and why', () => {
    const log = logOf({
      ...{ type: 'RuleBroken', data: { id: 'r1', because: 'haste', said: 'bob' } },
      ...{ by: 'cyd', role: 'admin', reason: 'as told' },
    });
    expect(rowsOf(actsProjection(smallDuties).tables[0]!, log)).toEqual([
      {
        ...{ position: 100n, number: 1, kind: 'override', name: 'small/broken' },
        ...{ about: 'rule r1', subject: 'cyd', role: 'admin', other: 'bob', reason: 'haste' },
        ...{ event_id: log[0]!.id, stream: 'small-1', type: 'RuleBroken', revision: 0n },
        ...{ occurred_at: log[0]!.recordedAt, recorded_at: log[0]!.recordedAt },
      },
    ]);
  });
});

describe('The report on segregation', () => {
  it('pairs each decision with the last request for the same before it', async () => {
    const report = await reportOn(
      logOf(
        { ...plan('p1'), by: 'ann', reason: 'first' },
        { ...plan('p1'), by: 'dan', reason: 'again' },
        plan('p2'),
        { ...approved('p1', 'bob'), reason: 'fine' },
        { ...plan('p1'), by: 'eve' },
        { type: 'PlanRejected', data: { id: 'p2' }, by: 'bob' },
        approved('p9', 'bob'),
      ),
    );
    expect(
      report.decisions.map(({ outcome, decided, asked, isSelfApproval }) => [
        ...[decided.about, outcome, decided.subject, decided.reason, decided.position],
        ...[asked?.subject, asked?.reason, asked?.position, isSelfApproval],
      ]),
    ).toEqual([
      ['plan p1', 'approved', 'bob', 'fine', '400', 'dan', 'again', '200', false],
      ['plan p2', 'refused', 'bob', null, '600', 'ann', null, '300', false],
      ['plan p9', 'approved', 'bob', null, '700', undefined, undefined, undefined, false],
    ]);
    expect(report.twoPersonActs).toEqual([
      {
        ...{ name: 'small/plan', title: 'Plan', isEnforced: false, why: 'Nobody looks' },
        ...{ asked: 4, approved: 2, refused: 1, selfApproved: 0 },
      },
    ]);
    expect(report.undecided.map(({ position }) => position)).toEqual(['500']);
  });

  it('tells who approved what they had asked for, however they write themselves', async () => {
    const report = await reportOn(
      logOf(plan('p1'), approved('p1', 'Ann'), plan('p2'), approved('p2', 'bob'), {
        ...{ type: 'PlanRejected', data: { id: 'p2' }, by: 'ann' },
      }),
    );
    expect(report.selfApprovalCount).toBe(1);
    expect(report.selfApprovals.map(({ decided }) => decided.about)).toEqual(['plan p1']);
    expect(report.decisions.map(({ isSelfApproval }) => isSelfApproval)).toEqual([
      true,
      false,
      false,
    ]);
    expect(report.twoPersonActs).toMatchObject([{ approved: 2, refused: 1, selfApproved: 1 }]);
  });

  it('tells where who asked had issued a token in the name of who approved', async () => {
    const issued = (subject: string) => ({ type: 'TokenIssued', data: { id: 't1', subject } });
    const report = await reportOn(
      logOf(
        { ...issued('bob'), by: 'ann', role: 'admin' },
        plan('p1'),
        approved('p1', 'bob'),
        { ...plan('p2'), by: 'cyd' },
        approved('p2', 'bob'),
      ),
    );
    expect(report.decisions.map(({ tokenByAsker }) => tokenByAsker)).toEqual(['100', null]);
    expect(report.tokens).toMatchObject([
      { act: 'issued', tokenSubject: 'bob', subject: 'ann', about: 'token t1' },
    ]);
  });

  it('tells who had both duties of a conflict for the same thing, unless it is the system', async () => {
    const terms = (id: string, by: string) => ({ type: 'TermsSet', data: { id }, by });
    const closed = (id: string, by: string) => ({ type: 'MonthClosed', data: { id }, by });
    const report = await reportOn(
      logOf(
        terms('c1', 'ann'),
        closed('c2', 'ann'),
        closed('c1', 'bob'),
        terms('c3', 'bob'),
        closed('c3', 'Bob'),
        closed('c3', 'bob'),
        terms('c4', 'system:x'),
        closed('c4', 'system:x'),
      ),
    );
    expect(report.conflicts).toEqual([
      {
        ...{ subject: 'bob', about: 'contract c3', why: 'One word for both' },
        ...{ one: 'Sets terms', other: 'Closes months' },
        ...{ onePosition: '400', oneCount: 1, otherPosition: '500', otherCount: 2 },
      },
    ]);
  });

  it('lists overrides with the rule, who is said to have approved, and why', async () => {
    const broken = { id: 'r1', because: 'haste', said: 'bob' };
    const report = await reportOn(logOf({ type: 'RuleBroken', data: broken }));
    expect(report.overrideCounts).toEqual([
      { name: 'small/broken', rule: 'A rule was broken', count: 1 },
    ]);
    expect(report.overrides).toMatchObject([
      { about: 'rule r1', reason: 'haste', approvedBy: 'bob', rule: 'A rule was broken' },
    ]);
  });

  it('counts what was done as an administrator, by subject and type', async () => {
    const report = await reportOn(
      logOf(
        { ...plan('p1'), role: 'admin' },
        { ...plan('p2'), role: 'admin' },
        { ...plan('p3'), by: 'bob' },
      ),
    );
    expect(report.adminActs).toEqual([
      { subject: 'ann', type: 'PlanMade', count: 2, firstPosition: '100', lastPosition: '200' },
    ]);
  });

  it('is of what was recorded on its days, with requests from before them', async () => {
    const log = logOf(
      { ...plan('p1'), recordedAt: '2024-05-31T23:59:59.999Z' },
      { ...approved('p1', 'ann'), recordedAt: '2024-06-01T00:00:00.000Z' },
      { ...plan('p2'), recordedAt: '2024-06-30T23:59:59.999Z' },
      { ...approved('p2', 'bob'), recordedAt: '2024-07-01T00:00:00.000Z' },
    );
    const report = await reportOn(log);
    expect(
      report.decisions.map(({ decided, asked }) => [decided.position, asked?.position]),
    ).toEqual([['200', '100']]);
    expect(report.undecided.map(({ about }) => about)).toEqual(['plan p2']);
    expect((await reportOn(log, { from: '2024-07-01', until: '2024-07-02' })).decisionCount).toBe(
      1,
    );
  });

  it('of nothing has every list, empty', async () => {
    expect(await reportOn([])).toEqual({
      ...JUNE,
      twoPersonActs: [expect.objectContaining({ asked: 0, approved: 0, refused: 0 })],
      ...{ decisionCount: 0, decisions: [], selfApprovalCount: 0, selfApprovals: [] },
      ...{ undecidedCount: 0, undecided: [], conflictCount: 0, conflicts: [] },
      overrideCounts: [{ name: 'small/broken', rule: 'A rule was broken', count: 0 }],
      ...{ overrideCount: 0, overrides: [], adminActs: [], tokenCount: 0, tokens: [] },
    });
  });
});

it('Rates that one subject recorded and put into force are told, and later ones that nobody else saw', async () => {
  const data = { contractId: 'c1', version: 1 };
  const { decisions, selfApprovals, overrides } = await reportOn(
    logOf(
      { type: 'TermsAdopted', data, by: 'ann' },
      { type: 'ContractExecuted', data, by: 'ann' },
      { type: 'TermsAdopted', data: { ...data, version: 2 }, by: 'bob' },
      { type: 'TermsCorrected', data: { ...data, cause: 'a typing error' }, by: 'bob' },
      { type: 'TermsAdopted', data: { ...data, contractId: 'c2' }, by: 'ann' },
      { type: 'ContractExecuted', data: { ...data, contractId: 'c2' }, by: 'bob' },
    ),
    JUNE,
    new Duties([contractsDuties]),
  );
  expect(decisions).toHaveLength(2);
  expect(selfApprovals.map(({ decided }) => [decided.about, decided.subject])).toEqual([
    ['contract c1', 'ann'],
  ]);
  expect(overrides.map(({ name, subject }) => [name, subject])).toEqual([
    ['contracts/later-terms', 'bob'],
    ['contracts/terms-corrected', 'bob'],
  ]);
});
