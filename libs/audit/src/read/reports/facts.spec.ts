import { accessProjections } from '@hostledger/access';
import { billingProjections } from '@hostledger/billing';
import { contractsParties } from '@hostledger/contracts';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { partiesProjection, PartyRules } from '@hostledger/feed';
import { fleetParties } from '@hostledger/fleet';
import { embeddedDatabase, readModelsOf, type TestDatabase } from '@hostledger/testing';
import { actsProjection } from '../acts/projection.js';
import { auditEventsProjection } from '../history/projection.js';
import { fromIndex, type FromIndex } from './completeness.js';
import { logOf, smallDuties, type Said } from './reports.fixture.js';
import type { ReportTables } from './tables.js';

const OF_BILLING = ['billing_meters', 'billing_periods'];
const projections = [
  auditEventsProjection,
  actsProjection(smallDuties),
  partiesProjection(new PartyRules([contractsParties, fleetParties])),
  ...accessProjections,
  ...billingProjections.filter(({ tables }) =>
    tables.some(({ table }) => OF_BILLING.includes(table.name)),
  ),
];
const JUNE = { from: '2024-06-01', until: '2024-07-01' };

let database: TestDatabase;
beforeAll(async () => (database = await embeddedDatabase()));
afterAll(() => database.close());

const reportOn = async (
  log: readonly RecordedEvent[],
  { period = JUNE, hours = 24 }: { period?: typeof JUNE; hours?: number } = {},
): Promise<FromIndex> => {
  const { readModels, close } = await readModelsOf(projections, log, database);
  try {
    const { value } = await readModels.read<ReportTables, FromIndex>({}, (db) =>
      fromIndex(db, period, hours),
    );
    return value;
  } finally {
    await close();
  }
};

const at = (recordedAt: string, more: Partial<Said> = {}): Said => ({
  ...{ type: 'Happened', recordedAt, ...more },
});
const positions = (views: readonly { readonly position: string }[]): string[] =>
  views.map(({ position }) => position);

describe('Events', () => {
  it('are counted by day, category and type, those of other days left out', async () => {
    const report = await reportOn(
      logOf(
        at('2024-05-31T23:59:59.999Z'),
        at('2024-06-01T00:00:00.000Z', { stream: 'miner-1' }),
        at('2024-06-01T12:00:00.000Z', { stream: 'miner-2' }),
        at('2024-06-30T23:59:59.999Z', { type: 'Other' }),
        at('2024-07-01T00:00:00.000Z'),
      ),
    );
    expect(report.days).toEqual([
      { day: '2024-06-01', category: 'miner', type: 'Happened', events: 2 },
      { day: '2024-06-30', category: 'small', type: 'Other', events: 1 },
    ]);
    expect(report).toMatchObject({ eventCount: 3, firstPosition: '200', lastPosition: '400' });
    expect([report.before, report.next]).toEqual([100n, 500n]);
  });

  it('of a period without any are none, whatever is around it', async () => {
    const log = logOf(at('2024-05-31T10:00:00.000Z'), at('2024-07-02T10:00:00.000Z'));
    expect(await reportOn(log)).toMatchObject({
      ...{ eventCount: 0, firstPosition: null, lastPosition: null, days: [], gapCount: 0 },
      ...{ lateCount: 0, before: 100n, next: 200n },
      checkpoints: { count: 0, perDay: [], longestWithout: null },
    });
  });
});

describe('Late facts', () => {
  const late = (occurredAt: string) => at('2024-06-20T00:00:00.000Z', { occurredAt });

  it('are those that were recorded so many hours after they happened, the latest first', async () => {
    const log = logOf(
      late('2024-06-19T00:00:00.001Z'),
      late('2024-06-19T00:00:00.000Z'),
      late('2024-06-10T00:00:00.000Z'),
      late('2024-06-18T00:00:00.000Z'),
      late('2024-01-01T00:00:00.000Z'),
    );
    const report = await reportOn(log);
    expect(report.lateCount).toBe(4);
    expect(report.late.map(({ position, secondsLate }) => [position, secondsLate])).toEqual([
      ['500', 171 * 86_400],
      ['300', 10 * 86_400],
      ['400', 2 * 86_400],
      ['200', 86_400],
    ]);
    expect(report.lateByDelay).toEqual([
      { fromHours: 24, underHours: 48, events: 1 },
      { fromHours: 48, underHours: 168, events: 1 },
      { fromHours: 168, underHours: 744, events: 1 },
      { fromHours: 744, underHours: 1_488, events: 0 },
      { fromHours: 1_488, underHours: null, events: 1 },
    ]);
    const strict = await reportOn(log, { hours: 100 });
    expect(positions(strict.late)).toEqual(['500', '300']);
    expect(strict.lateByDelay[0]).toEqual({ fromHours: 100, underHours: 168, events: 0 });
  });

  it('may be of the future, by more than clocks differ', async () => {
    const report = await reportOn(
      logOf(late('2024-06-20T00:00:05.000Z'), late('2024-06-20T00:00:05.001Z')),
    );
    expect(positions(report.fromFuture)).toEqual(['200']);
  });

  it('may name no time, as what was written past the system', async () => {
    const [first, second] = logOf(
      late('2024-06-20T00:00:00.000Z'),
      late('2024-06-20T00:00:00.000Z'),
    );
    const report = await reportOn([first!, { ...second!, metadata: {} as never }]);
    expect(report.withoutTime).toEqual([
      expect.objectContaining({ position: '200', occurredAt: null, subject: null }),
    ]);
    expect([report.lateCount, report.withoutTimeCount]).toEqual([0, 1]);
  });
});

