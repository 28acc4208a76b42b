import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { readModelsOf, recorded } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import type { FacilityEvent } from '../domain/facility.js';
import type { RackEvent } from '../domain/rack.js';
import '../http/problems.js';
import { facilitiesProjection } from './facilities/projection.js';
import { facilitiesQuery } from './facilities/query.js';
import { racksProjection } from './racks/projection.js';
import { racksQuery } from './racks/query.js';

// A log with sites and racks of every kind that is asked for: derated, disposed of, vast.

const opened = (facility: string, timeZone = 'America/Chicago'): FacilityEvent => ({
  type: 'FacilityOpened',
  data: {
    facility,
    name: `Site ${facility}`,
    timeZone,
    powerEnvelopeWatts: 3_000_000_000,
  },
});
export const facility = 'DENTON';
const plans = ['A', 'B', 'C'].map((rack) => ({ rack, slotCount: 3, powerLimitWatts: 10_000 }));
const use = (slot: number) => ({
  facility,
  rack: 'A',
  slot,
  reservationId: `reservation-${slot}`,
  serial: `SERIAL${slot}`,
  powerWatts: 3_247,
});
const rackA: RackEvent[] = [
  { type: 'RackCommissioned', data: { facility, ...plans[0]! } },
  { type: 'SlotReserved', data: { ...use(1), expiresAt: '2024-06-01T00:15:00.000Z' } },
  { type: 'SlotReserved', data: { ...use(3), expiresAt: '2024-06-01T00:15:00.000Z' } },
  { type: 'SlotOccupied', data: use(1) },
];
const hot = { facility: 'MARBLE', rack: 'HOT', slotCount: 3, powerLimitWatts: 10_000 };
const atHot = (slot: number) => ({ ...use(slot), facility: 'MARBLE', rack: 'HOT' });
const rackHot: RackEvent[] = [
  { type: 'RackCommissioned', data: hot },
  ...[1, 2].flatMap((slot): RackEvent[] => [
    { type: 'SlotReserved', data: { ...atHot(slot), expiresAt: '2024-06-01T00:15:00.000Z' } },
    { type: 'SlotOccupied', data: atHot(slot) },
  ]),
  {
    type: 'SlotPowerChanged',
    data: {
      ...atHot(2),
      powerWatts: 4_000,
      fromWatts: 3_247,
      changeId: 'change-1',
      profile: 'turbo',
      hashrateGhs: 170_000,
    },
  },
  {
    type: 'RackDerated',
    data: {
      facility: 'MARBLE',
      rack: 'HOT',
      powerLimitWatts: 6_000,
      fromWatts: 10_000,
      ratedWatts: 10_000,
      cause: 'heat',
      expectedUntil: '2024-06-02T00:00:00.000Z',
    },
  },
];
const cool = { ...hot, rack: 'COOL' };
const grid = {
  facility: 'DALTON',
  curtailmentId: 'curtailment-1',
  scope: { kind: 'racks', racks: ['A'] },
  cause: 'grid',
  startsAt: '2024-06-01T14:00:00.000Z',
} as const;
const energyRate = {
  facility: 'DALTON',
  ratePerKwh: '0.0450',
  currency: 'USD',
  effectiveOn: '2024-06-01',
};
const deed = {
  facility: 'DALTON',
  disposalId: 'disposal-1',
  to: 'Somebody',
  disposedOn: '2024-07-01',
  documentDigest: 'd'.repeat(64),
};
const dalton: FacilityEvent[] = [
  {
    type: 'PowerEnvelopeChanged',
    data: {
      facility: 'DALTON',
      fromWatts: 3_000_000_000,
      powerEnvelopeWatts: 4_000_000_000,
      cause: 'more',
    },
  },
  { type: 'PowerRateFixed', data: { ...energyRate, effectiveOn: '2024-01-01' } },
  { type: 'PowerRateFixed', data: energyRate },
  { type: 'PowerRateFixed', data: { ...energyRate, ratePerKwh: '0.0440' } },
  { type: 'PowerRateFixed', data: { ...energyRate, effectiveOn: '9000-01-01' } },
  { type: 'CurtailmentDeclared', data: grid },
  {
    type: 'CurtailmentDeclared',
    data: {
      ...grid,
      curtailmentId: 'curtailment-2',
      scope: { kind: 'facility' },
      cause: 'economic',
      startsAt: '2024-06-02T14:00:00.000Z',
    },
  },
  {
    type: 'CurtailmentEnded',
    data: {
      facility: 'DALTON',
      curtailmentId: 'curtailment-1',
      endedAt: '2024-06-01T18:00:00.000Z',
      energyAvoidedWh: 1_400_000,
    },
  },
  {
    type: 'CurtailmentMeasured',
    data: {
      facility: 'DALTON',
      curtailmentId: 'curtailment-1',
      energyAvoidedWh: 1_410_000,
      cause: 'Settled',
    },
  },
  {
    type: 'CurtailmentDeclared',
    data: {
      ...grid,
      curtailmentId: 'curtailment-3',
      cause: 'maintenance',
      startsAt: '2024-06-01T14:30:00.000Z',
    },
  },
  {
    type: 'CurtailmentCancelled',
    data: {
      facility: 'DALTON',
      curtailmentId: 'curtailment-3',
      cancelledAt: '2024-06-01T14:00:00.000Z',
      cause: 'crew is late',
    },
  },
  {
    type: 'FacilityAcquired',
    data: {
      facility: 'DALTON',
      from: 'Celsius Mining LLC',
      acquiredOn: '2024-01-02',
      documentDigest: 'd'.repeat(64),
    },
  },
  { type: 'DisposalBegan', data: deed },
  {
    type: 'DisposalAbandoned',
    data: { facility: 'DALTON', disposalId: 'disposal-1', reason: '1 machines are there' },
  },
  { type: 'DisposalBegan', data: { ...deed, disposalId: 'disposal-2' } },
  { type: 'FacilityDisposed', data: { ...deed, disposalId: 'disposal-2' } },
];
/** A rack of a site that was disposed of. */
const gone = { facility: 'DALTON', rack: 'GONE', slotCount: 3, powerLimitWatts: 10_000 };
const ofDisposal = (disposalId: string) => ({ facility: 'DALTON', rack: 'GONE', disposalId });
const log = [
  ...recorded(`facility-${facility}`, [
    opened(facility),
    { type: 'RackPowerCommitted', data: { facility, racks: plans } },
  ]),
  ...recorded(`rack-${facility}.A`, rackA),
  ...['MARBLE', 'DALTON'].flatMap((code) => recorded(`facility-${code}`, [opened(code)])),
  ...recorded('facility-MARBLE', [
    { type: 'RackPowerCommitted', data: { facility: 'MARBLE', racks: [hot, cool] } },
  ] satisfies FacilityEvent[]),
  ...recorded('rack-MARBLE.HOT', rackHot),
  ...recorded('facility-WEAK', [
    opened('WEAK'),
    {
      type: 'RackPowerCommitted',
      data: { facility: 'WEAK', racks: [{ ...hot, facility: 'WEAK' }] },
    },
    {
      type: 'FacilityDerated',
      data: {
        facility: 'WEAK',
        powerEnvelopeWatts: 4_000,
        fromWatts: 3_000_000_000,
        ratedWatts: 3_000_000_000,
        cause: 'the utility cut the feed',
        expectedUntil: '2024-06-03T00:00:00.000Z',
      },
    },
  ] as FacilityEvent[]),
  ...recorded('rack-WEAK.HOT', [
    { type: 'RackCommissioned', data: { ...hot, facility: 'WEAK' } },
    {
      type: 'SlotReserved',
      data: { ...atHot(1), facility: 'WEAK', expiresAt: '2024-06-01T00:15:00.000Z' },
    },
  ] as RackEvent[]),
  ...recorded('rack-MARBLE.COOL', [{ type: 'RackCommissioned', data: cool }] as RackEvent[]),
  // As many units as orders for power alone may name, and slots of racks of the largest size.
  ...recorded('facility-VAST', [
    opened('VAST'),
    ...Array.from({ length: 300 }, (_, n): FacilityEvent => ({
      type: 'CapacityCommitted',
      data: {
        facility: 'VAST',
        allocationId: `allocation-${n}`,
        contractId: `contract-${n % 2}`,
        customerId: 'customer-1',
        orderId: 'order-1',
        units: 10_000_000,
        powerWatts: 10_000_000,
        effectiveOn: '2024-06-01',
      },
    })),
    ...[
      { allocationId: 'allocation-0', units: 4_000_000, powerWatts: 1, reductionId: 'reduction-1' },
      { allocationId: 'allocation-1', units: 10_000_000, powerWatts: 10_000_000 },
      {
        allocationId: 'allocation-10',
        units: 10_000_000,
        powerWatts: 10_000_000,
        reductionId: 'reduction-2',
      },
    ].map((given): FacilityEvent => ({
      type: 'CapacityReleased',
      data: { facility: 'VAST', ...given, cause: 'given back' },
    })),
  ]),
  // Written before such names were refused.
  ...[
    ['PECOS', 'US/Pacific-New'],
    ['OFFSET', '+05:00'],
    ['LINE', 'Pacific/Kiritimati'],
  ].flatMap(([code, timeZone]) =>
    recorded(`facility-${code!}`, [
      opened(code!, timeZone),
      ...['2024-06-09', '2024-06-10', '2024-06-11'].map((effectiveOn): FacilityEvent => ({
        type: 'PowerRateFixed',
        data: { facility: code!, ratePerKwh: '0.05', currency: 'USD', effectiveOn },
      })),
    ]),
  ),
  ...recorded('facility-DALTON', [
    { type: 'RackPowerCommitted', data: { facility: 'DALTON', racks: [gone] } },
  ] as FacilityEvent[]),
  ...recorded('rack-DALTON.GONE', [
    { type: 'RackCommissioned', data: gone },
    { type: 'RackClosed', data: ofDisposal('disposal-1') },
    { type: 'RackReopened', data: ofDisposal('disposal-1') },
    { type: 'RackClosed', data: ofDisposal('disposal-2') },
  ] as RackEvent[]),
  ...recorded('facility-DALTON', dalton),
].map((event, index) => ({ ...event, position: BigInt(index + 1) * 100n }));

/** The queries of sites and racks over that log, asked by an auditor. */
export const serveQueries = async () => {
  const projections = [facilitiesProjection, racksProjection];
  const filled = await readModelsOf(projections, log);
  const app = await servedRoutes({
    controllers: [...facilitiesQuery.controllers, ...racksQuery.controllers],
    providers: [{ provide: ReadModels, useValue: filled.readModels }],
  });
  const get = async (url: string) => {
    const headers = { authorization: 'Bearer auditor' };
    const { statusCode: status, headers: sent, body } = await app.inject({ url, headers });
    return { status, headers: sent, body: JSON.parse(body) as Record<string, unknown> };
  };
  const close = async () => {
    await app.close();
    await filled.close();
  };
  return { get, close };
};
