import fc from 'fast-check';
import { amountOf, exact } from '@hostledger/quantities';
import { specOf } from '@hostledger/testing';
import { supplyAggregate, type SupplyCommand } from './supply-agreement.js';
import type { SupplyEvent } from './supply-events.js';
import { legFigures, priceFigures } from './supply-figures.js';
import { worthAt } from './supply-legs.js';
import {
  agreement,
  AT,
  DIGEST,
  missed,
  stateAfter,
  valuationOf,
  valued,
} from './supply.fixture.js';

const { given } = specOf(supplyAggregate);
const agreementId = 'agreement';

describe('Cash', () => {
  const pay = (over: object = {}): SupplyCommand => ({
    type: 'PayInstalment',
    data: {
      leg: 1,
      instalment: 1,
      paymentId: 'payment',
      amount: '4100000.00',
      paidOn: '2023-09-29',
      reference: 'WIRE',
      ...over,
    },
    at: AT,
  });

  it('is paid of an instalment, in parts, and never beyond it', () => {
    const { data } = pay() as Extract<SupplyCommand, { type: 'PayInstalment' }>;
    const paid: SupplyEvent = { type: 'InstalmentPaid', data: { agreementId, ...data } };
    given(...agreement)
      .when(pay())
      .then(paid);
    given(...agreement, paid)
      .when(pay({ amount: '7450000.01' }))
      .thenRejects('supply/amount-exceeded', '/amount');
    given(...agreement, paid)
      .when(pay({ amount: '7450000.00' }))
      .then({ ...paid, data: { ...paid.data, amount: '7450000.00' } });
  });

  it.each([
    [{ instalment: 3 }, 'supply/instalment-unknown', '/instalment'],
    [{ leg: 2 }, 'supply/leg-kind', '/leg'],
    [{ leg: 3 }, 'supply/leg-unknown', '/leg'],
    [{ paidOn: '2023-09-04' }, 'supply/before-agreement', '/paidOn'],
    [{ paidOn: '2024-02-02' }, 'supply/act-in-future', '/paidOn'],
    [{ amount: '0.00' }, 'supply/amount-nothing', '/amount'],
    [{ amount: '0.001' }, 'supply/amount-too-fine', '/amount'],
  ])('is not paid so: %j', (over, code, pointer) => {
    given(...agreement)
      .when(pay(over))
      .thenRejects(code, pointer);
  });
});