describe('Backdated facts', () => {
  it('happened before any fact of the stream that was recorded earlier, also before the period', async () => {
    const report = await reportOn(
      logOf(
        at('2024-05-30T10:00:00.000Z'),
        at('2024-06-01T10:00:00.000Z', { occurredAt: '2024-05-29T00:00:00.000Z' }),
        at('2024-06-02T10:00:00.000Z', { occurredAt: '2024-05-29T12:00:00.000Z' }),
        at('2024-06-02T11:00:00.000Z', { occurredAt: '2024-05-30T10:00:00.000Z' }),
        at('2024-06-02T12:00:00.000Z', { stream: 'b-1', occurredAt: '2024-01-01T00:00:00.000Z' }),
      ),
    );
    expect(
      report.backdated.map(({ position, beforePosition, beforeOccurredAt }) => [
        ...[position, beforePosition, beforeOccurredAt],
      ]),
    ).toEqual([
      ['200', '100', '2024-05-30T10:00:00.000Z'],
      ['300', '100', '2024-05-30T10:00:00.000Z'],
    ]);
  });
});

describe('Facts in closed months', () => {
  const ofMonth = { contractId: 'c1', month: '2024-05', closeId: 'x', statementId: 's1' };
  const began = {
    ...{ ...ofMonth, customerId: 'ann', timeZone: 'America/Chicago', currency: 'USD' },
    ...{ position: '1', issuedOn: '2024-06-03', firstMonth: '2024-05', begunBy: 'cyd' },
  };
  const closed = {
    ...{ ...began, terms: [], inputsDigest: '0', linesDigest: '0', lineCount: 0, totals: [] },
    adjustedMonths: [],
  };
  const stream = 'billingPeriod-c1.2024-05';
  const contract = { contractId: 'c1', customerId: 'ann' };
  const past = (occurredAt: string, more: Partial<Said> = {}) =>
    at('2024-06-10T00:00:00.000Z', { stream: 'miner-A1', occurredAt, ...more });

  it('are of the contract at the time, in its time zone, and recorded after the close', async () => {
    const received = { ...contract, serial: 'A1' };
    const meter = {
      ...{ meterId: 'M.1', contractId: 'c1', facility: 'F', kind: 'energy', unit: 'kWh' },
      ...{ startsAt: '2024-01-01T00:00:00.000Z', timeZone: 'America/Chicago', reference: '' },
    };
    const report = await reportOn(
      logOf(
        at('2024-05-01T00:00:00.000Z', {
          stream: 'miner-A1',
          type: 'MinerReceived',
          data: received,
        }),
        at('2024-05-01T00:00:00.000Z', {
          stream: 'meter-M.1',
          type: 'MeterRegistered',
          data: meter,
        }),
        past('2024-05-10T00:00:00.000Z', { recordedAt: '2024-06-02T23:00:00.000Z' }),
        at('2024-06-03T00:00:00.000Z', { stream, type: 'PeriodCloseBegan', data: began }),
        at('2024-06-03T00:00:01.000Z', { stream, type: 'PeriodClosed', data: closed }),
        past('2024-05-01T04:59:59.999Z'),
        past('2024-05-01T05:00:00.000Z'),
        past('2024-06-01T04:59:59.999Z'),
        past('2024-06-01T05:00:00.000Z'),
        past('2024-05-10T00:00:00.000Z', { stream: 'miner-B2' }),
        past('2024-05-10T00:00:00.000Z', { stream: 'meterMonth-M.1.2024-05' }),
      ),
    );
    const about = { contractId: 'c1', month: '2024-05', closedAt: '2024-06-03T00:00:01.000Z' };
    expect(report.inClosedMonths).toMatchObject([
      { position: '700', ...about },
      { position: '800', ...about },
      { position: '1100', ...about },
    ]);
  });
});

