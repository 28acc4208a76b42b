import { AggregateStore, deriveId, type RecordedEvent } from '@hostledger/eventsourcing';
import { contractAggregate } from '@hostledger/contracts';
import { facilityAggregate, rackAggregate, rackId } from '@hostledger/sites';
import { embeddedDatabase, until, type TestDatabase } from '@hostledger/testing';
import type { RelocationProposed } from '../domain/proposal-events.js';
import { AT, CONTRACT, request, twoSites, World } from './proposals.fixture.js';

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await embeddedDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  world = new World(database);
  await world.open();
});
afterEach(() => world.close());

const ask = async (more: object = {}): Promise<string> => {
  const { status, body } = await world.call('POST', '/relocation-proposals', {
    ...request,
    ...more,
  });
  expect({ status, body }).toMatchObject({ status: 202 });
  return String(body.proposalId);
};

const outcome = (proposalId: string): { readonly type: string; readonly data: object } =>
  world.streams.events(`relocationProposal-${proposalId}`).at(-1)!;

const plans = (): RecordedEvent[] =>
  world.streams.log.filter(({ type }) => type === 'RelocationPlanned');

describe('a request', () => {
  it('becomes a plan in the name of who asked for it, with its inputs pinned', async () => {
    await twoSites(world);
    const proposalId = await ask({ notes: 'See memo' });
    await world.answered();
    const { type, data } = outcome(proposalId);
    expect(type).toBe('RelocationProposed');
    const proposed = data as RelocationProposed['data'];
    // 268.9547 each, as computed by hand in the spec of the choice.
    expect(proposed).toMatchObject({
      requestedBy: 'ana',
      moveCount: 2,
      gainCount: 1,
      value: '537.9094',
      gainPerDay: '7.56',
      movingCost: '120.00',
      bound: '537.9094',
      gapPercent: '0.0000',
      status: 'optimal',
      grouping: 'rack',
    });
    expect(proposed.inputs).toMatchObject({
      machines: 2,
      leftOut: [],
      sites: [
        { facility: 'CHEAP', machines: 0, free: { racks: 1, slots: 2, watts: 10_000 } },
        { facility: 'DEAR', machines: 2, free: { racks: 1, slots: 6, watts: 33_000 } },
      ],
    });
    const { price, feesSats } = proposed.inputs.conditions;
    expect(price).toMatchObject({ value: '60000', origin: 'recorded' });
    expect(feesSats).toEqual({ value: '0', origin: 'assumed' });
    expect(plans()).toMatchObject([
      {
        stream: `relocation-${proposed.relocationId}`,
        metadata: { actor: { subject: 'ana' } },
        data: {
          plannedBy: 'ana',
          reference: 'HALVING-2024',
          notes: 'See memo',
          moveCount: 2,
          digest: proposed.inputs.digest,
          logPosition: proposed.inputs.logPosition,
          economics: { currency: 'USD', movingCost: '120.00', monthlyGain: '226.80' },
        },
      },
    ]);
    const before = world.streams.log.length;
    await world.answer();
    expect(world.streams.log).toHaveLength(before);
  });

  it('keeps to the terms in force and to what the customer consented to', async () => {
    const [bound, asking, agreed] = ['bound', 'asking', 'agreed'].map((name) => deriveId(name));
    await twoSites(world);
    const clause = { clauseRef: '5.2', consent: 'notRequired' } as const;
    await world.contract(bound, { ...clause, facilities: ['DEAR'] });
    await world.contract(asking, { ...clause, consent: 'required' });
    await world.contract(agreed, { ...clause, consent: 'required', costClass: 'equalOrLower' });
    await world.consent(agreed!, ['CHEAP']);
    await world.rack('CHEAP', 'C2', 9, 99_000);
    await world.running('BOUNDMACHINE', ['DEAR', 'D1', 3], bound);
    await world.running('ASKINGMACHINE', ['DEAR', 'D1', 4], asking);
    await world.running('AGREEDMACHINE', ['DEAR', 'D1', 5], agreed);
    await ask();
    await world.answered();
    const moves = world.streams.log
      .filter(({ type }) => type === 'RelocationMovesListed')
      .flatMap(({ data }) => (data as { moves: { serial: string }[] }).moves);
    const serials = moves.map(({ serial }) => serial).sort();
    expect(serials).toEqual(['AGREEDMACHINE', 'DEARMACHINE1', 'DEARMACHINE2']);
  });

  it('leaves machines out that are not to be moved, and says why', async () => {
    await twoSites(world);
    await world.facility('NORATE');
    await world.rack('NORATE', 'N1', 2, 10_000);
    await world.running('NORATEMACHINE', ['NORATE', 'N1', 1]);
    const suspended = deriveId('suspended');
    await world.contract(suspended);
    await world.running('SUSPENDED1', ['DEAR', 'D1', 3], suspended);
    const act = { suspendedOn: '2024-04-30', cause: 'nonPayment' } as const;
    await world.do(contractAggregate, suspended, 'SuspendService', act);
    const proposalId = await ask();
    await world.answered();
    expect(outcome(proposalId).data).toMatchObject({
      inputs: {
        machines: 2,
        leftOut: [
          { reason: 'contractNotActive', machines: 1 },
          { reason: 'rateUnknown', machines: 1 },
        ],
      },
    });
  });

  it('leaves what a plan that is carried out holds to that plan', async () => {
    await twoSites(world);
    await ask({ maxMoves: 1 });
    await world.answered();
    const [plan] = plans();
    const approval = `/relocation-plans/${plan!.stream.slice('relocation-'.length)}/approval`;
    const bob = { authorization: 'Bearer bob:commercial' };
    expect(await world.call('POST', approval, {}, bob)).toMatchObject({ status: 200 });
    const proposalId = await ask();
    await world.answered();
    expect(outcome(proposalId).data).toMatchObject({
      moveCount: 1,
      inputs: { machines: 1, leftOut: [{ reason: 'underAnotherPlan', machines: 1 }] },
    });
    const listed = world.streams.log.filter(({ type }) => type === 'RelocationMovesListed');
    const slots = listed.map(({ data }) => (data as { moves: { slot: number }[] }).moves[0]!.slot);
    expect(slots).toEqual([1, 2]);
  });
});

