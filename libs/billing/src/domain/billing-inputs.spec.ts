import type { ContractEvent } from '@hostledger/contracts';
import type { PriceFixed } from '@hostledger/economics';
import type { DomainEvent, RecordedEvent } from '@hostledger/eventsourcing';
import type { FacilityEvent } from '@hostledger/sites';
import { recorded } from '@hostledger/testing';
import { adopted, corrected } from './books.fixture.js';
import {
  circumstancesOf,
  contractUpTo,
  facilitiesOf,
  inputsFrom,
  sharedCurtailments,
} from './billing-inputs.js';
import {
  allocationsIn,
  billedContract,
  customerIn,
  sourceOf,
  termsIn,
  type BilledContract,
} from './contract-inputs.js';
import { windowOf } from './months.js';
import { curtailmentsIn, powerRatesIn, pricesIn } from './site-inputs.js';

const cents = (ratePerKwh: string) =>
  ({ basis: 'nameplateKwh', currency: 'USD', ratePerKwh }) as const;
const of = { contractId: 'contract' };

/** As they would be read back, at the positions 100, 200, 300, ... */
const log = <E extends DomainEvent>(...events: readonly E[]): RecordedEvent<E>[] =>
  recorded('stream', events) as RecordedEvent<E>[];

const drafted: ContractEvent = {
  type: 'ContractDrafted',
  data: {
    ...{ ...of, customerId: 'ada', reference: 'HA-1', title: 'Hosting' },
    ...{ timeZone: 'America/Chicago', currency: 'USD' },
  },
};
const executed: ContractEvent = {
  type: 'ContractExecuted',
  data: { ...of, executedOn: '2024-03-05', documentDigest: 'd', signatories: [] },
};
const signed = [drafted, adopted(1, '2024-03-01', cents('0.07')), executed] as const;
const terminated = (terminatedOn: string): ContractEvent => ({
  type: 'ContractTerminated',
  data: { ...of, terminatedOn, cause: 'mutual' },
});
const contractOf = (...events: readonly ContractEvent[]) => billedContract(log(...events))!;

/** Window and version of what was in force. */
const told = (...events: readonly ContractEvent[]) =>
  termsIn(contractOf(...events), '2024-03').map(
    ({ version, from, until, rateCard }) => `v${version} ${rateCard.ratePerKwh} ${from}..${until}`,
  );

describe('Terms', () => {
  it('are in force from the day the contract was executed, by the days of its zone', () => {
    expect(told(...signed)).toEqual(['v1 0.07 2024-03-05T06:00:00.000Z..2024-04-01T05:00:00.000Z']);
    expect(contractOf(...signed)).toMatchObject({ firstMonth: '2024-03' });
  });

  it('are cut where the next version takes effect, also in the middle of a month', () => {
    expect(told(...signed, adopted(2, '2024-03-20', cents('0.08')))).toEqual([
      'v1 0.07 2024-03-05T06:00:00.000Z..2024-03-20T05:00:00.000Z',
      'v2 0.08 2024-03-20T05:00:00.000Z..2024-04-01T05:00:00.000Z',
    ]);
  });

  it('are what a correction says that they were', () => {
    const events = [...signed, corrected(1, '2024-03-01', cents('0.065'))];
    expect(told(...events)).toEqual([
      'v1 0.065 2024-03-05T06:00:00.000Z..2024-04-01T05:00:00.000Z',
    ]);
    const [terms] = termsIn(contractOf(...events), '2024-03');
    expect(terms!.source).toMatchObject({ revision: 3, position: '400' });
  });

  it('end with the contract: the day that it is over on is charged for no more', () => {
    expect(told(...signed, terminated('2024-03-15'))).toEqual([
      'v1 0.07 2024-03-05T06:00:00.000Z..2024-03-15T05:00:00.000Z',
    ]);
  });

  it('of a contract that was never executed are in force never', () => {
    expect(told(drafted, adopted(1, '2024-03-01', cents('0.07')))).toEqual([]);
    expect(contractOf(drafted).firstMonth).toBeUndefined();
  });
});

