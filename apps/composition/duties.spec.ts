import type { RecordedEvent } from '@hostledger/eventsourcing';
import { eventTypes } from '@hostledger/feed';
import { recorded } from '@hostledger/testing';
import { duties } from './rooms.js';

/** How types are called by which somebody decides, gives way or goes against a rule. */
const SOUNDS_LIKE_A_DECISION =
  /(Approved|Rejected|Waived|Resolved|Corrected|Reversed|Estimated|Refunded|Parked|Discarded|Derated|Withdrawn|Accepted|Agreed)$/;

const told = (type: string, data: object): RecordedEvent =>
  recorded('spec-1', [{ type, data }])[0]!;

describe('Duties', () => {
  it('are told of every type that sounds like a decision, were it that it is none', () => {
    const sounding = eventTypes.filter((type) => SOUNDS_LIKE_A_DECISION.test(type));
    expect(sounding.length).toBeGreaterThan(20);
    expect(sounding.filter((type) => !duties.isDecidedOn(type))).toEqual([]);
  });

  it('are of types that there are', () => {
    expect(duties.types().filter((type) => !eventTypes.includes(type))).toEqual([]);
  });

  it('of two subjects that the rules enforce have each an event that asks and one that decides', () => {
    const asked = told('RelocationPlanned', { relocationId: 'r1', plannedBy: 'ann', cause: 'why' });
    const approved = { relocationId: 'r1', plannedBy: 'ann', approvedBy: 'bob' };
    expect(duties.toldBy(asked)).toEqual([
      {
        ...{ kind: 'request', name: 'fleet/relocation-plan', about: 'relocation r1' },
        ...{ by: 'ann', reason: 'why' },
      },
    ]);
    expect(duties.toldBy(told('RelocationApproved', approved))).toEqual([
      {
        ...{ kind: 'approval', name: 'fleet/relocation-plan', about: 'relocation r1' },
        ...{ by: 'bob', other: 'ann' },
      },
    ]);
    const cancelled = { relocationId: 'r1', cancelledBy: 'cyd', cause: 'no', before: 'approved' };
    expect(duties.toldBy(told('RelocationCancelled', cancelled))).toMatchObject([
      { kind: 'override', name: 'fleet/approved-plan-cancelled', by: 'cyd' },
    ]);
  });

  it('tell overrides only where an event is one', () => {
    const of = (type: string, data: object) =>
      duties.toldBy(told(type, data)).map(({ kind, name }) => `${kind} ${name}`);
    const override = { approvedBy: 'bob', reason: 'burn-in' };
    expect(of('MinerEnergized', { serial: 'A1' })).toEqual([]);
    expect(of('MinerEnergized', { serial: 'A1', override })).toEqual([
      'override fleet/power-without-contract',
    ]);
    expect(of('CreditNoteBegan', { contractId: 'c1', disputeId: 'd1' })).toEqual([
      'duty billing/gives-up',
    ]);
    expect(of('CreditNoteBegan', { contractId: 'c1' })).toEqual([
      'duty billing/gives-up',
      'override billing/credit-note',
    ]);
    expect(of('PriceFixed', { corrects: { revision: 1, cause: 'typo' } })).toEqual([
      'duty economics/tells-market',
      'override economics/market-corrected',
    ]);
    expect(of('DiscrepancyResolved', { resolution: 'returned' })).toEqual([
      'approval fleet/discrepancy',
      'duty fleet/settles-discrepancies',
    ]);
  });
});
