import { specOf } from '@hostledger/testing';
import { priceOf, totalsOf } from './settlement-figures.js';
import type { LegTerms, SettlementEvent } from './settlement-events.js';
import { evolveSettlement, type KnownSettlement, type Settlement } from './settlement-state.js';
import { settlementAggregate, type SettlementCommand } from './settlement.js';
import {
  approve,
  approved,
  at,
  cashLeg,
  claim,
  claimLeg,
  close,
  designLeg,
  digest,
  legs,
  paid,
  paidRest,
  payment,
  perform,
  proposal,
  propose,
  proposed,
  release,
  released,
  releaseIt,
  settlementId,
  siteLeg,
  transfer,
  transferred,
  waive,
  waived,
  waiver,
} from './settlement.fixture.js';

const { given } = specOf(settlementAggregate);
const begun = [...proposed(), approved];
const ended = [...begun, paid, paidRest, released, transferred, waived];
const folded = (history: readonly SettlementEvent[]): KnownSettlement =>
  history.reduce<Settlement>(evolveSettlement, { status: 'unknown' }) as KnownSettlement;

describe('proposing a settlement', () => {
  it('records it and each of its legs', () => {
    given()
      .when(propose())
      .then(...proposed());
  });

  const unsound: [string, string, LegTerms][] = [
    ['leg-unsound', '/legs/0/faceAmount', { ...cashLeg, faceAmount: undefined! }],
    ['leg-unsound', '/legs/0/claim', { ...claimLeg, claim: undefined! }],
    ['leg-unsound', '/legs/0/claim', { ...cashLeg, claim }],
    ['leg-unsound', '/legs/0/facility', { ...siteLeg, facility: undefined! }],
    ['leg-unsound', '/legs/0/facility', { ...designLeg, facility: 'DENTON' }],
    ['nothing', '/legs/0/faceAmount', { ...cashLeg, faceAmount: '0.00' }],
    ['money-too-fine', '/legs/0/faceAmount', { ...cashLeg, faceAmount: '0.001' }],
    [
      'own-claim',
      '/legs/0/claim/debtor',
      { ...claimLeg, claim: { ...claim, debtor: ' celsius network  llc' } },
    ],
  ];
  it.each(unsound)('refuses a leg by settlement/%s at %s', (code, pointer, leg) => {
    given()
      .when(propose({ legs: [JSON.parse(JSON.stringify(leg)) as LegTerms] }))
      .thenRejects(`settlement/${code}`, pointer);
  });

  it('refuses two legs about one claim, however it is spelled, or about one site', () => {
    const again = { ...claimLeg, claim: { ...claim, reference: 'poc  425' } };
    given()
      .when(propose({ legs: [claimLeg, cashLeg, again] }))
      .thenRejects('settlement/leg-repeated', '/legs/2/claim');
    given()
      .when(propose({ legs: [siteLeg, { ...siteLeg, direction: 'received' }] }))
      .thenRejects('settlement/leg-repeated', '/legs/1/facility');
  });

  it('is not dated after today where the settlement is, and is done once', () => {
    given()
      .when(propose({ proposedOn: '2024-02-02' }))
      .thenRejects('settlement/act-in-future', '/proposedOn');
    given(...proposed())
      .when(propose())
      .thenRejects('settlement/already-proposed');
  });
});

describe('the court', () => {
  it('approves a proposed settlement, and names the sites that are given away', () => {
    given(...proposed())
      .when(approve())
      .then(approved);
    given(...begun)
      .when(approve())
      .thenNothing();
    given(...begun)
      .when(approve({ approvedOn: '2023-11-03' }))
      .thenRejects('settlement/not-proposed');
    given(...proposed())
      .when(approve({ approvedOn: '2023-09-13' }))
      .thenRejects('settlement/act-too-early', '/approvedOn');
    given().when(approve()).thenRejects('settlement/unknown');
  });

  it('or refuses it, and then nothing is done under it', () => {
    const data = { cause: 'refused', explanation: 'Too low', withdrawnOn: '2023-10-20' } as const;
    const withdraw: SettlementCommand = { type: 'WithdrawSettlement', data, at };
    const withdrawn: SettlementEvent = {
      type: 'SettlementWithdrawn',
      data: { settlementId, ...data },
    };
    given(...proposed())
      .when(withdraw)
      .then(withdrawn);
    given(...proposed(), withdrawn)
      .when(withdraw)
      .thenNothing();
    given(...proposed(), withdrawn)
      .when(approve())
      .thenRejects('settlement/not-proposed');
    given(...proposed(), withdrawn)
      .when(perform(1, payment))
      .thenRejects('settlement/ended');
    given(...begun)
      .when(withdraw)
      .thenRejects('settlement/not-proposed');
  });
});

