import fc from 'fast-check';
import { specOf } from '@hostledger/testing';
import { supplyAggregate, type SupplyCommand } from './supply-agreement.js';
import type { SupplyEvent } from './supply-events.js';
import { hashrateFigures, priceFigures } from './supply-figures.js';
import {
  accepted,
  agree,
  agreed,
  agreement,
  AT,
  DIGEST,
  stateAfter,
  valuationOf,
  valued,
} from './supply.fixture.js';

const { given } = specOf(supplyAggregate);
const agreementId = 'agreement';

describe('A supply agreement', () => {
  it('is hashrate for a price in legs, of which shares wait for who values them', () => {
    given()
      .when(agree())
      .then(...agreement);
  });

  it('is recorded once, and once it was made', () => {
    given(...agreement)
      .when(agree())
      .thenRejects('supply/already-agreed');
    given()
      .when(agree({ agreedOn: '2024-02-02' }))
      .thenRejects('supply/act-in-future', '/agreedOn');
  });

  it('costs what its legs come to, to the cent', () => {
    given()
      .when(agree({ price: '77000000.01' }))
      .thenRejects('supply/legs-unequal-price', '/legs');
    const [cash, equity] = agree().data.legs;
    if (!cash || !equity) throw new Error('no legs');
    const less = [{ instalment: 1, dueOn: '2023-09-30', amount: '23099999.99' }];
    given()
      .when(agree({ legs: [{ ...cash, instalments: less }, equity] }))
      .thenRejects('supply/instalments-unequal-leg', '/legs/0/instalments');
    const { instalments: _, ...bare } = cash;
    given()
      .when(agree({ legs: [bare, equity] }))
      .thenRejects('supply/instalments-of-cash', '/legs/0/instalments');
    const { valuation: _v, ...unvalued } = equity;
    given()
      .when(agree({ legs: [cash, unvalued] }))
      .thenRejects('supply/valuation-of-equity', '/legs/1/valuation');
  });

  it('has options that can be exercised', () => {
    const [option] = agreed.options;
    if (!option) throw new Error('no option');
    given()
      .when(agree({ options: [{ ...option, expiresOn: '2023-09-04' }] }))
      .thenRejects('supply/option-expired', '/options/0/expiresOn');
    given()
      .when(agree({ options: [{ ...option, pricePerTh: '0.00' }] }))
      .thenRejects('supply/amount-nothing', '/options/0/pricePerTh');
  });

  it('names units that come to the hashrate, and a price per TH/s that comes to the price', () => {
    const [line] = agreed.lines;
    if (!line) throw new Error('no line');
    given()
      .when(agree({ lines: [{ ...line, units: 27_001 }] }))
      .thenRejects('supply/units-mismatch', '/lines/0/units');
    given()
      .when(agree({ lines: [{ ...line, pricePerTh: '18.89' }] }))
      .thenRejects('supply/lines-unequal-price', '/price');
    // 7,105,176 TH/s at 18.90 are 134,287,826.40, 30,364 S21 Pro of 234 TH/s.
    const face = '134287826.40';
    const instalments = [{ instalment: 1, dueOn: '2024-09-30', amount: face }];
    const legs = [{ kind: 'cash', face, description: 'Cash', instalments } as const];
    const s21 = {
      line: 1,
      model: 'S21PRO-234',
      unitHashrateGhs: 234_000,
      contractedHashrateGhs: 7_105_176_000,
      units: 30_364,
      pricePerTh: '18.90',
    };
    const command = agree({ lines: [s21], price: face, legs });
    expect(supplyAggregate.decide(command, supplyAggregate.initialState)).toHaveLength(2);
  });
});

