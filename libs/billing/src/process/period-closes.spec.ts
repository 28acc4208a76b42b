import { card, PeriodRoom } from '../periods.fixture.js';

// Closes on the embedded node, with read models as the worker fills them.

let room: PeriodRoom;
beforeAll(async () => {
  room = await PeriodRoom.open();
});
afterAll(() => room.close());
beforeEach(() => room.at('2024-05-02T12:00:00.000Z'));

/** What a contract's months came to, and what their account was told. */
const typesOf = async (contractId: string): Promise<string[]> => {
  const log = await room.home.log();
  return log.flatMap(({ stream, type, data }) => {
    const { contractId: of, month } = data as { contractId?: string; month?: string };
    const isTold = stream.startsWith('billingPeriod-') || type === 'StatementEntered';
    return isTold && of === contractId ? [`${month} ${type}`] : [];
  });
};

it('A month is closed, its statement numbered, issued and entered', async () => {
  const contractId = await room.contract('whole');
  const { body } = await room.closed(contractId, '2024-01');
  // 3 kW × 16 days × 24 h × 0.075
  expect(body).toMatchObject({
    status: 'issued',
    totals: [{ currency: 'USD', amount: '86.40' }],
    closed: { lines: [{ number: 1, quantity: '1152', amount: '86.40', clauseRef: '4.2' }] },
  });
  expect(await typesOf(contractId)).toEqual([
    '2024-01 PeriodCloseBegan',
    '2024-01 PeriodLinesRecorded',
    '2024-01 PeriodClosed',
    '2024-01 StatementIssued',
    '2024-01 StatementEntered',
  ]);
});

it('What is recorded late of a closed month is on the statement of the next one', async () => {
  const contractId = await room.contract('late');
  await room.closed(contractId, '2024-01');
  await room.switchedOff('late', '2024-01-30T06:00:00.000Z');
  const february = await room.closed(contractId, '2024-02');
  // Two days less: 3 kW × 48 h × 0.075 = 10.80
  expect(february.body).toMatchObject({
    closed: { adjustedMonths: ['2024-01'], lineCount: 1, lines: [] },
    totals: [{ amount: '-10.80' }],
  });
  const january = await room.get(`/billing/periods/${contractId}/2024-01`);
  expect(january.body).toMatchObject({
    closed: { lines: [{ amount: '86.40' }] },
    adjustments: [
      {
        month: '2024-02',
        lines: [{ amount: '-10.80', quantity: '1008', adjusts: { line: 1, before: '86.40' } }],
      },
    ],
    stands: [{ original: '86.40', adjusted: '-10.80', restated: '0.00', stands: '75.60' }],
  });
});

it('Corrected terms adjust every month that they were in force in', async () => {
  const contractId = await room.contract('corrected');
  await room.closed(contractId, '2024-01');
  await room.closed(contractId, '2024-02');
  await room.termsCorrected(contractId, card('0.070'));
  const { body } = await room.closed(contractId, '2024-03');
  expect(body.closed.adjustedMonths).toEqual(['2024-01', '2024-02']);
});

it('A month of which nothing was recorded since is not computed anew', async () => {
  const contractId = await room.contract('quiet');
  await room.closed(contractId, '2024-01');
  await room.switchedOff('quiet', '2024-02-10T06:00:00.000Z');
  await room.closed(contractId, '2024-02');
  expect(await typesOf(contractId)).not.toContain('2024-01 AdjustmentPosted');
});

it('A month that was computed anew and comes to the same is not computed anew again', async () => {
  const contractId = await room.contract('same');
  await room.closed(contractId, '2024-01');
  await room.switchedOff('same', '2024-02-01T06:00:00.000Z');
  // What is corrected to what it was changes nothing.
  await room.termsCorrected(contractId, card('0.075'));
  await room.closed(contractId, '2024-02');
  await room.closed(contractId, '2024-03');
  const types = await typesOf(contractId);
  expect(types.filter((type) => type.endsWith('AdjustmentPosted'))).toEqual([
    '2024-01 AdjustmentPosted',
  ]);
  const { body } = await room.get(`/billing/periods/${contractId}/2024-02`);
  expect(body.closed.adjustedMonths).toEqual([]);
});

it('What adjusts an ended contract is due by the terms that were last in force', async () => {
  const contractId = await room.contract('ended');
  await room.closed(contractId, '2024-01');
  await room.terminated(contractId, '2024-02-15');
  await room.switchedOff('ended', '2024-02-15T06:00:00.000Z');
  await room.closed(contractId, '2024-02');
  await room.termsCorrected(contractId, card('0.080'));
  const { body } = await room.closed(contractId, '2024-03');
  expect(body.closed).toMatchObject({
    terms: [],
    adjustedMonths: ['2024-01', '2024-02'],
    lines: [],
  });
  const statement = await room.get(`/statements/${body.statementId}`);
  expect(statement.body).toMatchObject({ issuedOn: '2024-05-02', dueOn: '2024-05-09' });
});

it('A month in which nothing is charged has a statement of nothing', async () => {
  const contractId = await room.contract('nothing');
  await room.switchedOff('nothing', '2024-01-31T06:00:00.000Z');
  await room.closed(contractId, '2024-01');
  const { body } = await room.closed(contractId, '2024-02');
  expect(body).toMatchObject({ status: 'issued', closed: { lineCount: 0 }, totals: [] });
  expect(await typesOf(contractId)).toContain('2024-02 StatementEntered');
});

const { ratePerKwh: _, ...rest } = card('0');
const sharing = { ...rest, basis: 'proceedsShare', proceedsSharePercent: '50' } as const;