describe('a request that nothing is proposed for', () => {
  const REQUESTS: readonly (readonly [string, object])[] = [
    ['proposal/nothing-to-gain', { movingCost: { within: '15.00', between: '600.00' } }],
    ['proposal/nothing-to-gain', { conditions: { price: '20000' } }],
    ['proposal/nothing-to-gain', { rates: [{ facility: 'DEAR', ratePerKwh: '0.035' }] }],
    ['proposal/no-machines', { scope: { models: ['S9-14'] } }],
    ['proposal/gain-too-small', { minimumGain: '537.91' }],
    ['proposal/facility-unknown', { destinations: ['CHEPA'] }],
    ['proposal/facility-unknown', { scope: { facilities: ['DAER'] } }],
    ['proposal/market-unknown', { currency: 'EUR' }],
    [
      'proposal/rate-unknown',
      { currency: 'EUR', conditions: { price: '55000' }, destinations: ['CHEAP'] },
    ],
  ];

  it('says so by a rule, once', async () => {
    await twoSites(world);
    const asked: string[] = [];
    for (const [, more] of REQUESTS) asked.push(await ask(more));
    await world.answered();
    const codes = asked.map((proposalId) => (outcome(proposalId).data as { code: string }).code);
    expect(codes).toEqual(REQUESTS.map(([code]) => code));
    expect(plans()).toEqual([]);
    const before = world.streams.log.length;
    await world.answer();
    expect(world.streams.log).toHaveLength(before);
    const { body } = await world.call('GET', `/relocation-proposals/${asked[4]!}`);
    expect(body).toMatchObject({
      state: 'failed',
      failure: { message: 'The best moves bring 537.9094 USD, and 537.91 were asked for' },
    });
  });

  it('tells no room from no gain', async () => {
    await twoSites(world);
    const derated = { powerLimitWatts: 3_000, cause: 'Transformer' };
    await world.do(rackAggregate, rackId('CHEAP', 'C1'), 'DerateRack', derated);
    const proposalId = await ask();
    await world.answered();
    expect(outcome(proposalId).data).toMatchObject({ code: 'proposal/no-room' });
  });

  it('is bound by the envelope of a derated site', async () => {
    await twoSites(world);
    const derated = { powerEnvelopeWatts: 3_600, cause: 'Feeder' };
    await world.do(facilityAggregate, 'CHEAP', 'DerateFacility', derated);
    const proposalId = await ask();
    await world.answered();
    expect(outcome(proposalId).data).toMatchObject({ moveCount: 1 });
  });
});

