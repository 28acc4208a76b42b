import { clauses, fullCard, leastCards, oldCards } from '../domain/rate-cards.fixture.js';
import { ContractsRoutes, execution, terms } from './routes.fixture.js';

// Rate cards over HTTP: what is said is kept and shown again, what is wrong is named by its field.

const routes = new ContractsRoutes();

beforeAll(() => routes.open());
afterAll(() => routes.close());

const adopt = (contract: string, rateCard: object, effectiveOn = terms.effectiveOn) =>
  routes.post(`${contract}/terms`, { ...terms, effectiveOn, clauses, rateCard });

/** What the other bases can say beside {@link fullCard}. */
const otherCards = [
  { ...leastCards.flatPerKw, counted: 'assigned', proration: 'wholeMonth' },
  { ...leastCards.proceedsShare, paidIn: 'bitcoin' },
  { ...leastCards.profitShare, estimation: 'nameplate', clauseRef: '4.1' },
];

describe('a rate card', () => {
  it('is kept as it was said, and shown so: of a version, and of a day', async () => {
    const contract = await routes.draft();
    const said = [
      fullCard,
      ...otherCards,
      ...Object.values(leastCards),
      ...Object.values(oldCards).map((bytes) => JSON.parse(bytes) as object),
    ];
    const days = said.map((_, index) => `2023-09-${String(index + 1).padStart(2, '0')}`);
    for (const [index, card] of said.entries()) {
      expect(await adopt(contract, card, days[index])).toMatchObject({
        status: 201,
        body: { version: index + 1 },
      });
    }
    expect(await routes.post(`${contract}/execution`, execution)).toMatchObject({ status: 200 });
    const adopted = routes.eventsOf(contract).filter(({ type }) => type === 'TermsAdopted');
    expect(adopted.map(({ data }) => (data as { rateCard: object }).rateCard)).toEqual(said);

    await routes.fillReadModels();
    const versions = await routes.get(`${contract}/terms?limit=100`);
    const items = versions.body.items as { rateCard: object }[];
    expect(items.map(({ rateCard }) => rateCard)).toEqual(said);
    for (const index of [0, 3]) {
      const onDay = await routes.get(`${contract}?asOf=${days[index]}`);
      expect(onDay.body.terms).toMatchObject({ version: index + 1 });
      expect((onDay.body.terms as { rateCard: object }).rateCard).toEqual(said[index]);
    }
  });
});

const { fees, uptime, curtailmentCredit, payment, minimum } = fullCard;

it.each<[string, object]>([
  ['/clauseRef', { clauseRef: '' }],
  ['/tiers', { tiers: [] }],
  ['/tiers', { tiers: { above: '1', rate: '1' } }],
  ['/tiers/0/above', { tiers: [{ above: '1e6', rate: '0.07' }] }],
  ['/tiers/1/rate', { tiers: [fullCard.tiers[0], { above: '7000000', rate: '-0.07' }] }],
  ['/tiers/0/until', { tiers: [{ ...fullCard.tiers[0], until: '9' }] }],
  ['/upliftPercent', { upliftPercent: 7 }],
  ['/counted', { counted: 'all' }],
  ['/proration', { proration: 'day' }],
  ['/paidIn', { paidIn: 'USD' }],
  ['/estimation', { estimation: true }],
  ['/minimum', { minimum: '250000.00' }],
  ['/minimum/amountPerMonth', { minimum: { ...minimum, amountPerMonth: 250_000 } }],
  ['/minimum/clauseRef', { minimum: { amountPerMonth: '250000.00' } }],
  ['/fees/0/kind', { fees: [{ ...fees[0], kind: 'tax' }] }],
  ['/fees/1/amount', { fees: [fees[0], { ...fees[1], amount: '' }] }],
  ['/uptime/capPercent', { uptime: { ...uptime, capPercent: undefined } }],
  ['/uptime/excusedCauses', { uptime: { ...uptime, excusedCauses: 'fault' } }],
  ['/curtailmentCredit/causes', { curtailmentCredit: { ...curtailmentCredit, causes: [] } }],
  [
    '/curtailmentCredit/sharePercent',
    { curtailmentCredit: { ...curtailmentCredit, sharePercent: null } },
  ],
  ['/payment/dueDays', { payment: { ...payment, dueDays: 7.5 } }],
  [
    '/payment/lateFee/graceDays',
    { payment: { ...payment, lateFee: { ...payment.lateFee, graceDays: -1 } } },
  ],
  [
    '/payment/ladder/terminationDays',
    { payment: { ...payment, ladder: { noticeDays: 5, suspensionDays: 10 } } },
  ],
])('one of the wrong form: %s is named', async (field, change) => {
  const contract = await routes.draft();
  const before = routes.streams.log.length;
  const { status, body } = await adopt(contract, { ...fullCard, ...change });
  expect(status).toBe(400);
  const errors = body.errors as { pointer: string }[];
  expect([...new Set(errors.map(({ pointer }) => pointer))]).toEqual([`/rateCard${field}`]);
  expect(routes.streams.log).toHaveLength(before);
});

it.each<[string, string, object]>([
  ['rate-modifier-foreign', '/counted', { counted: 'installed' }],
  ['rate-percent-range', '/uptime/capPercent', { uptime: { ...uptime, capPercent: '101' } }],
  ['rate-repeated', '/fees/1/kind', { fees: [fees[0], fees[0]] }],
  [
    'rate-cause-unknown',
    '/curtailmentCredit/causes/1',
    { curtailmentCredit: { ...curtailmentCredit, causes: ['grid', 'rain'] } },
  ],
  ['rate-clause-unknown', '/minimum/clauseRef', { minimum: { ...minimum, clauseRef: '9' } }],
])('one that says what it cannot: %s at %s', async (code, field, change) => {
  const contract = await routes.draft();
  expect(await adopt(contract, { ...fullCard, ...change })).toMatchObject({
    status: 422,
    body: { code: `contract/${code}`, errors: [{ pointer: `/rateCard${field}` }] },
  });
});
