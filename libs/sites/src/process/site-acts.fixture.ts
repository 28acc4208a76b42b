import fc from 'fast-check';
import type { CurtailmentScope } from '../domain/curtailments.js';
import type { FacilityCommand } from '../domain/facility.js';
import type { RackCommand } from '../domain/rack.js';

// Whatever may be asked of two sites and their racks, so that much of it meets.

export const ENVELOPE = 900;
export const SITES = ['DENTON', 'CEDARVALE'] as const;
export const RACKS = ['A', 'B', 'C', 'D'] as const;
export const at = '2024-06-01T00:00:00.000Z';
const expiresAt = '2024-06-01T00:15:00.000Z';

const always = <T>(value: T) => fc.constant(value);
// Promises meet at one site, and the other is left more often: what is promised keeps a site.
const crowded = fc.constantFrom(SITES[0], SITES[0], SITES[0], SITES[1]);
const leaving = fc.constantFrom(SITES[0], SITES[1], SITES[1], SITES[1]);
const rack = fc.constantFrom(...RACKS);
const by = fc.nat({ max: 2 });
/** Two of them never fit. */
const watts = fc.constantFrom(460, 600);
const dayOf = (day: number) => `2024-06-0${day}T00:00:00.000Z`;
const instant = fc.constantFrom(2, 3, 3, 4).map(dayOf);
/** Some follow each other at once, some meet, some are open without an end. */
const windowDays = fc.constantFrom([1, 2], [1, 2], [2, 3], [3, 4], [1, 4], [2], [3]);
/** Of few, so that some are repeated and some were never made. */
const id = (what: string, most = 3) => fc.integer({ min: 1, max: most }).map((n) => `${what}-${n}`);
const reservations = fc.uniqueArray(id('reservation'), { minLength: 1, maxLength: 2 });

const allocation = { contractId: 'contract-1', customerId: 'customer-1', orderId: 'order-1' };
const scope: fc.Arbitrary<CurtailmentScope> = fc.oneof(
  { weight: 2, arbitrary: always({ kind: 'facility' } as const) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(rack, { minLength: 1, maxLength: 2 })
      .map((racks) => ({ kind: 'racks', racks }) as const),
  },
);
type Asked = FacilityCommand['data'] & { type: string };
const ofPower: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({
    type: always('ChangePowerEnvelope'),
    powerEnvelopeWatts: fc.constantFrom(400, 700, ENVELOPE),
    cause: always('utility'),
  }),
  fc.record({
    type: always('DerateFacility'),
    powerEnvelopeWatts: fc.constantFrom(300, 500),
    cause: always('utility'),
  }),
  always({ type: 'RestoreFacility' }),
);
const ofCapacity: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: always('CommitCapacity'),
      allocationId: id('allocation', 6),
      units: always(1),
      powerWatts: watts,
      effectiveOn: always('2024-06-01'),
      ...Object.fromEntries(Object.entries(allocation).map(([key, value]) => [key, always(value)])),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: always('ReleaseCapacity'),
      allocationId: id('allocation', 6),
      cause: always('reduced'),
      reduction: fc.option(
        fc.record({ reductionId: id('reduction'), units: always(1), powerWatts: watts }),
        { nil: undefined },
      ),
    }),
  },
);
const declared = (curtailmentId: string, from: number, until?: number): Asked => ({
  type: 'DeclareCurtailment',
  curtailmentId,
  scope: { kind: 'facility' },
  cause: 'grid',
  startsAt: dayOf(from),
  ...(until !== undefined && { expectedEndAt: dayOf(until) }),
});
const ofCurtailments: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        type: always('DeclareCurtailment'),
        curtailmentId: id('curtailment', 4),
        scope,
        cause: fc.constantFrom('grid', 'grid', 'grid', 'economic'),
        days: windowDays,
      })
      .map(({ days: [from, until], ...window }) => ({
        ...window,
        startsAt: dayOf(from),
        ...(until !== undefined && { expectedEndAt: dayOf(until) }),
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: always('EndCurtailment'),
      curtailmentId: id('curtailment', 4),
      endedAt: instant,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: always('CancelCurtailment'),
      curtailmentId: id('curtailment', 4),
      cancelledAt: instant,
      cause: always('called off'),
    }),
  },
);