describe('Hashrate that was bought', () => {
  const supplement = {
    line: 1,
    model: 'S21-200',
    unitHashrateGhs: 200_000,
    effectiveOn: '2024-01-10',
    documentDigest: DIGEST,
    cause: 'Supplement 1',
  };
  const substituted: SupplyEvent = {
    type: 'ModelSubstituted',
    data: { agreementId, fromModel: 'S19JXP-151', units: 20_385, ...supplement },
  };
  const substitute = (over: Partial<typeof supplement> = {}): SupplyCommand => ({
    type: 'SubstituteModel',
    data: { ...supplement, ...over },
    at: AT,
  });

  it('is accepted with deliveries, whose last numbers count', () => {
    const total = (...events: SupplyEvent[]) =>
      hashrateFigures(stateAfter(...agreement, ...events)).total;
    expect(total(accepted('d-1', 22_700))).toEqual({
      contracted: 4_077_000_000,
      accepted: 3_427_700_000,
      waived: 0,
      outstanding: 649_300_000,
      excess: 0,
    });
    const amended = accepted('d-1', 22_699, { amendment: 1, waivedHashrateGhs: 151_000 });
    expect(total(accepted('d-1', 22_700), amended)).toMatchObject({
      accepted: 3_427_549_000,
      waived: 151_000,
      outstanding: 649_300_000,
    });
    const { agreementId: _, acceptedOn: __, ...again } = accepted('d-1', 22_700).data;
    const days = { firstOn: '2023-12-31', amendedOn: '2024-01-15' };
    const count = (amendment: number): SupplyCommand => ({
      type: 'CountAccepted',
      data: { ...again, ...days, amendment },
      at: AT,
    });
    given(...agreement, amended)
      .when(count(1))
      .thenNothing();
    const { data } = accepted('d-1', 22_700, { amendment: 2, acceptedOn: '2024-01-15' });
    given(...agreement, amended)
      .when(count(2))
      .then({ type: 'HashrateAccepted', data });
    given(...agreement)
      .when(count(2))
      .then({ type: 'HashrateAccepted', data: { ...data, acceptedOn: '2023-12-31' } });
  });

  it('may come in another model by supplement; the line is owed in hashrate, not in units', () => {
    given(...agreement)
      .when(substitute())
      .then(substituted);
    given(...agreement, substituted)
      .when(substitute())
      .thenRejects('supply/model-on-line', '/model');
    given(...agreement, substituted)
      .when(substitute({ model: 'T21-190', effectiveOn: '2024-01-09' }))
      .thenRejects('supply/supplement-not-later', '/effectiveOn');
    const s21 = [{ model: 'S21-200', units: 10, hashrateGhs: 2_000_000 }];
    const before = stateAfter(...agreement, accepted('d-1', 0, { byModel: s21 }));
    expect(hashrateFigures(before)).toMatchObject({
      total: { accepted: 0 },
      unmatched: [{ model: 'S21-200', units: 10 }],
    });
    const after = stateAfter(...agreement, accepted('d-1', 0, { byModel: s21 }), substituted);
    expect(hashrateFigures(after)).toMatchObject({
      total: { accepted: 2_000_000, outstanding: 4_075_000_000 },
      unmatched: [],
    });
  });

  it('is waived by another subject, and never more than is outstanding', () => {
    const waive = (waivedBy: string, hashrateGhs: number): SupplyCommand => ({
      type: 'WaiveHashrate',
      data: {
        line: 1,
        waiverId: 'waiver',
        hashrateGhs,
        waivedOn: '2024-01-31',
        waivedBy,
        cause: 'Credited',
        documentDigest: DIGEST,
      },
      at: AT,
    });
    given(...agreement)
      .when(waive('ada', 1))
      .thenRejects('supply/own-waiver');
    given(...agreement, accepted('d-1', 26_999))
      .when(waive('bob', 151_001))
      .thenRejects('supply/waiver-exceeded', '/hashrateGhs');
    const { data } = waive('bob', 151_000) as Extract<SupplyCommand, { type: 'WaiveHashrate' }>;
    given(...agreement, accepted('d-1', 26_999))
      .when(waive('bob', 151_000))
      .then({ type: 'HashrateWaived', data: { agreementId, ...data } });
  });

  const exercise = (over: object = {}): SupplyCommand => ({
    type: 'ExerciseOption',
    data: {
      option: 1,
      exercisedOn: '2024-01-31',
      hashrateGhs: 400_000_000,
      documentDigest: DIGEST,
      recordedBy: 'bob',
      legs: [
        {
          kind: 'cash',
          face: '7000000.00',
          description: 'Cash',
          instalments: [{ instalment: 1, dueOn: '2024-03-31', amount: '7000000.00' }],
        },
      ],
      ...over,
    },
    at: AT,
  });

  it('is more by an option, at its price, which its legs come to', () => {
    const events = supplyAggregate.decide(exercise(), stateAfter(...agreement));
    expect(events.map(({ type }) => type)).toEqual([
      'CallOptionExercised',
      'ConsiderationLegAdded',
    ]);
    const after = stateAfter(...agreement, ...events);
    expect(priceFigures(after).face).toBe('84000000.00');
    expect(after.price).toBe('84000000.00');
    expect(hashrateFigures(after).total.contracted).toBe(4_477_000_000);
    const waive = (waivedBy: string): SupplyCommand => ({
      type: 'WaiveHashrate',
      data: {
        line: 2,
        waiverId: 'waiver',
        hashrateGhs: 1,
        waivedOn: '2024-01-31',
        waivedBy,
        cause: 'Credited',
        documentDigest: DIGEST,
      },
      at: AT,
    });
    given(...agreement, ...events)
      .when(waive('bob'))
      .thenRejects('supply/own-waiver');
    expect(supplyAggregate.decide(waive('ada'), after)).toHaveLength(1);
    given(...agreement, ...events)
      .when(exercise({ hashrateGhs: 600_000_001 }))
      .thenRejects('supply/option-exceeded', '/hashrateGhs');
    given(...agreement)
      .when(exercise({ hashrateGhs: 400_000_001 }))
      .thenRejects('supply/price-unpayable', '/hashrateGhs');
    given(...agreement)
      .when(exercise({ hashrateGhs: 400_400_000 }))
      .thenRejects('supply/legs-unequal-price', '/legs');
    given(...agreement)
      .when({ ...exercise({ exercisedOn: '2024-07-01' }), at: '2024-07-02T00:00:00.000Z' })
      .thenRejects('supply/option-expired', '/exercisedOn');
    given(...agreement)
      .when(exercise({ option: 2 }))
      .thenRejects('supply/option-unknown');
  });

  it('balances on every line, whatever was accepted, waived and substituted', () => {
    const units = fc.integer({ min: 0, max: 40_000 });
    const delivery = fc.record({
      deliveryId: fc.constantFrom('d-1', 'd-2', 'd-3'),
      xp: units,
      s21: units,
      waived: fc.integer({ min: 0, max: 10 ** 9 }),
    });
    const [line] = agreed.lines;
    if (!line) throw new Error('no line');
    const two = [line, { ...line, line: 2, contractedHashrateGhs: 151_000_000, units: 1_000 }];
    fc.assert(
      fc.property(
        fc.array(delivery, { maxLength: 6 }),
        fc.boolean(),
        (deliveries, isSubstituted) => {
          const events: SupplyEvent[] = deliveries.map(({ deliveryId, xp, s21, waived }, index) =>
            accepted(deliveryId, 0, {
              amendment: index,
              waivedHashrateGhs: waived,
              byModel: [
                { model: 'S19JXP-151', units: xp, hashrateGhs: xp * 151_000 },
                { model: 'S21-200', units: s21, hashrateGhs: s21 * 200_000 },
              ].filter((total) => total.units > 0),
            }),
          );
          const all: SupplyEvent[] = [
            { type: 'SupplyAgreed', data: { ...agreed, lines: two } },
            ...(isSubstituted ? [substituted] : []),
            ...events,
          ];
          const supply = stateAfter(...all);
          const { lines, total, unmatched } = hashrateFigures(supply);
          for (const each of [...lines, total]) {
            const { contracted, accepted: taken, waived, outstanding, excess } = each;
            expect(contracted + excess).toBe(taken + outstanding + waived);
            expect(Math.min(outstanding, excess)).toBeGreaterThanOrEqual(0);
          }
          const counted = supply.deliveries.flatMap(({ byModel }) => byModel);
          const sumOf = (totals: readonly { hashrateGhs: number }[]) =>
            totals.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0);
          expect(total.accepted + sumOf(unmatched)).toBe(sumOf(counted));
        },
      ),
    );
  });
});

