import { contractsProjections } from '@hostledger/contracts';
import { dealsProjections } from '@hostledger/deals';
import { deriveId } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { sumOf } from '../../domain/amounts.js';
import { paperSlices } from '../../papers.js';
import { card, CUSTOMER, PeriodRoom } from '../../periods.fixture.js';
import type { AccrualsView } from './views.js';

// Contracts at 7.5 cents a kWh, with a machine of 3,000 W each, in force since 2024-01-16: January
// comes to 86.40, February to 156.60, March of 743 hours to 167.18 (167.175).

let room: PeriodRoom;
beforeAll(async () => {
  const projections = [...contractsProjections, ...dealsProjections];
  room = await PeriodRoom.open({ slices: paperSlices, projections });
  const data = { customerId: CUSTOMER, name: 'Miners', legalName: 'Miners LLC', country: 'US' };
  await room.happened(`customer-${CUSTOMER}`, '2024-01-01T12:00:00.000Z', {
    ...{ type: 'CustomerRegistered', data },
  });
});
afterAll(() => room.close());
beforeEach(() => room.at('2024-05-02T12:00:00.000Z'));

const on = async (day: string, more: string): Promise<AccrualsView> => {
  const { status, body } = await room.get(`/billing/accruals?on=${day}&${more}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as unknown as AccrualsView;
};
const ofContract = async (contractId: string, day: string) => {
  const { items } = await on(day, `contractId=${contractId}`);
  return items[0]!;
};
const usd = (amount: string) => [{ currency: 'USD', amount }];

/** Closes a month on the fifth of the next. */
const closed = async (contractId: string, month: string, day: string) => {
  room.at(`${day}T18:00:00.000Z`);
  const { body } = await room.closed(contractId, month);
  room.at('2024-05-02T12:00:00.000Z');
  return body;
};
const closedInTime = async (contractId: string) => {
  await closed(contractId, '2024-01', '2024-02-05');
  return closed(contractId, '2024-02', '2024-03-05');
};

/** What statements issued by a day come to. */
const onStatements = async (contractId: string, day: string): Promise<string> => {
  const { body } = await room.get(`/statements?contractId=${contractId}`);
  const issued = body.items as unknown as { issuedOn: string; totals: { amount: string }[] }[];
  const totals = issued.filter(({ issuedOn }) => issuedOn <= day).flatMap((one) => one.totals);
  return sumOf('0.00', ...totals.map(({ amount }) => amount));
};

describe('What is accrued of months that no statement was of by the day', () => {
  it('is what they come to, up to its end', async () => {
    const contractId = await room.contract('open');
    const { customerId, reference, months, adjustments, totals } = await ofContract(
      contractId,
      '2024-01-20',
    );
    // 3 kW × 5 days × 24 h × 0.075
    expect({ customerId, reference, months, adjustments, totals }).toEqual({
      ...{ customerId: CUSTOMER, reference: 'open', adjustments: [], totals: usd('27.00') },
      months: [
        { month: '2024-01', throughOn: '2024-01-20', totals: usd('27.00'), shortcomings: [] },
      ],
    });
  });

  it('ends with the day that their statement was issued on', async () => {
    const contractId = await room.contract('issued');
    await closedInTime(contractId);
    const months = async (day: string) =>
      (await ofContract(contractId, day)).months.map(
        ({ month, throughOn }) => `${month} ${throughOn}`,
      );
    expect(await months('2024-03-04')).toEqual(['2024-02 2024-02-29', '2024-03 2024-03-04']);
    expect(await months('2024-03-05')).toEqual(['2024-03 2024-03-05']);
    expect(await months('2024-01-15')).toEqual([]);
    expect((await ofContract(contractId, '2024-03-31')).totals).toEqual(usd('167.18'));
  });
});

describe('What is accrued once a contract is over', () => {
  it('is what a programme paid since for a curtailment before that', async () => {
    const credit = { causes: ['demandResponse'], sharePercent: '60', clauseRef: '4.2' } as const;
    const sharing = {
      ...card('0.075'),
      curtailmentCredit: { ...credit, causes: [...credit.causes] },
    };
    const contractId = await room.contract('over', sharing);
    const day = { from: '2024-01-20T06:00:00.000Z', until: '2024-01-21T06:00:00.000Z' };
    await room.curtailed('curtailment', { ...day, energyAvoidedWh: 720_000 }, 'over');
    await room.switchedOff('over', '2024-03-01T06:00:00.000Z');
    await room.terminated(contractId, '2024-03-01');
    await closedInTime(contractId);
    await room.paid('curtailment', '1000.00', '2024-04-10');
    const months = async (day: string) => (await ofContract(contractId, day)).months;
    expect(await months('2024-04-09')).toEqual([]);
    // 72 of 720 kWh, × 60 %
    expect(await months('2024-04-10')).toEqual([
      { month: '2024-04', throughOn: '2024-04-10', totals: usd('-60.00'), shortcomings: [] },
    ]);
    await closed(contractId, '2024-03', '2024-04-20');
    await closed(contractId, '2024-04', '2024-05-02');
    expect(await months('2024-05-01')).toHaveLength(1);
    expect(await ofContract(contractId, '2024-05-02')).toMatchObject({ months: [], totals: [] });
  });
});

describe('What is accrued of the month on whose first day a contract ended', () => {
  it('is what a programme paid in it', async () => {
    const credit = { causes: ['demandResponse'], sharePercent: '60', clauseRef: '4.2' } as const;
    const sharing = {
      ...card('0.075'),
      curtailmentCredit: { ...credit, causes: [...credit.causes] },
    };
    const contractId = await room.contract('first', sharing);
    const day = { from: '2024-01-20T06:00:00.000Z', until: '2024-01-21T06:00:00.000Z' };
    await room.curtailed('curtailed', { ...day, energyAvoidedWh: 720_000 }, 'first');
    await room.switchedOff('first', '2024-03-01T06:00:00.000Z');
    await room.terminated(contractId, '2024-03-01');
    await closedInTime(contractId);
    await room.paid('curtailed', '1000.00', '2024-03-20');
    const months = async (on: string) => (await ofContract(contractId, on)).months;
    expect(await months('2024-03-19')).toEqual([]);
    expect(await months('2024-03-20')).toEqual([
      { month: '2024-03', throughOn: '2024-03-20', totals: usd('-60.00'), shortcomings: [] },
    ]);
    // As its close credits it.
    const { statementId } = await closed(contractId, '2024-03', '2024-04-05');
    expect((await room.get(`/statements/${statementId}`)).body).toMatchObject({
      totals: usd('-60.00'),
    });
  });
});

describe('What is accrued of months on statements', () => {
  it('is what was recorded late, line by line, until a statement has it', async () => {
    const contractId = await room.contract('late');
    const { statementId } = await closed(contractId, '2024-01', '2024-02-05');
    await room.switchedOff('late', '2024-01-30T06:00:00.000Z');
    const { months, adjustments, totals } = await ofContract(contractId, '2024-02-29');
    // Two days less: 3 kW × 48 h × 0.075; and nothing in February.
    expect(months).toMatchObject([{ month: '2024-02', totals: [] }]);
    expect(adjustments).toMatchObject([
      {
        ...{ month: '2024-01', totals: usd('-10.80'), shortcomings: [] },
        lines: [
          {
            ...{ amount: '-10.80', quantity: '1008', currency: 'USD', clauseRef: '4.2' },
            adjusts: {
              ...{ month: '2024-01', statementId, line: 1, cause: 'lateFact', before: '86.40' },
            },
          },
        ],
      },
    ]);
    expect(totals).toEqual(usd('-10.80'));
    await closed(contractId, '2024-02', '2024-03-05');
    expect((await ofContract(contractId, '2024-03-05')).adjustments).toEqual([]);
    expect((await ofContract(contractId, '2024-03-04')).totals).toEqual(usd('-10.80'));
  });

  it('is what a restatement changes until its statement is issued', async () => {
    const contractId = await room.contract('restated');
    await closedInTime(contractId);
    await room.termsCorrected(contractId, card('0.070'));
    const january = `/billing/periods/${contractId}/2024-01/restatements`;
    const { restatementId } = (await room.post(january, { reason: 'A typo' })).body;
    // A proposal changes nothing: 0.005 less of 1152, and of 2088 kWh.
    const pending = async (day: string) =>
      (await ofContract(contractId, day)).adjustments.map((one) => [one.month, one.totals]);
    const both = [
      ['2024-01', usd('-5.76')],
      ['2024-02', usd('-10.44')],
    ];
    expect(await pending('2024-04-10')).toEqual(both);
    room.at('2024-04-11T18:00:00.000Z');
    await room.post(`${january}/${restatementId}/approval`, undefined, 'ida:billing');
    await room.work();
    expect(await pending('2024-04-10')).toEqual(both);
    expect(await pending('2024-04-11')).toEqual(both.slice(1));
  });

  it('is what was agreed on by the day', async () => {
    const contractId = await room.contract('agreed');
    await room.terminated(contractId, '2024-03-01');
    await closedInTime(contractId);
    const january = `/billing/periods/${contractId}/2024-01`;
    await room.post(`${january}/adjustments`, { line: 1, amount: '-6.40', reason: 'Goodwill' });
    const { agreedAt } = (await room.get(january)).body.agreements[0]!;
    room.at(agreedAt);
    const [today, before] = [
      agreedAt,
      new Date(Date.parse(agreedAt) - 86_400_000).toISOString(),
    ].map((at) => dayIn('America/Chicago', at));
    expect(await ofContract(contractId, before!)).toMatchObject({ adjustments: [], totals: [] });
    expect(await ofContract(contractId, today!)).toMatchObject({
      adjustments: [
        {
          month: '2024-01',
          lines: [
            {
              amount: '-6.40',
              adjusts: { line: 1, cause: 'agreed', reason: 'Goodwill', before: '86.40' },
            },
          ],
        },
      ],
      totals: usd('-6.40'),
    });
  });

  it('tells what is missing to compute them anew', async () => {
    const contractId = await room.contract('missing');
    await closedInTime(contractId);
    const share = { proceedsSharePercent: '50', paidIn: 'bitcoin' } as const;
    await room.termsCorrected(contractId, {
      ...{ basis: 'proceedsShare', currency: 'USD', clauseRef: '4.2', ...share },
    });
    const { adjustments } = await ofContract(contractId, '2024-03-31');
    expect(adjustments).toMatchObject([
      { month: '2024-01', totals: usd('-86.40'), shortcomings: [{ code: 'meter-gap' }] },
      { month: '2024-02', totals: usd('-156.60'), shortcomings: [{ code: 'meter-gap' }] },
    ]);
  });

  it('is with the statements all that was earned, on any day', async () => {
    const contractId = await room.contract('whole');
    await closedInTime(contractId);
    await room.termsCorrected(contractId, card('0.070'));
    await room.switchedOff('whole', '2024-02-15T06:00:00.000Z');
    await closed(contractId, '2024-03', '2024-04-05');
    await room.termsCorrected(contractId, card('0.072'));
    // 3 kW × (16 + 14) days × 24 h × 0.072, each month rounded: 82.94 + 72.58
    for (const [day, earned] of [
      ['2024-01-31', '82.94'],
      ['2024-02-05', '108.86'],
      ['2024-02-29', '155.52'],
      ['2024-03-05', '155.52'],
      ['2024-04-04', '155.52'],
      ['2024-04-05', '155.52'],
      ['2024-04-30', '155.52'],
    ] as const) {
      const { totals } = await ofContract(contractId, day);
      const accrued = totals[0]?.amount ?? '0.00';
      expect([day, sumOf(accrued, await onStatements(contractId, day))]).toEqual([day, earned]);
    }
  });
});

describe('Accruals', () => {
  const nobody = deriveId('nobody');
  const supplied = () => {
    const agreementId = 'agreement';
    const named = { reference: 'APA-1', title: 'Purchase', seller: 'Bitmain', buyer: 'Host' };
    const leg = { face: '53900000.00', addedOn: '2024-02-15' };
    const valuation = { authority: 'Bankruptcy court', dueOn: '2024-03-20' };
    return [
      {
        type: 'SupplyAgreed',
        data: {
          ...{ agreementId, ...named, agreedOn: '2024-02-15', timeZone: 'America/Chicago' },
          ...{ currency: 'USD', price: '53900000.00', documentDigest: 'd'.repeat(64) },
          ...{ lines: [], options: [], recordedBy: 'ada' },
        },
      },
      {
        type: 'ConsiderationLegAdded',
        data: { agreementId, leg: 1, kind: 'equity', description: 'Stock', ...leg, valuation },
      },
    ];
  };

  it('come in pages by contract, each with its totals, which add up', async () => {
    const mine = `customerId=${CUSTOMER}`;
    const all = await on('2024-03-31', `${mine}&limit=100&months=120`);
    const pages = [await on('2024-03-31', `${mine}&limit=2`)];
    for (let { nextCursor } = pages[0]!; nextCursor !== undefined;) {
      const page = await on('2024-03-31', `${mine}&limit=2&cursor=${nextCursor}`);
      pages.push(page);
      ({ nextCursor } = page);
    }
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flatMap(({ items }) => items)).toEqual(all.items);
    const totals = pages.flatMap((page) => page.totals).map(({ amount }) => amount);
    expect(usd(sumOf(...totals))).toEqual(all.totals);
  });

  it('come in pages by months too, also of one contract, and are together the same', async () => {
    const mine = `customerId=${CUSTOMER}&limit=100`;
    const all = await on('2024-04-30', `${mine}&months=120`);
    const pages = [await on('2024-04-30', `${mine}&months=3`)];
    for (let { nextCursor } = pages[0]!; nextCursor !== undefined;) {
      const page = await on('2024-04-30', `${mine}&months=3&cursor=${nextCursor}`);
      pages.push(page);
      ({ nextCursor } = page);
    }
    const items = pages.flatMap((page) => page.items);
    // Each contract ends once, and none is on a page that had nothing of it to look at.
    expect(items.filter(({ continues }) => !continues)).toHaveLength(all.items.length);
    const merged = all.items.map(({ contractId }) => {
      const parts = items.filter((item) => item.contractId === contractId);
      return {
        contractId,
        months: parts.flatMap(({ months }) => months),
        adjustments: parts.flatMap(({ adjustments }) => adjustments.toReversed()).reverse(),
      };
    });
    expect(merged).toEqual(
      all.items.map(({ contractId, months, adjustments }) => {
        return { contractId, months, adjustments };
      }),
    );
    for (const page of pages) {
      const told = page.items.flatMap(({ months, adjustments }) => [...months, ...adjustments]);
      expect(told.length).toBeLessThanOrEqual(3);
    }
    const amounts = pages.flatMap((page) => page.totals).map(({ amount }) => amount);
    expect(usd(sumOf(...amounts))).toEqual(all.totals);
  });

  it('name legs that nobody had valued, and add their face to nothing', async () => {
    await room.happened('supplyAgreement-agreement', '2024-02-15T12:00:00.000Z', ...supplied());
    const { unvaluedLegs, totals } = await on('2024-03-31', 'limit=100');
    expect(unvaluedLegs).toEqual([
      {
        ...{ agreementId: 'agreement', reference: 'APA-1', leg: 1, description: 'Stock' },
        ...{ face: '53900000.00', currency: 'USD', authority: 'Bankruptcy court' },
        ...{ dueOn: '2024-03-20', overdue: true },
      },
    ]);
    expect(totals.map(({ amount }) => Number(amount) < 1_000_000)).toEqual([true]);
    expect((await on('2024-02-14', '')).unvaluedLegs).toEqual([]);
    const contractId = deriveId('contract', 'open');
    expect((await on('2024-03-31', `contractId=${contractId}`)).unvaluedLegs).toEqual([]);
  });

  it.each(['contractId', 'customerId'])('are refused of an unknown %s', async (scope) => {
    const url = `/billing/accruals?on=2024-03-31&${scope}=${nobody}`;
    expect(await room.get(url)).toMatchObject({ status: 404 });
  });

  it('need a day that has come', async () => {
    for (const query of [
      '',
      '?on=2024-02-30',
      '?on=2024-02-01&limit=101',
      '?on=2024-02-01&months=0',
    ]) {
      expect(await room.get(`/billing/accruals${query}`)).toMatchObject({ status: 400 });
    }
    const cursor = Buffer.from(JSON.stringify(['billing accruals', 'x'])).toString('base64url');
    expect(await room.get(`/billing/accruals?on=2024-02-01&cursor=${cursor}`)).toMatchObject({
      ...{ status: 400, body: { code: 'request/cursor-invalid' } },
    });
    expect(await room.get('/billing/accruals?on=2126-01-01')).toMatchObject({
      ...{ status: 409, body: { code: 'billing/not-come' } },
    });
  });
});