const ofRack: fc.Arbitrary<RackCommand['data'] & { type: string }> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: always('ReserveSlots'),
      reservations: fc.array(
        fc.record({
          reservationId: id('reservation', 6),
          slot: fc.integer({ min: 1, max: 3 }),
          serial: always('SERIAL1'),
          powerWatts: fc.constantFrom(90, 250),
        }),
        { minLength: 1, maxLength: 2 },
      ),
      expiresAt: always(expiresAt),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: always('OccupySlots'), reservationIds: reservations }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('ReleaseReservations', 'ExpireReservations'),
      reservationIds: reservations,
      cause: always('over'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: always('DerateRack'),
      powerLimitWatts: fc.constantFrom(100, 200),
      cause: always('heat'),
    }),
  },
  { weight: 1, arbitrary: always({ type: 'RestoreRack' }) },
);

const plans = fc.uniqueArray(
  fc.record({ rack, slotCount: always(2), powerLimitWatts: fc.constantFrom(300, 400) }),
  { minLength: 1, maxLength: 3, selector: (plan) => plan.rack },
);
const site = always('site' as const);
const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: always('racks' as const), facility: crowded, plans, by }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: always('racks' as const), facility: leaving, plans, by }),
  },
  { weight: 3, arbitrary: fc.record({ kind: site, facility: crowded, asked: ofPower, by }) },
  { weight: 4, arbitrary: fc.record({ kind: site, facility: crowded, asked: ofCapacity, by }) },
  { weight: 8, arbitrary: fc.record({ kind: site, facility: crowded, asked: ofCurtailments, by }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: always('rack' as const),
      facility: leaving,
      rack: fc.constantFrom(RACKS[0], RACKS[0], RACKS[0], ...RACKS),
      asked: ofRack,
      by,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: always('disposal' as const),
      facility: leaving,
      disposalId: id('disposal'),
      by,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: always('processes' as const), by }) },
);
export type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
/** What takes several acts in one order comes too seldom by chance; so some lives begin with it. */
const openings: readonly (readonly Act[])[] = [
  [],
  // A curtailment lasts longer than announced, into the next one.
  [
    declared('curtailment-1', 1, 2),
    declared('curtailment-2', 2),
    { type: 'EndCurtailment', curtailmentId: 'curtailment-1', endedAt: dayOf(3) } as Asked,
  ].map((asked) => ({ kind: 'site', facility: SITES[0], asked, by: 0 })),
  // A rack is asked for more than it grants, and is not empty when its site is to be disposed of.
  [
    {
      kind: 'racks',
      facility: SITES[1],
      plans: [{ rack: 'A', slotCount: 2, powerLimitWatts: 300 }],
      by: 0,
    },
    ...[1, 2].map((slot): Act => ({
      kind: 'rack',
      facility: SITES[1],
      rack: 'A',
      asked: {
        type: 'ReserveSlots',
        reservations: [
          { reservationId: `reservation-${slot}`, slot, serial: 'SERIAL1', powerWatts: 250 },
        ],
        expiresAt,
      },
      by: 0,
    })),
    { kind: 'disposal', facility: SITES[1], disposalId: 'disposal-1', by: 0 },
    { kind: 'processes', by: 0 },
  ],
];
/** What is in one list happens at the same time. */
export const steps = fc
  .tuple(
    fc.constantFrom(...openings),
    fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), { minLength: 8, maxLength: 20 }),
  )
  .map(([opening, lists]) => [...opening.map((first) => [first]), ...lists]);