describe('An agreement', () => {
  const complete: SupplyCommand = {
    type: 'CompleteSupply',
    data: { completedOn: '2024-01-31' },
    at: AT,
  };
  const paid = (instalment: number): SupplyEvent => ({
    type: 'InstalmentPaid',
    data: {
      agreementId,
      leg: 1,
      instalment,
      paymentId: `payment-${instalment}`,
      amount: '11550000.00',
      paidOn: '2023-12-29',
      reference: 'WIRE',
    },
  });
  const shares: SupplyEvent = {
    type: 'SharesIssued',
    data: {
      agreementId,
      leg: 2,
      issueId: 'issue',
      shares: 10_735_143,
      issuedOn: '2024-01-23',
      holder: 'Affiliate',
      reference: 'DTC-1',
      documentDigest: DIGEST,
    },
  };
  const performed = [...agreement, valued, paid(1), paid(2), shares];

  it('is completed when all hashrate came and all legs are performed, and changes no more', () => {
    given(...performed)
      .when(complete)
      .thenRejects('supply/hashrate-outstanding');
    given(...agreement, valued, paid(1), shares, accepted('d-1', 27_000))
      .when(complete)
      .thenRejects('supply/legs-open');
    const done: SupplyEvent = {
      type: 'SupplyCompleted',
      data: { agreementId, completedOn: '2024-01-31' },
    };
    given(...performed, accepted('d-1', 27_000))
      .when(complete)
      .then(done);
    given(...performed, accepted('d-1', 27_000), done)
      .when(complete)
      .thenNothing();
    given(...performed, accepted('d-1', 27_000), done)
      .when(valuationOf())
      .thenRejects('supply/completed');
  });

  it('names the contract that was signed with it, once', () => {
    const data = { contractId: 'contract', linkedOn: '2023-09-22' };
    const linked: SupplyEvent = { type: 'HostingContractLinked', data: { agreementId, ...data } };
    const link: SupplyCommand = { type: 'LinkHostingContract', data, at: AT };
    given(...agreement)
      .when(link)
      .then(linked);
    given(...agreement, linked)
      .when(link)
      .thenNothing();
  });

  it('names the upgrade programme of it; another one has another number', () => {
    const data = {
      programmeId: 'programme',
      reference: 'UP-1',
      title: 'Upgrade',
      agreedOn: '2023-09-22',
      documentDigest: DIGEST,
    };
    const event: SupplyEvent = { type: 'UpgradeProgrammeAgreed', data: { agreementId, ...data } };
    given(...agreement)
      .when({ type: 'AgreeUpgradeProgramme', data, at: AT })
      .then(event);
    given(...agreement, event)
      .when({ type: 'AgreeUpgradeProgramme', data, at: AT })
      .thenNothing();
    given(...agreement, event)
      .when({ type: 'AgreeUpgradeProgramme', data: { ...data, title: 'Other' }, at: AT })
      .thenRejects('supply/programme-known', '/reference');
  });

  it('that nobody made has no acts', () => {
    given().when(complete).thenRejects('supply/unknown');
  });
});
