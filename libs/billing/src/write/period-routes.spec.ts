import { deriveId } from '@hostledger/eventsourcing';
import { PeriodRoom, type Answer } from '../periods.fixture.js';

let room: PeriodRoom;
beforeAll(async () => {
  room = await PeriodRoom.open();
});
afterAll(() => room.close());
beforeEach(() => room.at('2024-05-02T12:00:00.000Z'));

const refusal = ({ status, body }: Answer) => ({ status, code: body.code });
const periodOf = (contractId: string, month: string) => `/billing/periods/${contractId}/${month}`;

describe('A draft', () => {
  it('is computed at any time, and kept nowhere', async () => {
    const contractId = await room.contract('draft');
    const { status, body, headers } = await room.get(periodOf(contractId, '2024-02'));
    expect(status).toBe(200);
    // 29 days × 24 h × 3 kW
    expect(body).toMatchObject({
      status: 'open',
      draft: {
        lines: [{ key: 'nameplateKwh/DENTON/v1/all', quantity: '2088', amount: '156.60' }],
        totals: [{ currency: 'USD', amount: '156.60' }],
        shortcomings: [],
      },
    });
    expect(headers['log-position']).toMatch(/^\d+$/);
    expect((await room.get(`/billing/periods?contractId=${contractId}`)).body.items).toEqual([]);
  });

  it('is that of a log position where one is named', async () => {
    const contractId = await room.contract('positions');
    const { position } = (await room.get(periodOf(contractId, '2024-02'))).body.draft;
    await room.switchedOff('positions', '2024-02-15T06:00:00.000Z');
    const amountAt = async (query: string) => {
      const { body } = await room.get(`${periodOf(contractId, '2024-02')}${query}`);
      return body.draft.totals[0]!.amount;
    };
    expect(await amountAt('')).toBe('75.60');
    expect(await amountAt(`?position=${position}`)).toBe('156.60');
  });

  it('is of a contract, and of a month in which it is in force', async () => {
    const contractId = await room.contract('before');
    expect(refusal(await room.get(periodOf(contractId, '2023-12')))).toEqual({
      ...{ status: 404, code: 'period/unknown' },
    });
    expect(refusal(await room.get(periodOf(deriveId('nobody'), '2024-02')))).toEqual({
      ...{ status: 404, code: 'contract/unknown' },
    });
    expect((await room.get(periodOf(contractId, '2024-13'))).status).toBe(400);
  });
});

describe('A close', () => {
  it('is asked for, and told about by the period', async () => {
    const contractId = await room.contract('asked');
    const begun = await room.post(`${periodOf(contractId, '2024-01')}/close`);
    expect(begun).toMatchObject({
      status: 202,
      headers: { location: `/v1${periodOf(contractId, '2024-01')}` },
      body: { contractId, month: '2024-01' },
    });
    const closing = await room.get(`/billing/periods?status=closing&contractId=${contractId}`);
    expect(closing.body.items).toMatchObject([{ month: '2024-01', begunBy: 'bea' }]);
    await room.work();
    const issued = await room.get(`/billing/periods?month=2024-01&contractId=${contractId}`);
    expect(issued.body.items).toMatchObject([
      { status: 'issued', statementId: begun.body.statementId, totals: [{ amount: '86.40' }] },
    ]);
  });

  it('comes in the order of the months, once each is over', async () => {
    const contractId = await room.contract('order');
    const close = (month: string) => room.post(`${periodOf(contractId, month)}/close`);
    expect(refusal(await close('2023-12'))).toEqual({ status: 409, code: 'period/before-first' });
    expect(refusal(await close('2024-02'))).toEqual({ status: 409, code: 'period/previous-open' });
    expect(refusal(await close('2024-05'))).toEqual({ status: 409, code: 'period/not-over' });
    await close('2024-01');
    expect(refusal(await close('2024-01'))).toEqual({ status: 409, code: 'period/closing' });
    expect(refusal(await close('2024-02'))).toEqual({ status: 409, code: 'period/previous-open' });
    await room.work();
    expect(refusal(await close('2024-01'))).toEqual({ status: 409, code: 'period/closed' });
    expect((await close('2024-02')).status).toBe(202);
    await room.work();
  });

  it('is for whoever bills', async () => {
    const contractId = await room.contract('roles');
    const answer = await room.post(`${periodOf(contractId, '2024-01')}/close`, {}, 'eve:auditor');
    expect(answer.status).toBe(403);
  });
});