describe('cash', () => {
  it('comes in parts, until the face is paid', () => {
    given(...begun)
      .when(perform(1, { ...payment, performanceId: 'payment-1' }))
      .then(paid);
    const rest = { ...payment, amount: '10000000.00', reference: 'WIRE-2' };
    given(...begun, paid)
      .when(perform(1, { ...rest, performanceId: 'payment-2', performedOn: '2023-11-20' }))
      .then(paidRest);
    given(...begun, paid)
      .when(perform(1, { ...rest, amount: '10000000.01' }))
      .thenRejects('settlement/leg-exceeded', '/amount');
    given(...begun, paid, paidRest)
      .when(perform(1, { ...rest, reference: 'WIRE-3', amount: '0.01' }))
      .thenRejects('settlement/leg-ended');
  });

  it('is known by its reference: told again it is the same payment', () => {
    given(...begun, paid)
      .when(perform(1, payment))
      .thenNothing();
    given(...begun, paid, paidRest)
      .when(perform(1, payment))
      .thenNothing();
    given(...begun, paid)
      .when(perform(1, { ...payment, amount: '4000000.01' }))
      .thenRejects('settlement/recorded-otherwise', '/amount');
  });

  it.each([
    ['performance-unsound', '/amount', { amount: undefined }],
    ['performance-unsound', '/reference', { reference: undefined }],
    ['performance-unsound', '/performedOn', { performedOn: undefined }],
    ['performance-unsound', '/party', { party: 'Celsius' }],
    ['nothing', '/amount', { amount: '0' }],
    ['money-too-fine', '/amount', { amount: '1.001' }],
    ['act-in-future', '/performedOn', { performedOn: '2024-02-02' }],
    ['act-too-early', '/performedOn', { performedOn: '2023-11-01' }],
  ])('is refused by settlement/%s at %s', (code, pointer, change) => {
    given(...begun)
      .when(perform(1, { ...payment, ...change }))
      .thenRejects(`settlement/${code}`, pointer);
  });

  it('is not paid before a court approved, nor under a leg that is not there', () => {
    given(...proposed())
      .when(perform(1, payment))
      .thenRejects('settlement/not-approved');
    given(...begun)
      .when(perform(5, payment))
      .thenRejects('settlement/leg-unknown');
  });
});

describe('a claim', () => {
  it('is released as a whole, which performs its leg', () => {
    given(...begun)
      .when(releaseIt())
      .then(released);
    given(...begun, released)
      .when(releaseIt())
      .thenNothing();
    given(...begun, released)
      .when(releaseIt({ releaseId: 'release-2' }))
      .thenNothing();
    given(...begun, released)
      .when(releaseIt({ releaseId: 'release-2', releasedOn: '2023-11-22' }))
      .thenRejects('settlement/leg-ended');
  });

  it('is released by no other act, and no other leg releases one', () => {
    given(...begun)
      .when(perform(2, { performedOn: '2023-11-21', documentDigest: digest }))
      .thenRejects('settlement/claim-leg');
    given(...begun)
      .when(releaseIt({ leg: 1 }))
      .thenRejects('settlement/no-claim-leg');
  });

  it('is never released under an id that was given up', () => {
    const data = { leg: 2, releaseId: 'release-1', code: 'x/y', detail: 'z' };
    const abandon: SettlementCommand = { type: 'AbandonRelease', data, at };
    const abandoned: SettlementEvent = {
      type: 'ClaimReleaseAbandoned',
      data: { settlementId, ...data },
    };
    given(...begun)
      .when(abandon)
      .then(abandoned);
    given(...begun, abandoned)
      .when(abandon)
      .thenNothing();
    given(...begun, released)
      .when(abandon)
      .thenNothing();
    given(...begun, abandoned)
      .when(releaseIt())
      .thenRejects('settlement/release-abandoned');
    given(...begun, abandoned)
      .when(releaseIt({ releaseId: 'release-2' }))
      .then({
        type: 'ClaimReleased',
        data: {
          settlementId,
          claim,
          amount: '31000000.00',
          ...release,
          releaseId: 'release-2',
        },
      });
  });
});

describe('a site', () => {
  it('is given once its own stream says so; its deed tells the day and the proof', () => {
    given(...begun)
      .when(perform(3))
      .thenRejects('settlement/site-not-transferred');
    given(...begun)
      .when(perform(3, { transfer }))
      .then(transferred);
    given(...begun, transferred)
      .when(perform(3, { transfer }))
      .thenNothing();
  });

  it('goes to the counterparty, or to whom the deed calls otherwise', () => {
    const other = { ...transfer, party: 'Celsius Mining LLC' };
    given(...begun)
      .when(perform(3, { transfer: other }))
      .thenRejects('settlement/site-of-another', '/party');
    given(...begun)
      .when(perform(3, { transfer: other, party: 'Celsius Mining LLC' }))
      .then({
        type: 'LegPerformed',
        data: { ...transferred.data, party: 'Celsius Mining LLC' } as never,
      });
  });

  it('changed hands after the approval, and its day is not told by anybody else', () => {
    given(...begun)
      .when(perform(3, { transfer: { ...transfer, on: '2023-11-01' } }))
      .thenRejects('settlement/act-too-early');
    given(...begun)
      .when(perform(3, { transfer, performedOn: '2023-11-15' }))
      .thenRejects('settlement/performance-unsound', '/performedOn');
  });
});

