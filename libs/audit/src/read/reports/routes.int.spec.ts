import { inflateSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { accessProjections } from '@hostledger/access';
import { billingProjections } from '@hostledger/billing';
import { contractsParties } from '@hostledger/contracts';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { partiesProjection, PartyRules } from '@hostledger/feed';
import type { Role } from '@hostledger/http';
import { Home, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { Duties } from '../../domain/duties.js';
import { actsProjection } from '../acts/projection.js';
import { auditEventsProjection } from '../history/projection.js';
import type { CompletenessReport } from './completeness-views.js';
import { reportsQuery } from './query.js';
import { logOf, smallDuties, type Said } from './reports.fixture.js';
import type { SegregationReport } from './views.js';

const projections = [
  auditEventsProjection,
  actsProjection(smallDuties),
  partiesProjection(new PartyRules([contractsParties])),
  ...accessProjections,
  ...billingProjections,
];
const HOSTILE = `</td><script>fetch('//evil')</script><img src=x onerror="alert(1)">`;
const DAY_MS = 86_400_000;
const dayFrom = (days: number): string =>
  new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
// A day on either side, so that nothing depends on when midnight is.
const PERIOD = `from=${dayFrom(-1)}&until=${dayFrom(2)}`;

let home: Home;
let app: NestFastifyApplication;
let closeReadModels: () => Promise<void>;

/** Appends as the kernel would, each to its stream; who, when and why are as said. */
const append = async (...said: readonly Said[]): Promise<void> => {
  for (const { stream, revision, ...event } of logOf(...said)) {
    await home.events.append(stream, revision === 0n ? 'no_stream' : revision - 1n, [event]);
  }
};

beforeAll(async () => {
  home = await Home.open();
  const now = new Date().toISOString();
  const past = new Date(Date.now() - 3 * DAY_MS).toISOString();
  await append(
    { type: 'PlanMade', data: { id: 'p1' }, by: 'ann', reason: HOSTILE, occurredAt: now },
    { type: 'PlanApproved', data: { id: 'p1' }, by: 'ann', reason: HOSTILE, occurredAt: past },
    {
      ...{ type: 'RuleBroken', data: { id: HOSTILE, because: HOSTILE, said: HOSTILE } },
      ...{ by: 'root', role: 'admin', stream: 'rule-1', occurredAt: now },
    },
    {
      ...{ type: 'AccessDenied', stream: 'accessDenials-1', occurredAt: now },
      data: {
        ...{ who: 'subject', subject: HOSTILE, roles: [], method: 'GET', route: '/v1/x' },
        ...{ status: 403, code: 'request/forbidden', count: 7, firstAt: now, lastAt: now },
      },
    },
  );
  await home.events.client().setStreamMetadata('rule-1', { truncateBefore: 1 });
  const log = await home.log();
  const filled = await readModelsOf(
    projections,
    log.filter(({ type }) => !type.startsWith('$')),
  );
  closeReadModels = filled.close;
  app = await servedRoutes({
    controllers: [...reportsQuery.controllers],
    providers: [
      ...reportsQuery.providers,
      { provide: ReadModels, useValue: filled.readModels },
      { provide: EventStore, useValue: home.events },
      { provide: Duties, useValue: smallDuties },
    ],
  });
});
afterAll(async () => {
  await app.close();
  await closeReadModels();
  await home.close();
});

const get = (path: string, as: Role = 'auditor') =>
  app.inject({ url: `/v1/audit/reports${path}`, headers: { authorization: `Bearer ${as}` } });

describe('GET /v1/audit/reports/segregation', () => {
  it('answers with who decided what, as of a position', async () => {
    const answer = await get(`/segregation?${PERIOD}`);
    const body = answer.json<SegregationReport>();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['log-position']).toMatch(/^\d+$/);
    expect(body.selfApprovals).toMatchObject([{ title: 'Plan', asked: { reason: HOSTILE } }]);
    expect(body.overrides).toMatchObject([{ approvedBy: HOSTILE, subject: 'root' }]);
    expect(body.adminActs).toMatchObject([{ subject: 'root', type: 'RuleBroken', count: 1 }]);
  });
});

describe('GET /v1/audit/reports/completeness', () => {
  it('answers with what came late, what was hidden, and whether the log is as it was', async () => {
    const body = (await get(`/completeness?${PERIOD}`)).json<CompletenessReport>();
    expect(body).toMatchObject({ eventCount: 4, lateCount: 1, backdatedCount: 1, gapCount: 0 });
    expect(body.logCheck).toMatchObject({ events: 4, isComplete: true, differenceCount: 0 });
    expect(body.systemChanges).toMatchObject({
      isComplete: true,
      items: [
        {
          ...{ type: '$metadata', stream: '$$rule-1', data: '{"$tb":1}' },
          meaning: 'rule-1: events before a revision are no longer read and may be removed',
        },
      ],
    });
    expect(body.denials).toMatchObject({ count: 7, sums: [{ subject: HOSTILE }] });
    expect(body.projections).toEqual({ stopped: [], actCount: 0, acts: [] });
  });

  it('compares as many events as it is asked to, and takes as late what it is told is', async () => {
    const asked = `${PERIOD}&check=2&lateAfterHours=100`;
    const body = (await get(`/completeness?${asked}`)).json<CompletenessReport>();
    expect(body.logCheck).toMatchObject({ events: 2, isComplete: false });
    expect([body.lateCount, body.lateAfterHours]).toEqual([0, 100]);
  });
});

describe('GET /v1/audit/reports', () => {
  it('is a page of its own, in which hostile text is text', async () => {
    const answer = await get(`?${PERIOD}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
    const page = answer.body;
    expect(page).toContain('&lt;script&gt;fetch(&#39;//evil&#39;)&lt;/script&gt;');
    // Every tag is one of ours, and none has a handler or an address but the name of SVG.
    const tags = new Set([...page.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag));
    expect(
      [...tags].filter((tag) => ['script', 'img', 'iframe', 'a', 'link'].includes(tag!)),
    ).toEqual([]);
    expect(page).not.toMatch(/<[^>]*\s(on\w+|src|href)=/i);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
    expect(page.match(/<svg/g)!.length).toBeGreaterThan(5);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });
});

/** What is written on the pages of a PDF whose text is in the fonts that every reader has. */
const textOf = (pdf: Buffer): string =>
  [...pdf.toString('latin1').matchAll(/\/Length (\d+)\n\/Filter \/FlateDecode\n>>\nstream\n/g)]
    .map((found) => {
      const start = found.index + found[0].length;
      return inflateSync(pdf.subarray(start, start + Number(found[1]))).toString('latin1');
    })
    .flatMap((page) => [...page.matchAll(/\[((?:<[0-9a-f]*>[^\]<]*)*)\] TJ/g)])
    .map(([, shown]) =>
      [...shown!.matchAll(/<([0-9a-f]*)>/g)]
        .map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1'))
        .join(''),
    )
    .join('\n');

describe('The same on paper', () => {
  it('is answered where a PDF is asked for, and tells what the page does', async () => {
    const answer = await app.inject({
      url: `/v1/audit/reports?${PERIOD}`,
      headers: { authorization: 'Bearer auditor', accept: 'application/pdf' },
    });
    expect(answer.headers['content-type']).toBe('application/pdf');
    const text = textOf(answer.rawPayload);
    for (const told of ['Approved by who had asked', 'Plan, plan p1', 'Events a day by category']) {
      expect(text).toContain(told);
    }
    expect(text).toContain('403, not allowed');
    expect(text).toMatch(/rule-1: events before a revision/);
  });

  it('is not answered as anything else', async () => {
    const headers = { authorization: 'Bearer auditor', accept: 'image/png' };
    const answer = await app.inject({ url: `/v1/audit/reports?${PERIOD}`, headers });
    expect(answer.statusCode).toBe(406);
  });
});

describe('Reports', () => {
  it.each([
    ['/segregation?from=2024-06-01&until=2024-06-01', 422, 'report/period-invalid'],
    ['/segregation?from=2024-06-02&until=2024-06-01', 422, 'report/period-invalid'],
    ['/completeness?from=2022-06-01&until=2024-06-01', 422, 'report/period-invalid'],
    ['?from=2024-02-30&until=2024-06-01', 400, 'request/invalid'],
    ['?until=2024-06-01', 400, 'request/invalid'],
    ['/completeness?from=2024-06-01&until=2024-06-02&check=-1', 400, 'request/invalid'],
    ['/segregation?from=2024-06-01&until=2024-06-02&check=1', 400, 'request/invalid'],
  ])('are of a period: %s is refused', async (path, status, code) => {
    const answer = await get(path);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
  });

  it.each(['', '/segregation', '/completeness'])('are for auditors: %s', async (path) => {
    for (const role of ['operator', 'commercial', 'billing'] as const) {
      expect((await get(`${path}?${PERIOD}`, role)).statusCode).toBe(403);
    }
    expect((await get(`${path}?${PERIOD}`, 'admin')).statusCode).toBe(200);
  });
});