describe('A statement', () => {
  it('is listed and shown with its lines', async () => {
    const contractId = await room.contract('statement');
    const { statementId } = (await room.closed(contractId, '2024-01')).body;
    const list = await room.get(`/statements?contractId=${contractId}`);
    expect(list.body.items).toMatchObject([
      { statementId, kind: 'statement', issuedOn: '2024-05-02', dueOn: '2024-05-09' },
    ]);
    const { body } = await room.get(`/statements/${statementId}`);
    expect(body).toMatchObject({
      number: list.body.items[0]!.number,
      lines: [{ number: 1, amount: '86.40', rounding: { mode: 'halfUp', scale: 2 } }],
    });
    expect(refusal(await room.get(`/statements/${deriveId('none')}`))).toEqual({
      ...{ status: 404, code: 'statement/unknown' },
    });
  });

  it('explains every line down to the events, and computes it once more', async () => {
    const contractId = await room.contract('explained');
    const { statementId } = (await room.closed(contractId, '2024-01')).body;
    const line = `/statements/${statementId}/lines/1/explanation`;
    // What is recorded later changes nothing of what was known.
    await room.switchedOff('explained', '2024-01-20T06:00:00.000Z');
    const { body } = await room.get(line);
    expect(body).toMatchObject({
      agrees: true,
      recomputed: { amount: '86.40' },
      clause: { ref: '4.2', text: 'Energy at rated power.' },
      terms: { version: 1, source: { stream: `hostingContract-${contractId}`, revision: 1 } },
    });
    expect(body.steps.length).toBeGreaterThan(0);
    expect(body.sources).toHaveLength(body.sourceCount);
    const streams = body.sources.map(({ stream }) => stream);
    expect(new Set(streams)).toEqual(
      new Set([`hostingContract-${contractId}`, 'miner-M-explained']),
    );
    // Page by page they are the same.
    const paged: unknown[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page = await room.get(`${line}?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...page.body.sources);
      cursor = page.body.nextCursor;
    }
    expect(paged).toEqual(body.sources);
    expect(refusal(await room.get(`/statements/${statementId}/lines/9/explanation`))).toEqual({
      ...{ status: 404, code: 'statement/line-unknown' },
    });
    expect(refusal(await room.get(`${line}?cursor=x`))).toEqual({
      ...{ status: 400, code: 'request/cursor-invalid' },
    });
  });

  it('explains an adjustment as the difference to what stood', async () => {
    const contractId = await room.contract('difference');
    await room.closed(contractId, '2024-01');
    await room.switchedOff('difference', '2024-01-30T06:00:00.000Z');
    const { statementId } = (await room.closed(contractId, '2024-02')).body;
    const { body } = await room.get(`/statements/${statementId}/lines/1/explanation`);
    expect(body).toMatchObject({
      agrees: true,
      line: { amount: '-10.80', adjusts: { month: '2024-01' } },
      recomputed: { amount: '75.60' },
    });
    expect(body.steps.at(-1)).toBe('New result of 2024-01 75.60 - what stood 86.40 = -10.80 USD');
  });
});

describe('An agreed adjustment', () => {
  it('is on the next statement, with a link to its line', async () => {
    const contractId = await room.contract('agreed');
    const january = periodOf(contractId, '2024-01');
    const wish = { line: 1, amount: '-6.40', reason: 'Goodwill' };
    const early = await room.post(`${january}/adjustments`, wish);
    expect(refusal(early)).toEqual({ status: 409, code: 'period/not-closed' });
    await room.closed(contractId, '2024-01');
    const unknown = await room.post(`${january}/adjustments`, { ...wish, line: 2 });
    expect(refusal(unknown)).toEqual({ status: 404, code: 'period/line-unknown' });
    const agreed = await room.post(`${january}/adjustments`, wish);
    expect(agreed.status).toBe(201);
    const { statementId } = (await room.closed(contractId, '2024-02')).body;
    const { body } = await room.get(`/statements/${statementId}`);
    expect(body.totals).toEqual([{ currency: 'USD', amount: '150.20' }]);
    expect(body.lines[1]).toMatchObject({
      amount: '-6.40',
      adjusts: { month: '2024-01', line: 1, cause: 'agreed', reason: 'Goodwill' },
    });
    const closed = await room.get(january);
    expect(closed.body).toMatchObject({
      agreements: [{ ...agreed.body, statementId }],
      stands: [{ stands: '86.40' }],
    });
    const line = await room.get(`/statements/${statementId}/lines/2/explanation`);
    expect(line).toMatchObject({
      status: 200,
      body: {
        agrees: true,
        steps: ['-6.40 USD, agreed by bea on line 1 of 2024-01: Goodwill'],
        clause: { ref: '4.2' },
        terms: { version: 1 },
        sourceCount: 1,
        sources: [{ stream: `billingPeriod-${contractId}.2024-01` }],
      },
    });
    expect(line.body).not.toHaveProperty('recomputed');
    const { eventId } = line.body.sources[0]!;
    const log = await room.home.log();
    expect(log.find(({ id }) => id === eventId)).toMatchObject({
      type: 'AdjustmentAgreed',
      data: { adjustmentId: (agreed.body as unknown as { adjustmentId: string }).adjustmentId },
    });
  });
});

describe('A restatement', () => {
  it('stands beside what was closed once somebody else has approved it', async () => {
    const contractId = await room.contract('restated');
    const january = periodOf(contractId, '2024-01');
    await room.closed(contractId, '2024-01');
    const propose = () => room.post(`${january}/restatements`, { reason: 'Known better' });
    expect(refusal(await propose())).toEqual({
      ...{ status: 409, code: 'period/restatement-nothing' },
    });
    await room.switchedOff('restated', '2024-01-30T06:00:00.000Z');
    const { body } = await propose();
    const decide = `${january}/restatements/${body.restatementId}`;
    const own = await room.post(`${decide}/approval`);
    expect(refusal(own)).toEqual({ status: 403, code: 'period/restatement-own' });
    expect((await room.get(january)).body).toMatchObject({
      restatements: [{ status: 'proposed', totals: [{ amount: '-10.80' }], proposedBy: 'bea' }],
      stands: [{ stands: '86.40' }],
    });
    const approved = await room.post(`${decide}/approval`, undefined, 'ida:billing');
    expect(approved.status).toBe(200);
    await room.work();
    const restated = (await room.get(january)).body;
    expect(restated).toMatchObject({
      closed: { lines: [{ amount: '86.40' }] },
      restatements: [{ status: 'approved', decidedBy: 'ida', lines: [{ amount: '-10.80' }] }],
      stands: [{ original: '86.40', restated: '-10.80', stands: '75.60' }],
    });
    const { statementId } = restated.restatements[0]!;
    const statement = await room.get(`/statements/${statementId}`);
    expect(statement.body).toMatchObject({
      kind: 'restatement',
      month: '2024-01',
      totals: [{ amount: '-10.80' }],
      lines: [{ number: 1, adjusts: { line: 1, before: '86.40' } }],
    });
    const line = await room.get(`/statements/${statementId}/lines/1/explanation`);
    expect(line.body).toMatchObject({ agrees: true, recomputed: { amount: '75.60' } });
    // The next close has nothing to adjust any more.
    const february = await room.closed(contractId, '2024-02');
    expect(february.body.closed.adjustedMonths).toEqual([]);
  });

  it('that is rejected has no statement', async () => {
    const contractId = await room.contract('rejected');
    const january = periodOf(contractId, '2024-01');
    await room.closed(contractId, '2024-01');
    await room.switchedOff('rejected', '2024-01-30T06:00:00.000Z');
    const { restatementId } = (
      await room.post(`${january}/restatements`, { reason: 'Known better' })
    ).body;
    const decide = `${january}/restatements/${restatementId}`;
    expect((await room.post(`${decide}/rejection`, { reason: 'Wait' })).status).toBe(200);
    const late = await room.post(`${decide}/approval`, undefined, 'ida:billing');
    expect(refusal(late)).toEqual({ status: 409, code: 'period/restatement-decided' });
    const { body } = await room.get(january);
    expect(body.restatements).toMatchObject([{ status: 'rejected', rejectedFor: 'Wait' }]);
    const none = await room.get(`/statements/${body.restatements[0]!.statementId}`);
    expect(none.status).toBe(404);
  });
});
