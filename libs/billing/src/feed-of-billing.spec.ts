import '@hostledger/contracts';
import { PartyRules } from '@hostledger/feed';
import { recorded } from '@hostledger/testing';
import { accountAggregate } from './domain/account.js';
import { billingPeriodAggregate } from './domain/billing-period.js';
import { periodParties } from './periods.js';

// Whom events of billing concern, for readers of the feed that ask for one customer.

const rules = new PartyRules([periodParties]);
const contractId = 'contract-1';
const customerId = 'customer-1';
const period = `${billingPeriodAggregate.category}-contract-1.2024-03`;
const account = `${accountAggregate.category}-contract-1`;

const of = (stream: string, type: string, data: object) =>
  recorded(stream, [{ type, data: { contractId, ...data } }])[0]!;

describe('In the feed', () => {
  it('a statement concerns the customer that it is issued to', () => {
    const data = { month: '2024-03', statementId: 'statement-1', customerId };
    expect(rules.named(of(period, 'StatementIssued', data))).toEqual({
      contracts: [contractId],
      customers: [customerId],
    });
  });

  it('the lines of a month concern the customer that its close began with', () => {
    const began = of(period, 'PeriodCloseBegan', { month: '2024-03', customerId });
    expect(rules.changes(began)).toEqual([
      { stream: period, contract: contractId, customer: customerId },
    ]);
    const lines = of(period, 'PeriodLinesRecorded', { month: '2024-03', lines: [] });
    expect(rules.lookups(lines)).toEqual([period]);
  });

  it.each(['StatementEntered', 'PaymentReceived', 'PaymentApplied', 'PaymentReversed'])(
    '%s concerns the customer of the account',
    (type) => {
      expect(Object.keys(accountAggregate.events)).toContain(type);
      expect(rules.named(of(account, type, { customerId }))).toEqual({
        contracts: [contractId],
        customers: [customerId],
      });
    },
  );
});
