import fc from 'fast-check';
import type { Source } from './inputs.js';
import type { MachineFact } from './machine-facts.js';

// Lives of machines as they are told in specs.

export const serial = 'HKYDD1AABJHAG0001';
export const XP_WATTS = 3_247;

/** The event of a machine at a revision of its stream. */
export const source = (revision: number, of = serial): Source => ({
  eventId: `event-${revision}`,
  stream: `miner-${of}`,
  revision,
  position: `${100 + revision}`,
});

export type Told = Omit<MachineFact, 'serial' | 'source'>;

/** What happened to one machine, in the order in which it was recorded. */
export const lifeOf = (...facts: readonly Told[]): MachineFact[] =>
  facts.map((fact, revision) => ({ serial, ...fact, source: source(revision) }));

/** An instant of June 2024. */
export const june = (day: number, time = '00:00'): string =>
  `2024-06-${String(day).padStart(2, '0')}T${time}:00.000Z`;

const told =
  (kind: MachineFact['kind'], more: Partial<Told> = {}) =>
  (at: string, evenMore: Partial<Told> = {}): Told => ({ kind, at, ...more, ...evenMore });

export const received = told('received', {
  ...{ contractId: 'contract-1', customerId: 'customer-1' },
  ...{ placeKind: 'storage', facility: 'DENTON', powerWatts: XP_WATTS, hashrateGhs: 151_000 },
});
export const installed = told('placed', { placeKind: 'slot', facility: 'DENTON' });
export const stored = told('placed', { placeKind: 'storage', facility: 'DENTON' });
export const departed = told('placed', { placeKind: 'transit' });
export const sentToVendor = told('placed', { placeKind: 'vendor' });
export const relocated = told('placed', { placeKind: 'slot', facility: 'DENTON', moved: true });
export const energized = told('energized');
export const off = (at: string, cause: string, curtailmentId?: string): Told => ({
  ...{ kind: 'deenergized', at, cause },
  ...(curtailmentId !== undefined && { curtailmentId }),
});
export const profile = (at: string, powerWatts: number): Told => ({
  ...{ kind: 'profileChanged', at, powerWatts, hashrateGhs: powerWatts * 50 },
});
export const assigned = told('assigned', { contractId: 'contract-2', customerId: 'customer-1' });
export const sold = told('titleTransferred', { customerId: 'customer-2' });
export const repairOpened = told('repairOpened');
export const repairClosed = told('repairClosed');
export const retired = told('retired', { placeKind: 'gone' });

const START = Date.parse('2024-05-01T00:00:00.000Z');
const HOUR_MS = 3_600_000;
const HOURS = 24 * 90;

/** An instant within the 90 days of random lives. */
export const anyInstant: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: HOURS })
  .map((hours) => new Date(START + hours * HOUR_MS).toISOString());

const contractId = fc.constantFrom('contract-1', 'contract-2', 'contract-3');
const facility = fc.constantFrom('DENTON', 'DALTON');
const cause = fc.constantFrom('curtailment', 'fault', 'repair', 'nonPayment', 'maintenance');

const happening: fc.Arbitrary<Omit<Told, 'at'>> = fc.oneof(
  fc.constant({ kind: 'energized' as const }),
  cause.map((why) => ({
    ...{ kind: 'deenergized' as const, cause: why },
    ...(why === 'curtailment' && { curtailmentId: 'curtailment-1' }),
  })),
  facility.map((at) => ({ kind: 'placed' as const, placeKind: 'slot' as const, facility: at })),
  facility.map((at) => ({ kind: 'placed' as const, placeKind: 'storage' as const, facility: at })),
  fc.constant({ kind: 'placed' as const, placeKind: 'transit' as const }),
  fc
    .integer({ min: 1, max: 9_999 })
    .map((powerWatts) => ({ kind: 'profileChanged' as const, powerWatts })),
  contractId.map((id) => ({ kind: 'assigned' as const, contractId: id })),
  fc
    .constantFrom('unassigned' as const, 'repairOpened' as const, 'repairClosed' as const)
    .map((kind) => ({ kind })),
);

/**
 * Lives that begin with their reception and may end in retirement; some facts happened at one
 * instant, and some are dated before what was recorded earlier.
 */
export const anyLife: fc.Arbitrary<MachineFact[]> = fc
  .record({
    begins: anyInstant,
    happenings: fc.array(fc.tuple(happening, anyInstant), { maxLength: 12 }),
    isRetired: fc.boolean(),
    isInOrder: fc.boolean(),
  })
  .map(({ begins, happenings, isRetired, isInOrder }) => {
    const instants = happenings.map(([, at]) => at);
    if (isInOrder) instants.sort();
    const last = [begins, ...instants].sort().at(-1)!;
    return lifeOf(
      received(begins),
      ...happenings.map(([fact], index) => ({ ...fact, at: instants[index]! })),
      ...(isRetired ? [retired(last)] : []),
    );
  });
