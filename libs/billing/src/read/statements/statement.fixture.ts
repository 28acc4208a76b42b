import { exact, rounded } from '@hostledger/quantities';
import type { Statement, StatementLine } from '../../domain/statement.js';
import { Issuer, type Parties } from './parties.js';

// A statement as it might be: two sites, two terms versions, credits, bitcoin, and adjustments.

export const parties: Parties = {
  issuer: new Issuer('Example Hosting, Inc.', ['1 Grid Road', 'Austin, TX 78701']),
  customer: {
    customer_id: '0b6f9a52-7f0c-5d1e-9d47-5a3b1e0f7c11',
    name: 'Example Miners',
    legal_name: 'Example Miners Holdings LLC',
    country: 'US',
  },
  contract: {
    contract_id: '4f7be2b0-3c0e-5a5e-8a35-1d5d9f0f2a10',
    reference: 'HA-2023-11',
    title: 'Master hosting agreement',
    time_zone: 'America/Chicago',
    currency: 'USD',
  },
};

const march = { from: '2024-03-01T06:00:00.000Z', until: '2024-04-01T05:00:00.000Z' };

export const line = (number: number, own: Partial<StatementLine> = {}): StatementLine => ({
  number,
  key: `nameplateKwh/DENTON/v2/${number}`,
  component: 'nameplateKwh',
  description: 'Hosting fee, nameplate energy',
  facility: 'DENTON',
  termsVersion: 2,
  clauseRef: '4.1',
  window: march,
  quantity: '65159421.334',
  unit: 'kWh',
  rate: '0.0725',
  exactAmount: '944811609343/200000',
  rounding: { mode: 'halfUp', scale: 2 },
  amount: '4724058.05',
  currency: 'USD',
  ...own,
});

const lines: readonly StatementLine[] = [
  line(1),
  line(2, {
    facility: 'COTTONWOOD',
    termsVersion: 3,
    quantity: '1204.5',
    rate: '0.08',
    amount: '96.36',
    estimated: true,
  }),
  line(3, {
    component: 'uptimeCredit',
    description: 'Uptime credit, 98.204117 % of a promised 99 %',
    clauseRef: '7.2',
    unit: 'money',
    quantity: '4724154.41',
    rate: '1.591766',
    amount: '-75197.49',
  }),
  line(4, {
    component: 'proceedsShare',
    description: 'Share of what was mined, paid in bitcoin',
    unit: 'BTC',
    quantity: '12.40318',
    rate: '12.5',
    amount: '1.5503975',
    currency: 'BTC',
    rounding: { mode: 'down', scale: 8 },
  }),
  line(5, {
    description: 'Hosting fee, nameplate energy; recorded after the close',
    window: { from: '2024-02-01T06:00:00.000Z', until: march.from },
    amount: '-1820.07',
    adjusts: {
      month: '2024-02',
      statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a001',
      line: 1,
      cause: 'lateFact',
      before: '4400120.11',
    },
  }),
];

export const statement: Statement = {
  statementId: '9a1c2a64-8f2b-5c70-b1a5-0cf2c6c6a002',
  number: '2024-000017',
  kind: 'statement',
  contractId: parties.contract.contract_id,
  customerId: parties.customer.customer_id,
  month: '2024-03',
  issuedOn: '2024-04-05',
  dueOn: '2024-05-05',
  lines,
  totals: [
    { currency: 'USD', amount: '4647136.85' },
    { currency: 'BTC', amount: '1.55039750' },
  ],
  position: '184467',
  inputsDigest: '3b1f'.repeat(16),
  linesDigest: 'c0de'.repeat(16),
};

/** The statement with so many lines of machines moved one by one, to fill pages. */
export const longStatement = (count: number): Statement => {
  const moves = Array.from({ length: count }, (_, index) =>
    line(index + 1, {
      component: 'relocation',
      description: `Relocation of batch ${index + 1} between racks of the site, at the customer's request`,
      quantity: String(index + 1),
      unit: 'move',
      rate: '12.5',
      amount: movesCost(index + 1),
    }),
  );
  const amount = movesCost((count * (count + 1)) / 2);
  return { ...statement, lines: moves, totals: [{ currency: 'USD', amount }] };
};

const movesCost = (moves: number): string => rounded(exact(moves).mul(exact('12.5')), 2);