it('A contract is known by what was recorded up to a position', () => {
  const events = log(...signed, terminated('2024-03-15'));
  expect(contractUpTo(events, '300', 'contract').endedOn).toBeUndefined();
  expect(contractUpTo(events, '400', 'contract').endedOn).toBe('2024-03-15');
  expect(() => contractUpTo(events, '99', 'contract')).toThrow('There is no such contract');
});

it('A month is of whoever has the contract at its end', () => {
  const passed: ContractEvent = {
    type: 'PartyAssigned',
    data: {
      ...{ ...of, fromCustomerId: 'ada', toCustomerId: 'bea' },
      ...{ effectiveOn: '2024-03-31', documentDigest: 'd' },
    },
  };
  const contract = contractOf(...signed, passed);
  expect(['2024-02', '2024-03'].map((month) => customerIn(contract, month))).toEqual([
    'ada',
    'bea',
  ]);
});

it('An allocation is cut where a part of it is given back', () => {
  const allocation = { allocationId: 'a', orderId: 'o', facility: 'DENTON', customerId: 'ada' };
  const contract = contractOf(
    ...signed,
    {
      type: 'CustomerAllocated',
      data: { ...of, ...allocation, units: 3, powerWatts: 9_000, effectiveOn: '2024-02-01' },
    },
    {
      type: 'AllocationReduced',
      data: {
        ...{ ...of, ...allocation, reductionId: 'r', cause: 'Sold' },
        ...{ units: 1, powerWatts: 3_000, effectiveOn: '2024-03-11' },
      },
    },
  );
  expect(allocationsIn(contract, '2024-03')).toMatchObject([
    { units: 3, powerWatts: 9_000, from: '2024-03-05T06:00:00.000Z', sources: [{ revision: 3 }] },
    { units: 2, powerWatts: 6_000, until: '2024-04-01T05:00:00.000Z', sources: [{}, {}] },
  ]);
});

