import type { RecordedEvent } from '@hostledger/eventsourcing';
import { dayIn } from '@hostledger/quantities';
import { contractOnDay } from './as-of.js';
import type { ContractEvent } from './contract-events.js';

const contractId = 'contract-1';
const digest = 'a'.repeat(64);

const recorded = (events: readonly ContractEvent[]): RecordedEvent<ContractEvent>[] =>
  events.map((event, index) => ({
    ...event,
    id: `event-${index}`,
    metadata: {} as never,
    stream: `hostingContract-${contractId}`,
    revision: BigInt(index),
    position: BigInt(index * 100),
    recordedAt: '2024-01-01T00:00:00.000Z',
  }));

const terms = (version: number, effectiveOn: string): ContractEvent => ({
  type: 'TermsAdopted',
  data: {
    contractId,
    version,
    effectiveOn,
    documentDigest: digest,
    clauses: [],
    rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: `0.0${version}` },
  },
});
const history = recorded([
  {
    type: 'ContractDrafted',
    data: {
      contractId,
      customerId: 'celsius',
      reference: 'HA-1',
      title: 'Hosting agreement',
      timeZone: 'America/Chicago',
      currency: 'USD',
    },
  },
  terms(1, '2020-09-01'),
  {
    type: 'ContractExecuted',
    data: { contractId, executedOn: '2020-09-15', documentDigest: digest, signatories: [] },
  },
  terms(2, '2022-06-01'),
  {
    type: 'ServiceOrderPlaced',
    data: {
      contractId,
      customerId: 'celsius',
      orderId: 'order-1',
      reference: 'SO-1',
      units: 100,
      powerWatts: 1_000,
      startsOn: '2021-01-01',
    },
  },
  { type: 'ContractActivated', data: { contractId, activatedOn: '2020-10-01' } },
  {
    type: 'PartyAssigned',
    data: {
      contractId,
      fromCustomerId: 'celsius',
      toCustomerId: 'fortitude',
      effectiveOn: '2023-01-01',
      documentDigest: digest,
    },
  },
]);

describe('a contract on a day', () => {
  const on = (day: string, known = history) => contractOnDay(known, day);

  it('is nothing to who knows no event of it', () => {
    expect(on('2024-01-01', [])).toBeUndefined();
  });

  it('has the terms in force, the stage, the party and the amounts of that day', () => {
    expect(on('2020-08-31')).toMatchObject({ stage: 'drafted', ordered: { units: 0 } });
    expect(on('2020-08-31')?.terms).toBeUndefined();
    expect(on('2020-09-20')).toMatchObject({ stage: 'executed', terms: { version: 1 } });
    expect(on('2022-05-31')).toMatchObject({
      stage: 'active',
      since: '2020-10-01',
      customerId: 'celsius',
      terms: { version: 1, rateCard: { ratePerKwh: '0.01' } },
      ordered: { units: 100, powerWatts: 1_000 },
    });
    expect(on('2022-06-01')).toMatchObject({ terms: { version: 2 } });
    expect(on('2023-01-01')).toMatchObject({ customerId: 'fortitude' });
  });

  it('tells of a notice and of what a court allowed, from their day on', () => {
    const ruling = { court: 'S.D. Tex. Bankr.', docket: '22-90341', documentDigest: digest };
    const ending = recorded([
      ...(history as unknown as ContractEvent[]),
      { type: 'ContractAssumed', data: { contractId, assumedOn: '2023-02-01', ruling } },
      {
        type: 'TerminationNoticed',
        data: { contractId, noticedOn: '2023-03-01', effectiveOn: '2023-06-01', by: 'host' },
      },
    ]);
    expect(on('2023-01-31', ending)).not.toHaveProperty('assumedOn');
    const assumed = on('2023-02-28', ending);
    expect(assumed).toMatchObject({ since: '2023-02-01', assumedOn: '2023-02-01' });
    expect(assumed).not.toHaveProperty('endsOn');
    expect(on('2023-03-01', ending)).toMatchObject({
      stage: 'active',
      since: '2023-03-01',
      assumedOn: '2023-02-01',
      endsOn: '2023-06-01',
    });
  });

  it('names the event that says which terms were in force', () => {
    expect(on('2022-06-01')?.terms?.recorded).toEqual({
      eventId: 'event-3',
      revision: 3n,
      position: 300n,
      recordedAt: '2024-01-01T00:00:00.000Z',
    });
  });

  it('is what was known: before the second version was recorded, the first was in force', () => {
    expect(on('2022-06-01', history.slice(0, 3))).toMatchObject({ terms: { version: 1 } });
  });

  it('counts days in the time zone of the contract', () => {
    expect(dayIn('America/Chicago', '2022-06-01T04:59:59Z')).toBe('2022-05-31');
    expect(dayIn('America/Chicago', '2022-06-01T05:00:00Z')).toBe('2022-06-01');
  });

  it('has what was delivered by the end of that day there, and not of the day in UTC', () => {
    const report = {
      ...{ contractId, customerId: 'celsius', deliveryId: 'delivery-1', reference: 'BATCH-1' },
      ...{ facility: 'DENTON', lines: 2, received: 2, missing: 0, refused: 0, accepted: 2 },
      hashrateGhs: 302_000,
      byModel: [{ model: 'S19JXP-151', units: 2, hashrateGhs: 302_000, nameplateWatts: 6_494 }],
    };
    const change = { units: -1, accepted: -1, hashrateGhs: -151_000, nameplateWatts: -3_247 };
    const delivered = recorded([
      ...(history as unknown as ContractEvent[]),
      { type: 'MinersDelivered', data: { ...report, reconciledAt: '2024-01-02T02:00:00Z' } },
      {
        type: 'DeliveredMinersAmended',
        data: {
          ...{ ...report, amendment: 1, returned: 1, extra: 0, change },
          amendedAt: '2024-01-04T05:59:59Z',
        },
      },
    ]);
    expect(on('2023-12-31', delivered)).toMatchObject({ delivered: { units: 0 } });
    expect(on('2024-01-01', delivered)).toMatchObject({ delivered: { units: 2 } });
    expect(on('2024-01-02', delivered)).toMatchObject({ delivered: { units: 2 } });
    expect(on('2024-01-03', delivered)).toMatchObject({ delivered: { units: 1 } });
  });
});
