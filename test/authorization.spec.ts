import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Principal } from '@hostledger/http';
import { schemaFaults } from '@hostledger/testing';
import {
  alder,
  birch,
  draftedId,
  INTERNAL,
  nobody,
  passed,
  soldSerial,
  type OneCustomer,
} from './authorization/company.js';
import { run, type Operation, type Running } from './authorization/running.js';
import {
  addressOf,
  asCustomer,
  nameOf,
  outcomeOf,
  tableOf,
  Walker,
  type Walked,
} from './authorization/walk.js';

// Every operation of the API, asked by every role and for another customer's objects, against the table
// that is kept beside this file. UPDATE_AUTHORIZATION=1 writes it anew, for a review to see what changed.

const TABLE = join(__dirname, 'authorization.table.csv');
const AT_ONCE = 8;
/** Some 2,500 requests: a quarter of a minute, many times that where the machine is busy with others. */
const WALKED_WITHIN_MS = 300_000;

let running: Running;
let walker: Walker;
let walked: readonly Walked[];

/** In turns of a few at once; answers in the order of what was asked for. */
const each = async <T, R>(all: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> => {
  const done: R[] = [];
  for (let n = 0; n < all.length; n += AT_ONCE) {
    done.push(...(await Promise.all(all.slice(n, n + AT_ONCE).map(act))));
  }
  return done;
};

beforeAll(async () => {
  running = await run();
  walker = new Walker(running);
  walked = await each(running.operations, (operation) => walker.walk(operation));
}, WALKED_WITHIN_MS);

afterAll(() => (running as Running | undefined)?.close());

const openToCustomers = (): readonly Operation[] =>
  walked
    .filter(({ outcomes }) => outcomes['customer: own'] !== 'denied')
    .filter(({ outcomes }) => outcomes.nobody === 'no token')
    .map(({ operation }) => operation);

const namesOf = ({ customerId, legalName, contractId, serial, statementId }: OneCustomer) => [
  ...[customerId, legalName, legalName.split(' ')[0]!, contractId, serial, statementId],
];

describe('Who may do what', () => {
  it('is, for every operation and no other, what the table says', () => {
    const found = tableOf(walked);
    if (process.env['UPDATE_AUTHORIZATION']) writeFileSync(TABLE, found);
    expect(found).toBe(readFileSync(TABLE, 'utf8'));
  });

  it('is asked of every route that is not open to everybody', () => {
    expect(running.untold).toEqual([]);
  });

  it('was asked of a log that is what its schemas say', async () => {
    expect(await schemaFaults(await running.home.log())).toEqual([]);
  });

  it('never makes the server fail', () => {
    const failed = walker.requests.filter(({ answer }) => answer.status >= 500);
    expect(failed.map(({ operation, answer }) => [nameOf(operation), answer])).toEqual([]);
  });
});

describe('What was denied', () => {
  it('changed nothing: no event follows from such a request', async () => {
    const denied = new Set(
      walker.requests
        .filter(({ answer }) => answer.status === 401 || answer.status === 403)
        .map(({ correlationId }) => correlationId),
    );
    expect(denied.size).toBeGreaterThan(1_000);
    const caused = (await running.home.log()).filter(({ metadata }) =>
      denied.has(metadata.$correlationId),
    );
    expect(caused).toEqual([]);
  });
});

describe('Customers', () => {
  it('write nothing, in whatever role', async () => {
    const writes = running.operations.filter(({ method }) => method !== 'GET');
    const admin: Principal = { ...asCustomer(alder), roles: ['admin', 'customer'] };
    const answers = await each(writes, (operation) =>
      walker.ask(operation, 'admin of a customer', admin, addressOf(operation, alder)),
    );
    expect(answers.filter(({ status }) => status !== 403)).toEqual([]);
  });

  it('see as much in any role as in that of a customer', async () => {
    const reads = walked.filter(({ operation }) => operation.method === 'GET');
    const admin: Principal = { ...asCustomer(alder), roles: ['admin', 'auditor'] };
    const found = await each(reads, async ({ operation }) => {
      const address = addressOf(operation, alder);
      const answer = await walker.ask(operation, 'admin of a customer', admin, address);
      return [nameOf(operation), outcomeOf(answer, true)];
    });
    expect(found).toEqual(
      reads.map(({ operation, outcomes }) => [nameOf(operation), outcomes['customer: own']]),
    );
  });

  it('see nothing where they are customers of nobody', async () => {
    const answers = await each(openToCustomers(), async (operation) => {
      const none: Principal = { subject: 'walker-none', roles: ['customer'] };
      const answer = await walker.ask(
        operation,
        'of no customer',
        none,
        addressOf(operation, alder),
      );
      return [nameOf(operation), outcomeOf(answer, true)];
    });
    expect(answers.filter(([, outcome]) => outcome === 'ok')).toEqual([]);
  });

  it('are told of another’s object what they are told of one that does not exist', async () => {
    const answers = await each(openToCustomers(), async (operation) => {
      const asked = async (of: OneCustomer) => {
        const address = addressOf(operation, of, '');
        const answer = await walker.ask(operation, 'compared', asCustomer(birch), address);
        const text = namesOf(of).reduce((all, name) => all.replaceAll(name, 'IT'), answer.text);
        const same = text.replaceAll(/"correlationId":"[^"]*"/g, '');
        return { operation: nameOf(operation), status: answer.status, same };
      };
      return [await asked(alder), await asked(nobody)];
    });
    expect(answers.length).toBeGreaterThan(20);
    for (const [foreign, missing] of answers) expect(foreign).toEqual(missing);
  });

  it('are told nothing of other customers, and nothing of who did it', () => {
    const told = walker.requests.filter(
      ({ column, answer }) =>
        (column.includes('customer') || column === 'compared') && answer.status < 300,
    );
    const open = told.filter(({ operation }) => operation.path.startsWith('/v1/'));
    expect(open.length).toBeGreaterThan(40);
    const ofBirch = namesOf(birch);
    const ofAlder = namesOf(alder);
    const leaks = open.flatMap(({ operation, column, answer: { text } }) => {
      const others = column === "customer: another's" || column === 'compared' ? ofAlder : ofBirch;
      const names = [...others, ...INTERNAL].filter((name) => text.includes(name));
      return names.length === 0 ? [] : [[nameOf(operation), column, names]];
    });
    expect(leaks).toEqual([]);
  });
});

/** As this customer; the body where it is answered, the code of the problem where it is not. */
const told = async <Body = Record<string, unknown>>(
  url: string,
  ...customers: readonly OneCustomer[]
): Promise<Body> => {
  const { status, text } = await running.ask('GET', `/v1${url}`, asCustomer(...customers));
  const body = JSON.parse(text) as { code?: string };
  return (status < 300 ? body : body.code) as Body;
};

interface Listed {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly nextCursor?: string;
}
const listed = async (key: string, url: string, ...customers: readonly OneCustomer[]) =>
  (await told<Listed>(url, ...customers)).items.map((item) => item[key]);

describe('A list', () => {
  it.each([
    ['/contracts', 'customerId', 'customerId'],
    ['/miners', 'customerId', 'customerId'],
    ['/miners', 'contractId', 'contractId'],
    ['/miners', 'deliveryId', 'deliveryId'],
    ['/miners', 'serial', 'serial'],
    ['/statements', 'customerId', 'customerId'],
    ['/statements', 'contractId', 'contractId'],
    ['/billing/accounts', 'customerId', 'customerId'],
    ['/usage', 'customerId', 'customerId'],
    ['/usage', 'contractId', 'contractId'],
    ['/usage', 'serial', 'serial'],
    ['/usage/machines/BIRCH0001', 'contractId', 'contractId'],
  ] as const)('of %s by %s does not tell what is there of others', async (path, filter, key) => {
    const [foreign, missing] = await Promise.all(
      [alder, nobody].map(async (one) => {
        const window = path.startsWith('/usage') ? '&from=2024-01-01&until=2024-02-01' : '';
        const url = `/v1${path}?${filter}=${one[key]}${window}`;
        const { status, text } = await running.ask('GET', url, asCustomer(birch));
        const name = text.replaceAll(one[key], 'IT');
        return { status, text: name.replace(/"correlationId":"[^"]*"/, '') };
      }),
    );
    expect(foreign).toEqual(missing);
    expect(outcomeOf(foreign!, true)).toMatch(/nothing|unknown/);
  });

  it('goes on from the place in it of somebody who sees more, with what is the customer’s own', async () => {
    const auditor: Principal = { subject: 'walker-auditor', roles: ['auditor'] };
    for (const path of [
      '/contracts',
      '/miners',
      '/statements',
      '/billing/accounts',
      '/customers',
    ]) {
      const { text } = await running.ask('GET', `/v1${path}?limit=1`, auditor);
      const { nextCursor } = JSON.parse(text) as Listed;
      const url = `${path}?cursor=${nextCursor}`;
      const answer = JSON.stringify(await told(url, birch));
      expect(namesOf(alder).filter((name) => answer.includes(name))).toEqual([]);
    }
  });

  it('has what is of several customers in its own order, page by page', async () => {
    const all = await listed('contractId', '/contracts', alder, birch);
    expect(all).toEqual([alder.contractId, birch.contractId, passed.contractId].toSorted());
    const found: unknown[] = [];
    let cursor = '';
    do {
      const page = await told<Listed>(`/contracts?limit=1${cursor}`, alder, birch);
      found.push(...page.items.map(({ contractId }) => contractId));
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(found).toEqual(all);
  });
});

describe('A contract', () => {
  const { contractId } = passed;

  it('that is not signed yet is nobody’s to see', async () => {
    expect(await told(`/contracts/${draftedId}`, birch)).toBe('contract/unknown');
    expect(await listed('contractId', '/contracts', birch)).not.toContain(draftedId);
    const early = `/contracts/${birch.contractId}?knownAt=2000-01-01T00:00:00Z`;
    expect(await told(early, birch)).toBe('contract/unknown');
  });

  it('is with all that it holds the one’s who took it over', async () => {
    expect(await told(`/contracts/${contractId}`, birch)).toMatchObject({ depositHeld: '800.00' });
    expect(await listed('version', `/contracts/${contractId}/terms`, birch)).toEqual([1]);
    for (const part of ['', '/terms', '/orders', '/allocations', '/deposits', '/timeline']) {
      expect(await told(`/contracts/${contractId}${part}`, alder)).toBe('contract/unknown');
    }
    expect(await listed('contractId', '/contracts', alder)).toEqual([alder.contractId]);
  });

  it('has no past for that one before it took over', async () => {
    const on = (day: string) => told(`/contracts/${contractId}?asOf=${day}`, birch);
    expect(await on('2024-02-01')).toBe('contract/unknown');
    expect(await on('2024-03-05')).toMatchObject({ customerId: birch.customerId });
    const { items } = await told<Listed>(`/contracts/${contractId}/timeline`, birch);
    expect(items).toMatchObject([{ type: 'PartyAssigned', data: { contractId } }]);
    expect(Object.keys(items[0]!)).not.toContain('actor');
    expect(JSON.stringify(items)).not.toContain(alder.customerId);
  });

  it('has papers that stay with whom they were addressed to, in every form', async () => {
    const { before, after } = passed;
    const ofContract = `/statements?contractId=${contractId}`;
    expect(await listed('statementId', ofContract, alder)).toEqual([before]);
    expect(await listed('statementId', ofContract, birch)).toEqual([after]);
    for (const format of ['json', 'csv', 'pdf']) {
      const url = `/v1/statements/${before}?format=${format}`;
      expect(await running.ask('GET', url, asCustomer(alder))).toMatchObject({ status: 200 });
      expect(await running.ask('GET', url, asCustomer(birch))).toMatchObject({ status: 404 });
    }
  });

  it('has an account of which each sees its own part', async () => {
    const url = `/billing/accounts/${contractId}`;
    const [old, present] = await Promise.all([alder, birch].map((one) => told(url, one)));
    expect(old).toMatchObject({
      customerId: alder.customerId,
      balances: [{ balance: '61.60', disputed: '10.00' }],
      statements: [{ statementId: passed.before }],
      payments: [{ paymentId: passed.paymentId }],
      disputes: [{ disputeId: passed.disputeId }],
      deposits: [],
    });
    expect(present).toMatchObject({
      customerId: birch.customerId,
      balances: [{ balance: '111.60', disputed: '0.00' }],
      statements: [{ statementId: passed.after }],
      payments: [],
      disputes: [],
      deposits: [{ balance: '800.00' }],
    });
    expect(present).not.toHaveProperty('writeOffs');
    expect(await listed('balance', `${url}/entries`, alder)).toEqual(['111.60', '61.60']);
    expect(await listed('balance', `${url}/entries`, birch)).toEqual(['111.60']);
    const types = (one: OneCustomer) => listed('type', `${url}/timeline`, one);
    expect(await types(birch)).toEqual(['StatementEntered']);
    expect(await types(alder)).toEqual([
      ...['StatementEntered', 'PaymentReceived', 'PaymentApplied', 'DisputeRaised'],
    ]);
  });
});

describe('A machine that was sold', () => {
  it('is known to its owner from the sale on', async () => {
    const { places } = await told<{ places: readonly object[] }>(
      `/miners/${soldSerial}/history`,
      birch,
    );
    expect(places).toMatchObject([
      { kind: 'relocation', from: { slot: 19 }, to: { slot: 20 } },
      { to: { kind: 'storage' } },
      { to: { kind: 'vendor' } },
    ]);
    expect(await listed('type', `/miners/${soldSerial}/timeline`, birch)).toEqual([
      ...['TitleTransferred', 'MinerRelocated', 'RepairOpened', 'MinerUninstalled'],
      'MinerSentToVendor',
    ]);
    expect(await told(`/miners/${soldSerial}`, alder)).toBe('miner/unknown');
    expect(await told(`/miners/${soldSerial}/history`, alder)).toBe('miner/unknown');
  });

  it('was used by each in its own time', async () => {
    const used = (one: OneCustomer, month: string, until: string) =>
      listed('serial', `/usage?serial=${soldSerial}&from=${month}&until=${until}`, one);
    expect(await used(alder, '2024-01-01', '2024-02-01')).toEqual([soldSerial]);
    expect(await used(birch, '2024-01-01', '2024-02-01')).toEqual([]);
    expect(await used(birch, '2024-03-01', '2024-04-01')).toEqual([soldSerial]);
    const url = `/usage/machines/${soldSerial}?from=2024-01-01&until=2024-04-01`;
    const { segments } = await told<{ segments: readonly { from: string }[] }>(url, birch);
    expect(segments.every(({ from }) => from >= '2024-03-01')).toBe(true);
  });
});