describe('a waiver', () => {
  it('is of what is left, by another than who proposed', () => {
    given(...begun)
      .when(waive())
      .then(waived);
    given(...begun, waived)
      .when(waive())
      .thenNothing();
    given(...begun, waived)
      .when(waive({ cause: 'Another' }))
      .thenRejects('settlement/leg-ended');
    given(...begun)
      .when(waive({ waivedBy: proposal.proposedBy }))
      .thenRejects('settlement/own-waiver');
    given(...begun, paid)
      .when(waive({ leg: 1 }))
      .then({
        type: 'LegWaived',
        data: { settlementId, ...waiver, leg: 1, amount: '10000000.00' },
      });
    given(...begun, paid, paidRest)
      .when(waive({ leg: 1 }))
      .thenRejects('settlement/leg-ended');
  });

  it('of a site that was to be given says that it is kept', () => {
    given(...begun)
      .when(waive({ leg: 3 }))
      .then({
        type: 'LegWaived',
        data: { settlementId, ...waiver, leg: 3, siteKept: 'CEDARVALE' },
      });
  });

  it('comes after what was paid, and nothing is performed after it', () => {
    given(...begun, paid)
      .when(waive({ leg: 1, waivedOn: '2023-11-09' }))
      .thenRejects('settlement/act-too-early', '/waivedOn');
    given(...begun, waived)
      .when(perform(4, { performedOn: '2023-12-02', documentDigest: digest }))
      .thenRejects('settlement/leg-ended');
  });
});

describe('a valuation', () => {
  const data = {
    leg: 3,
    amount: '45000000.00',
    basis: 'appraisal',
    valuedOn: '2023-10-01',
    documentDigest: digest,
  };
  const value = (change: Partial<typeof data> = {}): SettlementCommand => ({
    type: 'ValueLeg',
    data: { ...data, ...change },
    at,
  });
  const valued: SettlementEvent = { type: 'LegValued', data: { settlementId, ...data } };

  it('stands beside the face, also before the approval, the last one counts', () => {
    given(...proposed())
      .when(value())
      .then(valued);
    given(...proposed(), valued)
      .when(value())
      .thenNothing();
    given(...proposed(), valued)
      .when(value({ amount: '1.00', valuedOn: '2023-09-30' }))
      .thenRejects('settlement/act-too-early', '/valuedOn');
    expect(totalsOf(folded([...proposed(), valued])).find(({ kind }) => kind === 'site')).toEqual({
      kind: 'site',
      direction: 'given',
      legs: 1,
      face: '0.00',
      valued: '45000000.00',
      performed: '0.00',
      waived: '0.00',
      remaining: '0.00',
    });
  });
});

describe('a settlement', () => {
  it('is closed once every leg is performed or waived, not before the last of them', () => {
    given(...ended)
      .when(close())
      .then({ type: 'SettlementClosed', data: { settlementId, closedOn: '2023-12-04' } });
    given(...ended, { type: 'SettlementClosed', data: { settlementId, closedOn: '2023-12-04' } })
      .when(close())
      .thenNothing();
    given(...ended)
      .when(close('2023-11-30'))
      .thenRejects('settlement/act-too-early', '/closedOn');
    for (let index = begun.length; index < ended.length; index += 1) {
      given(...ended.toSpliced(index, 1))
        .when(close())
        .thenRejects('settlement/legs-open');
    }
    given(...proposed())
      .when(close())
      .thenRejects('settlement/not-approved');
  });

  it('has one price in two true statements: 14 million in cash, 45 million with the claims', () => {
    for (const history of [proposed(), begun, ended]) {
      expect(priceOf(folded(history), 'received')).toEqual({
        cash: '14000000.00',
        cashAndClaims: '45000000.00',
      });
      expect(priceOf(folded(history), 'given')).toEqual({ cash: '0.00', cashAndClaims: '0.00' });
    }
  });

  it('is folded into plain JSON, as the read model keeps it', () => {
    const settlement = folded(ended);
    expect(JSON.parse(JSON.stringify(settlement))).toEqual(settlement);
    expect(settlement.legs).toHaveLength(legs.length);
  });
});
