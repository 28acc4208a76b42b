import { randomUUID } from 'node:crypto';
import { COMPANY_ROLES, type Principal } from '@hostledger/http';
import { alder, birch, nobody, SITE, type OneCustomer } from './company.js';
import type { Answer, Operation, Running } from './running.js';

// Every operation, asked by everybody: what is let through is told by a word.

export const COLUMNS = [
  ...COMPANY_ROLES,
  'customer: own',
  "customer: another's",
  'nobody',
] as const;
export type Column = (typeof COLUMNS)[number];

/**
 * - `ok`: answered;
 * - `nothing`: a list without items;
 * - `passes`: let through and refused for what was sent, since nothing sensible is;
 * - `unknown`: as what does not exist;
 * - `denied`: 403; `no token`: 401.
 */
export type Outcome = 'ok' | 'nothing' | 'passes' | 'unknown' | 'denied' | 'no token' | 'failed';

export interface Walked {
  readonly operation: Operation;
  readonly outcomes: Readonly<Record<Column, Outcome>>;
}

export interface Request {
  readonly operation: Operation;
  readonly column: string;
  readonly correlationId: string;
  readonly answer: Answer;
}

export const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;

const staff = (role: (typeof COMPANY_ROLES)[number]): Principal => ({
  subject: `walker-${role}`,
  roles: [role],
});
export const asCustomer = (...customers: readonly OneCustomer[]): Principal => ({
  subject: 'walker-customer',
  roles: ['customer'],
  customers: customers.map(({ customerId }) => customerId),
});

/** The address of an operation for the objects of a customer; what is no customer's is named at random. */
export const addressOf = ({ path }: Operation, of: OneCustomer, more = ''): string => {
  const known: Readonly<Record<string, string>> = {
    ...of,
    line: '1',
    month: '2024-01',
    code: SITE,
    rack: 'A1',
    version: '1',
    leg: '1',
    position: '1',
    run: '1',
    option: '1',
    name: 'none',
    type: 'none',
    table: 'none',
    event: randomUUID(),
    stream: `hostingContract-${of.contractId}`,
  };
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name] ?? randomUUID());
  const query = [path === '/v1/usage' || path.startsWith('/v1/usage/') ? WINDOW : '', more];
  const asked = query.filter((part) => part !== '').join('&');
  return asked === '' ? named : `${named}?${asked}`;
};

const WINDOW = 'from=2024-01-01&until=2024-02-01';

/** Lists that take the id of a customer: another's is asked for. */
const FILTERED = [
  '/v1/contracts',
  '/v1/miners',
  '/v1/statements',
  '/v1/billing/accounts',
  '/v1/usage',
];

export const outcomeOf = ({ status, text }: Answer, isRead: boolean): Outcome => {
  if (status === 401) return 'no token';
  if (status === 403) return 'denied';
  if (status >= 500 && status !== 503) return 'failed';
  if (status < 300) return /"items":\[\]/.test(text) ? 'nothing' : 'ok';
  return isRead && status === 404 ? 'unknown' : 'passes';
};

export class Walker {
  readonly requests: Request[] = [];

  constructor(private readonly running: Running) {}

  async ask(
    operation: Operation,
    column: string,
    by: Principal | undefined,
    address: string,
  ): Promise<Answer> {
    const correlationId = `walk-${this.requests.length}`;
    const headers = { 'x-correlation-id': correlationId };
    const answer = await this.running.ask(operation.method, address, by, headers);
    this.requests.push({ operation, column, correlationId, answer });
    return answer;
  }

  async walk(operation: Operation): Promise<Walked> {
    const isRead = operation.method === 'GET';
    // Those who may act, act on what does not exist; those who may not, on what does.
    const forStaff = addressOf(operation, isRead ? alder : nobody);
    const outcomes: Partial<Record<Column, Outcome>> = {};
    for (const role of COMPANY_ROLES) {
      const answer = await this.ask(operation, role, staff(role), forStaff);
      const outcome = outcomeOf(answer, isRead);
      outcomes[role] = outcome === 'nothing' || outcome === 'unknown' ? 'passes' : outcome;
      // Company roles are told apart by the gate alone, whatever there is to be found.
      if (outcomes[role] === 'ok') outcomes[role] = 'passes';
    }
    const own = addressOf(operation, alder);
    const filter = FILTERED.includes(operation.path) ? `customerId=${alder.customerId}` : '';
    const others = addressOf(operation, alder, filter);
    const told = await this.ask(operation, 'customer: own', asCustomer(alder), own);
    const kept = await this.ask(operation, "customer: another's", asCustomer(birch), others);
    const closed = await this.ask(operation, 'nobody', undefined, own);
    return {
      operation,
      outcomes: {
        ...(outcomes as Record<Column, Outcome>),
        'customer: own': outcomeOf(told, isRead),
        "customer: another's": outcomeOf(kept, isRead),
        nobody: outcomeOf(closed, isRead),
      },
    };
  }
}

export const tableOf = (walked: readonly Walked[]): string =>
  [
    ['operation', ...COLUMNS].join(','),
    ...walked
      .map(({ operation, outcomes }) => [
        nameOf(operation),
        ...COLUMNS.map((column) => outcomes[column]),
      ])
      .map((fields) => fields.join(','))
      .sort(),
    '',
  ].join('\n');