describe('A contingent leg', () => {
  const miss = (at: string): SupplyCommand => ({
    type: 'MissValuationDeadline',
    data: { leg: 2 },
    at,
  });

  it('misses its day once that is over where the agreement is, and once', () => {
    given(...agreement)
      .when(miss('2024-01-01T05:59:59.999Z'))
      .thenNothing();
    given(...agreement)
      .when(miss('2024-01-01T06:00:00.000Z'))
      .then(missed);
    given(...agreement, missed)
      .when(miss('2024-01-02T00:00:00.000Z'))
      .thenNothing();
    given(...agreement, valued)
      .when(miss('2024-01-02T00:00:00.000Z'))
      .thenNothing();
  });

  it('is valued by price per share, rounded once; what is left over is named', () => {
    given(...agreement, missed)
      .when(valuationOf())
      .then(valued);
    given(...agreement, missed, valued)
      .when(valuationOf())
      .thenRejects('supply/leg-valued');
  });

  it('that is valued late has missed its day, whether the clock said so or not', () => {
    given(...agreement)
      .when(valuationOf())
      .then(missed, valued);
    given(...agreement)
      .when(valuationOf({ valuedOn: '2023-12-31' }))
      .then({ ...valued, data: { ...valued.data, valuedOn: '2023-12-31' } });
  });

  it('has a face and no amount until it is valued', () => {
    const pending = priceFigures(stateAfter(...agreement));
    expect(pending).toEqual({
      face: '77000000.00',
      valued: '23100000.00',
      performed: '0.00',
      remaining: '23100000.00',
      pendingFace: '53900000.00',
    });
    const after = stateAfter(...agreement, valued);
    expect(legFigures(after.legs[1]!, 'USD')).toEqual({
      face: '53900000.00',
      valued: '53900000.05',
      performed: '0.00',
      remaining: '53900000.05',
    });
  });

  const { data: cents } = valuationOf({ valuationId: 'valuation-2', pricePerShare: '5.02' });
  const cause = 'The plan rounds to cents';
  const correct = (pricePerShare = '5.02'): SupplyCommand => ({
    type: 'CorrectValuation',
    data: { ...cents, pricePerShare, reverses: 'valuation-1', cause },
    at: AT,
  });
  const issueOf = (shares: number) => ({
    leg: 2,
    issueId: 'issue',
    shares,
    issuedOn: '2024-01-23',
    holder: 'Affiliate',
    reference: 'DTC-1',
    documentDigest: DIGEST,
  });
  const issue = (shares: number): SupplyCommand => ({
    type: 'IssueShares',
    data: issueOf(shares),
    at: AT,
  });
  const issued = (shares: number): SupplyEvent => ({
    type: 'SharesIssued',
    data: { agreementId, ...issueOf(shares) },
  });

  it('is corrected by a reversing pair only', () => {
    given(...agreement, missed, valued)
      .when(correct())
      .then(
        {
          type: 'ValuationReversed',
          data: {
            agreementId,
            leg: 2,
            valuationId: 'valuation-1',
            effectiveOn: '2024-01-16',
            shares: 10_735_143,
            value: '53900000.05',
            cause,
          },
        },
        {
          type: 'ConsiderationValued',
          data: {
            agreementId,
            ...cents,
            face: '53900000.00',
            shares: 10_737_052,
            value: '53900001.04',
            remainder: '-1.04',
            corrects: 'valuation-1',
          },
        },
      );
    given(...agreement, missed)
      .when(correct())
      .thenRejects('supply/valuation-not-in-force');
  });

  it('that is corrected to a day after its own has missed it, if nobody has said so', () => {
    const early = { ...valued.data, valuedOn: '2023-12-30' };
    const command = { ...cents, pricePerShare: '5.02', reverses: 'valuation-1', cause };
    const state = stateAfter(...agreement, { ...valued, data: early });
    const types = supplyAggregate
      .decide({ type: 'CorrectValuation', data: command, at: AT }, state)
      .map(({ type }) => type);
    expect(types).toEqual(['ValuationReversed', 'ValuationDeadlineMissed', 'ConsiderationValued']);
  });

  it('is not corrected to a day after its shares were issued', () => {
    given(...agreement, missed, valued, issued(1))
      .when({
        type: 'CorrectValuation',
        data: { ...cents, valuedOn: '2024-01-24', reverses: 'valuation-1', cause },
        at: AT,
      })
      .thenRejects('supply/issue-before-valuation', '/valuedOn');
  });

  it('is not corrected below the shares that were issued', () => {
    given(...agreement, valued, issued(10_735_143))
      .when(correct('6'))
      .thenRejects('supply/shares-issued', '/pricePerShare');
  });

  it('is performed by issuing its shares, and no more than those', () => {
    given(...agreement)
      .when(issue(1))
      .thenRejects('supply/leg-not-valued', '/leg');
    given(...agreement, missed, valued)
      .when(issue(10_735_143))
      .then(issued(10_735_143));
    given(...agreement, valued, issued(10_735_142))
      .when(issue(2))
      .thenRejects('supply/shares-exceeded', '/shares');
    const { legs } = stateAfter(...agreement, valued, issued(10_735_143));
    expect(legFigures(legs[1]!, 'USD')).toMatchObject({
      performed: '53900000.05',
      remaining: '0.00',
    });
  });

  it('leaves over less than half a share, rounded half up, whatever the price', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 100n, max: 10n ** 12n }),
        fc.integer({ min: 1, max: 10 ** 9 }),
        (cents, micros) => {
          const face = `${cents / 100n}.${(cents % 100n).toString().padStart(2, '0')}`;
          const pricePerShare = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
          const quotient = exact(face).div(exact(pricePerShare));
          fc.pre(quotient.compare(exact(1)) >= 0);
          const terms = { pricePerShare, rounding: 'halfUp' } as const;
          if (quotient.compare(exact(Number.MAX_SAFE_INTEGER)) > 0) {
            expect(() => worthAt(terms, face, 'USD')).toThrow('comes to no number of shares');
            return;
          }
          const { shares, value, remainder } = worthAt(terms, face, 'USD');
          const left = exact(face)
            .sub(exact(pricePerShare).mul(exact(shares)))
            .abs();
          expect(left.compare(exact(pricePerShare).div(exact(2)))).toBeLessThanOrEqual(0);
          const sign = remainder.startsWith('-') ? -1n : 1n;
          const rest = sign * amountOf(remainder.replace('-', ''));
          expect(amountOf(value) + rest).toBe(amountOf(face));
        },
      ),
    );
  });
});
