import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { amountOf, amountText } from '@hostledger/quantities';
import { figuresOf, totalsOf } from './settlement-figures.js';
import type { SettlementEvent } from './settlement-events.js';
import {
  evolveSettlement,
  hasEnded,
  type KnownSettlement,
  type Settlement,
} from './settlement-state.js';
import { settlementAggregate, type SettlementCommand } from './settlement.js';
import {
  approve,
  at,
  cashLeg,
  claim,
  claimLeg,
  close,
  designLeg,
  digest,
  propose,
  release,
  siteLeg,
  transfer,
  waiver,
} from './settlement.fixture.js';

/** Small amounts, so that sums meet their limits; cents, so that rounding would show. */
const SMALL = 10_000n * 3n;
const legs = [
  { ...cashLeg, faceAmount: '3.00' },
  { ...cashLeg, direction: 'given' as const, faceAmount: '0.07' },
  { ...claimLeg, faceAmount: '5.01' },
  { ...claimLeg, faceAmount: '0.99', claim: { ...claim, reference: 'POC 426' } },
  siteLeg,
  { ...designLeg, faceAmount: '1.10' },
];

const leg = fc.integer({ min: 1, max: legs.length });
const day = fc.constantFrom('2023-11-01', '2023-11-02', '2023-11-20', '2023-12-31', '2024-02-02');
const amount = fc
  .bigInt({ min: 0n, max: SMALL })
  .map((units) => amountText(units - (units % 100n)));
const id = fc.constantFrom('a', 'b', 'c');

const act: fc.Arbitrary<SettlementCommand> = fc.oneof(
  fc.constant(approve()),
  day.map((closedOn) => close(closedOn)),
  fc.record({ leg, amount, performedOn: day, reference: id }).map(({ ...told }) => ({
    type: 'PerformLeg' as const,
    data: { performanceId: `${told.reference}-${told.amount}-${told.leg}`, ...told },
    at,
  })),
  fc.record({ leg, performedOn: day, performanceId: id }).map((told) => ({
    type: 'PerformLeg' as const,
    data: { ...told, documentDigest: digest },
    at,
  })),
  id.map((performanceId) => ({
    type: 'PerformLeg' as const,
    data: { leg: 5, performanceId, transfer },
    at,
  })),
  fc.record({ leg, releaseId: id, releasedOn: day }).map((told) => ({
    type: 'ReleaseClaim' as const,
    data: { ...release, ...told },
    at,
  })),
  fc.record({ leg, releaseId: id }).map((told) => ({
    type: 'AbandonRelease' as const,
    data: { ...told, code: 'x/y', detail: 'z' },
    at,
  })),
  fc.record({ leg, waivedBy: fc.constantFrom('ana', 'bob'), waivedOn: day }).map((told) => ({
    type: 'WaiveLeg' as const,
    data: { ...waiver, ...told },
    at,
  })),
  fc.record({ leg, amount, valuedOn: day }).map((told) => ({
    type: 'ValueLeg' as const,
    data: { ...told, basis: 'appraisal', documentDigest: digest },
    at,
  })),
  fc.constantFrom('withdrawn' as const, 'refused' as const).map((cause) => ({
    type: 'WithdrawSettlement' as const,
    data: { cause, explanation: 'So', withdrawnOn: '2023-10-01' },
    at,
  })),
);

const decided = (
  command: SettlementCommand,
  settlement: Settlement,
): readonly SettlementEvent[] => {
  try {
    return settlementAggregate.decide(command, settlement);
  } catch (error) {
    if (error instanceof DomainError) return [];
    throw error;
  }
};

const mustAddUp = (settlement: KnownSettlement): void => {
  const sums = [...settlement.legs.map(figuresOf), ...totalsOf(settlement)];
  for (const { face, performed, waived, remaining } of sums) {
    if (face === undefined) continue;
    const parts = [performed!, waived!, remaining!].map(amountOf);
    expect(parts.every((part) => part >= 0n)).toBe(true);
    expect(amountText(parts.reduce((sum, part) => sum + part))).toBe(face);
  }
};

it('Whatever is done: the parts of a leg add up to its face, and an ended leg stays as it ended', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const events: SettlementEvent[] = [
        ...settlementAggregate.decide(propose({ legs }), { status: 'unknown' }),
      ];
      let settlement = events.reduce<Settlement>(evolveSettlement, { status: 'unknown' });
      for (const command of [approve(), ...acts]) {
        const before = settlement as KnownSettlement;
        const added = decided(command, before);
        events.push(...added);
        settlement = added.reduce(evolveSettlement, settlement);
        const after = settlement as KnownSettlement;
        mustAddUp(after);
        before.legs.filter(hasEnded).forEach((ended) => {
          const { valuation: _, ...was } = ended;
          const { valuation: __, ...is } = after.legs[ended.leg - 1]!;
          expect(is).toEqual(was);
        });
        if (after.status === 'closed') expect(after.legs.every(hasEnded)).toBe(true);
        // Asked again, it has nothing left to do.
        if (added.length > 0) expect(decided(command, settlement)).toEqual([]);
      }
      const releases = events.filter(({ type }) => type === 'ClaimReleased');
      expect(new Set(releases.map(({ data }) => (data as { leg: number }).leg)).size).toBe(
        releases.length,
      );
      mustComeToAnEnd(settlement as KnownSettlement);
    }),
    { numRuns: 300 },
  );
});

/** Whatever happened under it, what is open can be waived, and then it can be closed. */
const mustComeToAnEnd = (settlement: KnownSettlement): void => {
  if (settlement.status !== 'approved') return;
  let rest: Settlement = settlement;
  for (const open of settlement.legs.filter((each) => !hasEnded(each))) {
    expect(decided(close('2024-01-31'), rest)).toEqual([]);
    const told = { ...waiver, leg: open.leg, waivedOn: '2023-12-31' };
    const waived = settlementAggregate.decide({ type: 'WaiveLeg', data: told, at }, rest);
    rest = waived.reduce(evolveSettlement, rest);
    mustAddUp(rest as KnownSettlement);
  }
  expect(settlementAggregate.decide(close('2024-01-31'), rest)).toHaveLength(1);
};