it('A close with discrepancies is refused at once where they are known', async () => {
  const contractId = await room.contract('gaps', sharing);
  await room.meter('GAPS', contractId);
  const { status, body } = await room.post(`/billing/periods/${contractId}/2024-01/close`);
  expect({ status, body }).toMatchObject({
    status: 409,
    body: {
      code: 'period/discrepancies-open',
      shortcomings: [{ code: 'meter-gap', meterId: 'GAPS' }],
      shortcomingCount: 1,
    },
  });
  expect(await typesOf(contractId)).toEqual([]);
});

it('A close with discrepancies in earlier months is refused later, and can be tried again', async () => {
  const contractId = await room.contract('gone');
  await room.termsAdopted(contractId, '2024-02-01', card('0.075'));
  await room.closed(contractId, '2024-01');
  await room.termsCorrected(contractId, sharing);
  const { body } = await room.closed(contractId, '2024-02');
  expect(body).toMatchObject({
    status: 'refused',
    refused: {
      code: 'period/discrepancies-open',
      shortcomings: [{ code: 'meter-gap', facility: 'DENTON' }],
    },
    draft: { shortcomings: [] },
  });
  const again = await room.post(`/billing/periods/${contractId}/2024-02/close`);
  expect(again.status).toBe(202);
});

it.each([0, 1, 2, 3, 4, Infinity])(
  'Whoever dies after %d appends, the close comes to the same once it is gone on with',
  async (dies) => {
    const name = `death-${dies}`;
    const contractId = await room.contract(name);
    await room.closed(contractId, '2024-01');
    await room.switchedOff(name, '2024-01-30T06:00:00.000Z');
    await room.post(`/billing/periods/${contractId}/2024-02/close`);
    const died = await room.work(room.home.process(dies)).then(
      () => false,
      () => true,
    );
    expect(died).toBe(dies < 5);
    // What comes to the log meanwhile is not part of it.
    await room.switchedOff(name, '2024-01-31T06:00:00.000Z');
    await room.work(room.home.process());
    await room.work(room.home.process());
    const { body } = await room.get(`/billing/periods/${contractId}/2024-02`);
    expect(body).toMatchObject({ totals: [{ amount: '-10.80' }], closed: { lineCount: 1 } });
    expect(await typesOf(contractId)).toEqual([
      '2024-01 PeriodCloseBegan',
      '2024-01 PeriodLinesRecorded',
      '2024-01 PeriodClosed',
      '2024-01 StatementIssued',
      '2024-01 StatementEntered',
      '2024-02 PeriodCloseBegan',
      '2024-01 AdjustmentPosted',
      '2024-02 PeriodLinesRecorded',
      '2024-02 PeriodClosed',
      '2024-02 StatementIssued',
      '2024-02 StatementEntered',
    ]);
  },
);

it('What is agreed after a close began is on the statement of the next one', async () => {
  const contractId = await room.contract('agreed-late');
  await room.closed(contractId, '2024-01');
  const january = `/billing/periods/${contractId}/2024-01`;
  const agreed = (amount: string) =>
    room.post(`${january}/adjustments`, { line: 1, amount, reason: 'Goodwill' });
  await agreed('-1.00');
  await room.post(`/billing/periods/${contractId}/2024-02/close`);
  await agreed('-2.00');
  await room.work();
  const february = await room.get(`/billing/periods/${contractId}/2024-02`);
  expect(february.body.totals).toMatchObject([{ amount: '155.60' }]);
  const march = await room.closed(contractId, '2024-03');
  // 3 kW × 743 h × 0.075 - 2.00
  expect(march.body.totals).toMatchObject([{ amount: '165.18' }]);
});

it('A close that has posted cannot be refused any more', async () => {
  const contractId = await room.contract('posted');
  await room.closed(contractId, '2024-01');
  await room.switchedOff('posted', '2024-01-30T06:00:00.000Z');
  await room.post(`/billing/periods/${contractId}/2024-02/close`);
  await expect(room.work(room.home.process(1))).rejects.toThrow('The process died here');
  const nothing = { readStream: () => Promise.resolve([]), head: () => room.home.events.head() };
  await expect(room.work(room.home.process(), nothing)).rejects.toThrow('cannot be refused');
  await room.work();
  const { body } = await room.get(`/billing/periods/${contractId}/2024-02`);
  expect(body).toMatchObject({ status: 'issued', totals: [{ amount: '-10.80' }] });
});

it.each([0, 1, 2])(
  'Whoever dies after %d appends, the statement of a restatement comes all the same',
  async (dies) => {
    const name = `restated-${dies}`;
    const contractId = await room.contract(name);
    await room.closed(contractId, '2024-01');
    await room.switchedOff(name, '2024-01-30T06:00:00.000Z');
    const january = `/billing/periods/${contractId}/2024-01/restatements`;
    const { restatementId } = (await room.post(january, { reason: 'Known better' })).body;
    await room.post(`${january}/${restatementId}/approval`, undefined, 'ida:billing');
    await expect(room.work(room.home.process(dies))).rejects.toThrow('The process died here');
    await room.work(room.home.process());
    expect((await typesOf(contractId)).slice(-5)).toEqual([
      '2024-01 RestatementProposed',
      '2024-01 RestatementLinesRecorded',
      '2024-01 RestatementApproved',
      '2024-01 StatementIssued',
      '2024-01 StatementEntered',
    ]);
  },
);

it('Numbers have no gaps, whoever died', async () => {
  const log = await room.home.log();
  const numbers = log.flatMap(({ type, data }) =>
    type === 'StatementNumberAssigned' ? [(data as { number: string }).number] : [],
  );
  expect(numbers.length).toBeGreaterThan(1);
  expect(numbers).toEqual(numbers.map((_, index) => `2024-${String(index + 1).padStart(6, '0')}`));
});
