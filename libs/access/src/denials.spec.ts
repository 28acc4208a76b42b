import { Logger } from '@nestjs/common';
import { AggregateStore } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { Denial } from '@hostledger/http';
import { InMemoryStreams, rowsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import type { DeniedRequests } from './domain/access-denials.js';
import { AccessDenialsModule } from './denials.js';
import { DenialLog } from './process/denial-log.js';
import { denialsProjection } from './read/denials.js';
import { tokensQuery } from './read/query.js';

const STREAM = 'accessDenials-2024-04-20';
const byBob: Denial = {
  ...{ status: 403, code: 'request/forbidden', subject: 'bob', roles: ['operator'] },
  ...{ method: 'POST', route: '/v1/access-tokens' },
};
const byNobody: Denial = {
  ...{ status: 401, code: 'request/unauthenticated' },
  ...{ method: 'GET', route: '/v1/miners/:serial' },
};
const tooMany: Denial = { ...byNobody, status: 429, code: 'request/too-many' };

Logger.overrideLogger(false);

let streams: InMemoryStreams;
let clock: string;
let log: DenialLog;

beforeEach(() => {
  streams = new InMemoryStreams();
  clock = '2024-04-20T10:00:00.000Z';
  log = newLog();
});

const newLog = (maxSumsADay?: number): DenialLog =>
  new DenialLog(new AggregateStore(streams), {
    now: () => clock,
    ...(maxSumsADay !== undefined && { maxSumsADay }),
  });
const denied = (...denials: readonly Denial[]): void => denials.forEach((one) => log.note(one));
const recordedIn = (stream = STREAM): DeniedRequests[] =>
  streams.events(stream).map(({ data }) => data as DeniedRequests);

describe('Denials', () => {
  it('are recorded once a flush, summed by who, what and why', async () => {
    denied(byBob, byNobody);
    clock = '2024-04-20T10:00:41.000Z';
    denied(byBob);
    expect(streams.log).toEqual([]);
    clock = '2024-04-20T10:01:00.000Z';
    await log.flush();
    const first = '2024-04-20T10:00:00.000Z';
    expect(recordedIn()).toEqual([
      {
        ...{ who: 'subject', subject: 'bob', roles: ['operator'] },
        ...{ method: 'POST', route: '/v1/access-tokens' },
        ...{ status: 403, code: 'request/forbidden' },
        ...{ count: 2, firstAt: first, lastAt: '2024-04-20T10:00:41.000Z' },
      },
      {
        ...{ who: 'anonymous', method: 'GET', route: '/v1/miners/:serial' },
        ...{ status: 401, code: 'request/unauthenticated' },
        ...{ count: 1, firstAt: first, lastAt: first },
      },
    ]);
    expect(streams.log[0]!.metadata.actor).toEqual({ subject: 'system:access', role: 'system' });
    await log.flush();
    expect(recordedIn()).toHaveLength(2);
  });

  it('by a rate limit are told as a sum alone', async () => {
    denied(tooMany, { ...tooMany, route: '/v1/racks' });
    await log.flush();
    expect(recordedIn()).toEqual([
      {
        ...{ who: 'others', status: 429, code: 'request/too-many', count: 2 },
        ...{ firstAt: clock, lastAt: clock },
      },
    ]);
  });

  it('are told apart for the first hundred sums of a flush, and together beyond', async () => {
    for (let n = 0; n < 150; n += 1) denied({ ...byBob, subject: `s${n}` });
    denied({ ...byBob, subject: 's7' });
    await log.flush();
    const sums = recordedIn();
    expect(sums).toHaveLength(101);
    expect(sums[7]).toMatchObject({ subject: 's7', count: 2 });
    expect(sums[100]).toMatchObject({ who: 'others', status: 403, count: 50 });
    expect(sums.reduce((sum, { count }) => sum + count, 0)).toBe(151);
  });

  it('cannot flood the log: beyond so many sums a day only three numbers a minute are added', async () => {
    log = newLog(120);
    for (let minute = 0; minute < 10; minute += 1) {
      for (let n = 0; n < 50; n += 1) denied({ ...byBob, subject: `s${n}` }, byNobody, tooMany);
      await log.flush();
    }
    expect(recordedIn().filter(({ who }) => who !== 'others')).toHaveLength(120);
    expect(recordedIn().filter(({ who }) => who === 'others').length).toBeLessThanOrEqual(30);
    expect(recordedIn().reduce((sum, { count }) => sum + count, 0)).toBe(1_500);
    clock = '2024-04-21T00:00:00.000Z';
    denied(byBob);
    await log.flush();
    expect(recordedIn('accessDenials-2024-04-21')).toMatchObject([{ subject: 'bob' }]);
  });

  it.each(['before', 'after'] as const)(
    'are recorded once where the log fails %s it has them',
    async (point) => {
      denied(byBob);
      streams.failFrom(1, point);
      await log.flush();
      streams.heal();
      denied(byBob, byNobody);
      await log.flush();
      expect(recordedIn().map(({ who, count }) => [who, count])).toEqual([
        ['subject', 1],
        ['subject', 1],
        ['anonymous', 1],
      ]);
    },
  );

  it('of the last interval are all that a crash loses', async () => {
    denied(byBob);
    await log.flush();
    denied(byBob, byNobody);
    const next = newLog();
    next.note(byNobody);
    await next.flush();
    expect(recordedIn().map(({ who, count }) => [who, count])).toEqual([
      ['subject', 1],
      ['anonymous', 1],
    ]);
  });

  it('of two processes stand beside each other', async () => {
    const other = newLog();
    denied(byBob);
    other.note(byBob);
    await Promise.all([log.flush(), other.flush()]);
    expect(recordedIn().map(({ count }) => count)).toEqual([1, 1]);
  });

  it('are rows, one for each sum', async () => {
    denied(byBob, tooMany);
    await log.flush();
    const about = { count: 1, first_at: clock, last_at: clock };
    expect(rowsOf(denialsProjection.tables[0]!, streams.log)).toEqual([
      {
        ...{ position: streams.log[0]!.position, who: 'subject', subject: 'bob' },
        ...{ roles: ['operator'], method: 'POST', route: '/v1/access-tokens' },
        ...{ status: 403, code: 'request/forbidden', ...about },
      },
      {
        ...{ position: streams.log[1]!.position, who: 'others', subject: null, roles: null },
        ...{ method: null, route: null, status: 429, code: 'request/too-many', ...about },
      },
    ]);
  });
});

describe('An app', () => {
  it('records what it denied when it ends', async () => {
    const app = await servedRoutes(
      {
        controllers: [...tokensQuery.controllers],
        imports: [AccessDenialsModule.with(log)],
        providers: [{ provide: ReadModels, useValue: {} }],
      },
      undefined,
      (denial) => log.note(denial),
    );
    const url = '/v1/access-tokens?cursor=secret';
    const forbidden = await app.inject({ url, headers: { authorization: 'Bearer operator' } });
    expect(forbidden.statusCode).toBe(403);
    expect((await app.inject({ url })).statusCode).toBe(401);
    expect(streams.log).toEqual([]);
    await app.close();
    expect(recordedIn()).toMatchObject([
      { who: 'subject', subject: 'ada', roles: ['operator'], route: '/v1/access-tokens' },
      { who: 'anonymous', method: 'GET', route: '/v1/access-tokens', status: 401 },
    ]);
  });
});
