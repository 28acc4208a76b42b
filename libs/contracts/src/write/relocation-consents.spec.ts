import { ContractsRoutes, execution, terms } from './routes.fixture.js';

const routes = new ContractsRoutes();
const post = (...asked: Parameters<ContractsRoutes['post']>) => routes.post(...asked);

beforeAll(() => routes.open());
afterAll(() => routes.close());

describe('machines that are to be moved', () => {
  const relocation = { clauseRef: '4.1', facilities: ['PECOS'], consent: 'required' };
  const consent = {
    facilities: ['PECOS'],
    consentedOn: '2023-10-01',
    fromOn: '2023-10-02',
    documentDigest: 'e'.repeat(64),
  };

  it('go where the terms say, and their customer agrees', async () => {
    const contract = await routes.draft();
    const elsewhere = { ...terms, relocation: { ...relocation, clauseRef: '9' } };
    expect(await post(`${contract}/terms`, elsewhere)).toMatchObject({
      status: 422,
      body: {
        code: 'contract/relocation-clause-unknown',
        errors: [{ pointer: '/relocation/clauseRef' }],
      },
    });
    await post(`${contract}/terms`, { ...terms, relocation });
    await post(`${contract}/execution`, execution);
    const consents = `${contract}/relocation-consents`;
    const given = await post(consents, consent, { 'idempotency-key': 'consent-1' });
    expect(given).toMatchObject({ status: 201, headers: { location: consents } });
    const again = await post(consents, consent, { 'idempotency-key': 'consent-1' });
    expect(again).toMatchObject({ status: 201, body: given.body });
    const withdrawal = `${consents}/${String(given.body.consentId)}/withdrawal`;
    const cause = 'The customer sells them';
    expect(await post(withdrawal, { withdrawnOn: '2023-09-30', cause })).toMatchObject({
      status: 409,
      body: { code: 'contract/consent-not-given', errors: [{ pointer: '/withdrawnOn' }] },
    });
    expect(await post(withdrawal, { withdrawnOn: '2023-10-03', cause })).toMatchObject({
      status: 200,
    });
    expect(routes.eventsOf(contract).map(({ type }) => type)).toEqual([
      'ContractDrafted',
      'TermsAdopted',
      'ContractExecuted',
      'RelocationConsented',
      'RelocationConsentWithdrawn',
    ]);
    expect(routes.eventsOf(contract)[1]!.data).toMatchObject({ relocation });
  });

  it.each<[string, string, object]>([
    ['/terms', '/relocation/consent', { ...terms, relocation: { clauseRef: '4.1' } }],
    [
      '/terms',
      '/relocation/facilities',
      { ...terms, relocation: { ...relocation, facilities: [] } },
    ],
    ['/relocation-consents', '/facilities', { ...consent, facilities: [] }],
  ])('a body of the wrong form: %s names %s', async (route, pointer, body) => {
    const contract = await routes.draft();
    const before = routes.streams.log.length;
    expect(await post(`${contract}${route}`, body)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
    expect(routes.streams.log).toHaveLength(before);
  });
});