const march = windowOf('America/Chicago', '2024-03');
const opened: FacilityEvent = {
  type: 'FacilityOpened',
  data: { facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago', powerEnvelopeWatts: 1 },
};
const fixed = (ratePerKwh: string, effectiveOn: string): FacilityEvent => ({
  type: 'PowerRateFixed',
  data: { facility: 'DENTON', ratePerKwh, currency: 'USD', effectiveOn },
});

it('Of power rates the one that was fixed last for a day holds until the next day of one', () => {
  const events = log<FacilityEvent>(
    opened,
    fixed('0.04', '2024-01-01'),
    fixed('0.05', '2024-03-16'),
    fixed('0.03', '2024-04-01'),
    fixed('0.055', '2024-03-16'),
  );
  expect(
    powerRatesIn(events, march).map((rate) => `${rate.ratePerKwh} ${rate.from}..${rate.until}`),
  ).toEqual([
    '0.04 2024-03-01T06:00:00.000Z..2024-03-16T05:00:00.000Z',
    '0.055 2024-03-16T05:00:00.000Z..2024-04-01T05:00:00.000Z',
  ]);
});

it('Curtailments are those that touch the month, and those that something was paid for', () => {
  const declared = (curtailmentId: string, startsAt: string): FacilityEvent => ({
    type: 'CurtailmentDeclared',
    data: {
      ...{ facility: 'DENTON', curtailmentId, startsAt },
      ...{ scope: { kind: 'site' }, cause: 'demandResponse' },
    } as never,
  });
  const ended = (curtailmentId: string, endedAt: string): FacilityEvent => ({
    type: 'CurtailmentEnded',
    data: { facility: 'DENTON', curtailmentId, endedAt, energyAvoidedWh: 5_000 },
  });
  const events = log<FacilityEvent>(
    opened,
    declared('before', '2024-02-01T00:00:00.000Z'),
    ended('before', '2024-02-02T00:00:00.000Z'),
    declared('across', '2024-02-29T00:00:00.000Z'),
    declared('cancelled', '2024-03-10T00:00:00.000Z'),
    {
      type: 'CurtailmentCancelled',
      data: {
        ...{ facility: 'DENTON', curtailmentId: 'cancelled', cause: 'Not called' },
        cancelledAt: '2024-03-09T00:00:00.000Z',
      },
    },
    declared('after', '2024-04-02T00:00:00.000Z'),
  );
  const ids = (named?: ReadonlySet<string>) =>
    curtailmentsIn(events, march, named).map(({ curtailmentId }) => curtailmentId);
  expect(ids()).toEqual(['across']);
  expect(ids(new Set(['before']))).toEqual(['before', 'across']);
  expect(curtailmentsIn(events, march, new Set(['before']))[0]).toMatchObject({
    ...{ energyAvoidedWh: 5_000, sources: [{ revision: 1 }, { revision: 2 }] },
  });
});

describe('Curtailments that are shared out', () => {
  const shares = { causes: ['demandResponse'], sharePercent: '50', clauseRef: '8.1' } as const;
  const sharing = {
    ...cents('0.07'),
    curtailmentCredit: { ...shares, causes: [...shares.causes] },
  };
  const paid = (curtailmentId: string) => ({
    ...{ receiptId: `for ${curtailmentId}`, curtailmentId, facility: 'DENTON', amount: '1000' },
    ...{ currency: 'USD', receivedOn: '2024-03-20', source: sourceOf(log(drafted)[0]!) },
  });
  const declared = (curtailmentId: string, startsAt: string) => ({
    type: 'CurtailmentDeclared',
    data: {
      ...{ facility: 'DENTON', curtailmentId, startsAt },
      ...{ scope: { kind: 'site' }, cause: 'demandResponse' },
    } as never,
  });
  const ended = (curtailmentId: string, endedAt: string) => ({
    ...{ type: 'CurtailmentEnded', data: { facility: 'DENTON', curtailmentId, endedAt } },
  });
  const events = log<FacilityEvent>(
    opened,
    declared('before', '2024-02-01T00:00:00.000Z') as FacilityEvent,
    ended('before', '2024-02-02T00:00:00.000Z') as FacilityEvent,
    declared('across', '2024-03-30T00:00:00.000Z') as FacilityEvent,
    ended('across', '2024-04-02T00:00:00.000Z') as FacilityEvent,
    declared('lasting', '2024-03-30T00:00:00.000Z') as FacilityEvent,
  );
  const shared = (contract: BilledContract, ...ids: readonly string[]) =>
    sharedCurtailments(
      { contract, facilities: new Map([['DENTON', events]]), receipts: ids.map(paid) },
      '2024-03',
      '1000',
    );
  const contract = contractOf(drafted, adopted(1, '2024-03-01', sharing), executed);

  it('matter until the month and all of them that have ended are over', () => {
    const until = '2024-04-01T05:00:00.000Z';
    expect(shared(contract, 'before')).toEqual({ curtailmentIds: ['before'], until });
    expect(shared(contract, 'before', 'across', 'lasting')).toEqual({
      ...{ curtailmentIds: ['across', 'before', 'lasting'], until: '2024-04-02T00:00:00.000Z' },
    });
  });

  it('are none without a receipt, or a part in it', () => {
    expect(shared(contract)).toBeUndefined();
    expect(shared(contractOf(...signed), 'before')).toBeUndefined();
    const agreed = { ...sharing.curtailmentCredit, creditPerKwh: '0.10' };
    const byKwh = adopted(1, '2024-03-01', { ...cents('0.07'), curtailmentCredit: agreed });
    expect(shared(contractOf(drafted, byKwh, executed), 'before')).toBeUndefined();
    const later = contractOf(...signed, corrected(1, '2024-03-01', sharing));
    expect(shared(later, 'before')).toBeDefined();
  });
});

describe('What a curtailment avoided', () => {
  const about = { facility: 'DENTON', curtailmentId: 'c-1' };
  const measured = (energyAvoidedWh: number): FacilityEvent => ({
    type: 'CurtailmentMeasured',
    data: { ...about, energyAvoidedWh },
  });
  const events = log<FacilityEvent>(
    opened,
    {
      type: 'CurtailmentDeclared',
      data: {
        ...{ ...about, startsAt: '2024-02-10T00:00:00.000Z' },
        ...{ scope: { kind: 'facility' }, cause: 'demandResponse' },
      },
    },
    { type: 'CurtailmentEnded', data: { ...about, endedAt: '2024-02-11T00:00:00.000Z' } },
    measured(7_000),
    measured(7_100),
  );
  const known = (...recorded: typeof events) =>
    curtailmentsIn(recorded, march, new Set(['c-1']))[0];

  it('is what was told last, with all that said so', () => {
    expect(known(...events.slice(0, 3))).not.toHaveProperty('energyAvoidedWh');
    expect(known(...events.slice(0, 4))).toMatchObject({
      ...{ endedAt: '2024-02-11T00:00:00.000Z', energyAvoidedWh: 7_000 },
      sources: [{ revision: 1 }, { revision: 2 }, { revision: 3 }],
    });
    expect(known(...events)).toMatchObject({
      energyAvoidedWh: 7_100,
      sources: [{ revision: 1 }, { revision: 2 }, { revision: 3 }, { revision: 4 }],
    });
  });

  it('may change what a later month comes to, where something was paid for it', () => {
    const contract = contractOf(...signed);
    const facilities = new Map([['DENTON', events]]);
    const at = (position: bigint) =>
      circumstancesOf({ contract, facilities, prices: [] }, '2024-03', position.toString());
    const [, , ended, first, second] = events.map(({ position }) => position);
    expect(at(ended!)).not.toEqual(at(first!));
    expect(at(first!)).not.toEqual(at(second!));
    expect(at(second!)).toEqual(at(second! + 100n));
  });
});

it('A price holds until the next; what was said later of the same instant holds instead', () => {
  const price = (value: string, fixedAt: string): PriceFixed => ({
    type: 'PriceFixed',
    data: { currency: 'USD', price: value, fixedAt, source: 'index' },
  });
  const events = log(
    price('60000', '2024-02-28T00:00:00.000Z'),
    price('70000', '2024-03-15T00:00:00.000Z'),
    price('71000', '2024-04-01T05:00:00.000Z'),
    price('69000', '2024-03-15T00:00:00.000Z'),
    price('72000', '2024-04-02T00:00:00.000Z'),
  );
  // A reading ends with the month, so the price of that very instant is one of it.
  expect(pricesIn(events, march).map((one) => `${one.price} until ${one.until}`)).toEqual([
    '60000 until 2024-03-15T00:00:00.000Z',
    '69000 until 2024-04-01T05:00:00.000Z',
    '71000 until 2024-04-02T00:00:00.000Z',
  ]);
});

describe('What changed since', () => {
  const facilities = new Map([
    [
      'DENTON',
      log<FacilityEvent>(opened, fixed('0.04', '2024-01-01'), fixed('0.05', '2024-04-16')),
    ],
  ]);
  const prices: RecordedEvent<PriceFixed>[] = [];
  const contract = contractOf(...signed);
  const at = (position: string, month = '2024-03') =>
    circumstancesOf({ contract, facilities, prices }, month, position);

  it('is nothing where what was recorded is about another month', () => {
    expect(at('200')).toEqual(at('300'));
  });

  it('is told where it is about this one', () => {
    expect(at('200', '2024-04')).not.toEqual(at('300', '2024-04'));
  });

  it('counts for no computation before its position', () => {
    const none = { machines: new Map(), meters: [], readings: [], receipts: [] };
    const inputs = inputsFrom({ ...none, contract, facilities, prices }, '2024-04', '200');
    expect(inputs.powerRates.map(({ ratePerKwh }) => ratePerKwh)).toEqual(['0.04']);
    expect(facilitiesOf(contract, none)).toEqual([]);
  });
});

it('The end of a contract is told with the inputs, by the days of its zone', () => {
  const none = { machines: new Map(), meters: [], readings: [], receipts: [] };
  const known = { ...none, facilities: new Map(), prices: [] };
  const endOf = (...events: readonly ContractEvent[]) =>
    inputsFrom({ ...known, contract: contractOf(...events) }, '2024-03', '900').endedAt;
  expect(endOf(...signed)).toBeUndefined();
  expect(endOf(...signed, terminated('2024-03-15'))).toBe('2024-03-15T05:00:00.000Z');
});

it('A curtailment is told for as long as a machine is off by it', () => {
  const curtailed: FacilityEvent[] = ['a', 'b'].flatMap((curtailmentId): FacilityEvent[] => [
    {
      type: 'CurtailmentDeclared',
      data: {
        ...{ facility: 'DENTON', curtailmentId, cause: 'maintenance' },
        ...{ scope: { kind: 'facility' }, startsAt: '2024-02-10T00:00:00.000Z' },
      },
    },
    {
      type: 'CurtailmentEnded',
      data: { facility: 'DENTON', curtailmentId, endedAt: '2024-02-11T00:00:00.000Z' },
    },
  ]);
  const source = { eventId: 'e', stream: 'miner-M1', revision: 0, position: '1' };
  const off = (serial: string, at: string, kind: 'energized' | 'deenergized', by?: string) => ({
    ...{ serial, kind, at, source },
    ...(by !== undefined && { cause: 'curtailment', curtailmentId: by }),
  });
  const machines = new Map([
    ['M1', [off('M1', '2024-02-10T00:00:00.000Z', 'deenergized', 'a')]],
    [
      'M2',
      [
        off('M2', '2024-02-10T00:00:00.000Z', 'deenergized', 'b'),
        off('M2', '2024-02-11T00:00:00.000Z', 'energized'),
      ],
    ],
  ]);
  const facilities = new Map([['DENTON', log<FacilityEvent>(...curtailed)]]);
  const contract = contractOf(...signed);
  const known = { contract, facilities, machines, meters: [], readings: [], receipts: [] };
  const { curtailments } = inputsFrom({ ...known, prices: [] }, '2024-03', '900');
  expect(curtailments.map(({ curtailmentId }) => curtailmentId)).toEqual(['a']);
});

it('All terms of a contract that is over are told where receipts came later', () => {
  const none = { machines: new Map(), meters: [], readings: [], facilities: new Map(), prices: [] };
  const paid = {
    ...{ receiptId: 'r', curtailmentId: 'c', facility: 'DENTON', amount: '9', currency: 'USD' },
    ...{
      receivedOn: '2024-05-03',
      source: { eventId: 'e', stream: 's', revision: 0, position: '1' },
    },
  };
  const over = contractOf(...signed, terminated('2024-04-15'));
  const formerOf = (contract: typeof over, month: string, receipts = [paid]) =>
    inputsFrom({ ...none, contract, receipts }, month, '900').formerTerms;
  const window = { from: '2024-03-05T06:00:00.000Z', until: '2024-04-15T05:00:00.000Z' };
  expect(formerOf(over, '2024-05')).toEqual([expect.objectContaining({ version: 1, ...window })]);
  expect(formerOf(over, '2024-05', [])).toBeUndefined();
  expect(formerOf(over, '2024-03')).toBeUndefined();
  expect(formerOf(contractOf(...signed), '2024-05')).toBeUndefined();
  // A month after the end depends on them, whatever else did not change.
  const after = (...events: readonly ContractEvent[]) =>
    circumstancesOf({ ...none, contract: contractOf(...events) }, '2024-05', '900');
  const known = [...signed, terminated('2024-04-15')];
  const other = corrected(1, '2024-03-01', cents('0.065'));
  expect(after(...known, other)).not.toEqual(after(...known));
});