describe('The order of the log', () => {
  it('has gaps where revisions do not follow on each other, also from before the period on', async () => {
    const log = logOf(
      at('2024-05-31T10:00:00.000Z', { stream: 'a-1' }),
      ...['a-1', 'a-1', 'a-1', 'b-1', 'b-1', 'c-1'].map((stream) =>
        at('2024-06-01T10:00:00.000Z', { stream }),
      ),
    );
    expect((await reportOn(log)).gaps).toEqual([]);
    // The second and the third event of a, the first of b and the only one of c are missing.
    const left = log.filter((_, index) => ![1, 2, 4].includes(index));
    const shifted = left.map((event) =>
      event.stream === 'c-1' ? { ...event, revision: 3n } : event,
    );
    expect((await reportOn(shifted)).gaps).toEqual([
      { stream: 'a-1', revision: '3', previousRevision: '0', position: '400' },
      { stream: 'b-1', revision: '1', previousRevision: '-1', position: '600' },
      { stream: 'c-1', revision: '3', previousRevision: '-1', position: '700' },
    ]);
  });

  it('is told where the time of recording goes back', async () => {
    const report = await reportOn(
      logOf(
        at('2024-06-02T10:00:00.000Z'),
        at('2024-06-02T09:59:59.999Z'),
        at('2024-06-02T09:59:59.999Z'),
      ),
    );
    expect(report.disorder).toEqual([
      {
        ...{ position: '200', recordedAt: '2024-06-02T09:59:59.999Z' },
        previousRecordedAt: '2024-06-02T10:00:00.000Z',
      },
    ]);
  });
});

describe('Guards', () => {
  const signed = (recordedAt: string) => at(recordedAt, { type: 'CheckpointSigned' });

  it('say how many checkpoints there were a day, and when longest none', async () => {
    const report = await reportOn(
      logOf(
        signed('2024-05-31T20:00:00.000Z'),
        signed('2024-06-01T01:00:00.000Z'),
        signed('2024-06-01T02:00:00.000Z'),
        signed('2024-06-02T02:00:00.000Z'),
        at('2024-06-02T09:00:00.000Z'),
      ),
    );
    expect(report.checkpoints).toEqual({
      count: 3,
      perDay: [
        { day: '2024-06-01', checkpoints: 2 },
        { day: '2024-06-02', checkpoints: 1 },
      ],
      longestWithout: {
        ...{ since: '2024-06-01T02:00:00.000Z', until: '2024-06-02T02:00:00.000Z' },
        seconds: 86_400,
      },
    });
  });

  it.each([
    [
      'before the first',
      [at('2024-06-01T01:00:00.000Z'), signed('2024-06-03T01:00:00.000Z')],
      172_800,
    ],
    ['after the last', [signed('2024-06-01T01:00:00.000Z'), at('2024-06-01T03:00:00.000Z')], 7_200],
    ['ever', [at('2024-06-01T01:00:00.000Z'), at('2024-06-01T02:00:00.000Z')], 3_600],
  ])('count the time in which there was none %s', async (_, said, seconds) => {
    const { checkpoints } = await reportOn(logOf(...said));
    expect(checkpoints.longestWithout?.seconds).toBe(seconds);
  });

  it('sum what was denied, by day and by who, what and why', async () => {
    const denied = (day: string, more: object) => {
      const firstAt = `${day}T10:00:00.000Z`;
      const data = { status: 403, code: 'request/forbidden', firstAt, lastAt: firstAt, ...more };
      return at(firstAt, { type: 'AccessDenied', stream: `accessDenials-${day}`, data });
    };
    const bob = {
      who: 'subject',
      subject: 'bob',
      roles: ['operator'],
      method: 'GET',
      route: '/v1',
    };
    const report = await reportOn(
      logOf(
        denied('2024-05-31', { ...bob, count: 9 }),
        denied('2024-06-01', { ...bob, count: 2 }),
        denied('2024-06-02', { ...bob, count: 3 }),
        denied('2024-06-02', { who: 'others', status: 429, code: 'request/too-many', count: 40 }),
      ),
    );
    expect(report.denials).toEqual({
      count: 45,
      perDay: [
        { day: '2024-06-01', status: 403, count: 2 },
        { day: '2024-06-02', status: 403, count: 3 },
        { day: '2024-06-02', status: 429, count: 40 },
      ],
      sums: [
        {
          ...{ who: 'others', subject: null, method: null, route: null, status: 429, count: 40 },
          ...{ code: 'request/too-many', firstAt: '2024-06-02T10:00:00.000Z' },
          lastAt: '2024-06-02T10:00:00.000Z',
        },
        {
          ...{ who: 'subject', subject: 'bob', method: 'GET', route: '/v1', status: 403, count: 5 },
          ...{ code: 'request/forbidden', firstAt: '2024-06-01T10:00:00.000Z' },
          lastAt: '2024-06-02T10:00:00.000Z',
        },
      ],
    });
  });

  it('tell what operators did to projections', async () => {
    const report = await reportOn(
      logOf(
        at('2024-06-01T10:00:00.000Z', {
          ...{ stream: 'projections-read_models', type: 'EventParked', reason: 'a duplicate' },
        }),
      ),
    );
    expect(report.acts).toEqual({
      count: 1,
      listed: [expect.objectContaining({ type: 'EventParked', reason: 'a duplicate' })],
    });
  });
});