describe('a worker that dies', () => {
  it.each(['before', 'after'] as const)(
    'at any append, %s it is stored, leaves one answer and one plan',
    async (point) => {
      await twoSites(world);
      const proposalId = await ask();
      await world.catchUp();
      for (const append of [1, 2, 1, 2, 1, 2]) {
        world.streams.failFrom(append, point);
        await world.answer(AT, new AggregateStore(world.streams)).catch(() => undefined);
        world.streams.heal();
      }
      for (let turn = 1; turn <= 2; turn += 1) {
        await world.answer(AT, new AggregateStore(world.streams));
      }
      const events = world.streams.events(`relocationProposal-${proposalId}`);
      expect(events.map(({ type }) => type)).toEqual([
        'RelocationProposalRequested',
        'ProposedGainsListed',
        'RelocationProposed',
      ]);
      const { relocationId } = events.at(-1)!.data as RelocationProposed['data'];
      expect(plans()).toMatchObject([{ data: { relocationId, moveCount: 2 } }]);
    },
  );

  it('after it listed moves has them chosen anew by another, and only those become a plan', async () => {
    await twoSites(world);
    const proposalId = await ask();
    await world.catchUp();
    world.streams.failFrom(2, 'before');
    await expect(world.answer(AT, new AggregateStore(world.streams))).rejects.toThrow();
    world.streams.heal();
    // The world moves on: there is room for one machine only.
    const derated = { powerLimitWatts: 4_000, cause: 'Transformer' };
    await world.do(rackAggregate, rackId('CHEAP', 'C1'), 'DerateRack', derated);
    await world.answered();
    const listed = world.streams.log.filter(({ type }) => type === 'RelocationMovesListed');
    expect(new Set(listed.map(({ stream }) => stream)).size).toBe(2);
    const { relocationId } = outcome(proposalId).data as RelocationProposed['data'];
    expect(plans()).toMatchObject([{ data: { relocationId, moveCount: 1 } }]);
  });

  it('beside another that answers at the same time leaves one answer', async () => {
    await twoSites(world);
    const proposalId = await ask();
    await world.catchUp();
    const release = world.streams.stallNext(`relocationProposal-${proposalId}`);
    const stalled = world.answer(AT, new AggregateStore(world.streams));
    await until(() => world.streams.log.at(-1)!.type === 'RelocationMovesListed');
    await world.answer('2024-05-01T12:00:30.000Z', new AggregateStore(world.streams));
    release();
    await stalled;
    await world.answer('2024-05-01T12:01:00.000Z');
    const answers = world.streams.log.filter(({ type }) => type === 'RelocationProposed');
    expect(answers).toHaveLength(1);
    expect(plans()).toHaveLength(1);
  });
});

it('Machines of a contract are found by it, and by where they stand', async () => {
  await twoSites(world);
  const other = deriveId('other');
  await world.contract(other);
  await world.running('OTHERMACHINE', ['DEAR', 'D1', 3], other);
  const only = await ask({ scope: { contracts: [other], facilities: ['DEAR'] } });
  const none = await ask({ scope: { contracts: [CONTRACT], facilities: ['CHEAP'] } });
  await world.answered();
  expect(outcome(only).data).toMatchObject({ moveCount: 1, inputs: { machines: 1 } });
  expect(outcome(none).data).toMatchObject({ code: 'proposal/no-machines' });
});
