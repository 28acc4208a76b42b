import { deriveId } from '@hostledger/eventsourcing';
import { CUSTOMERS, FACILITIES } from '../scale/history.js';
import type { ApiCaller } from './api-caller.js';

// What is asked of a fleet of the generated history, and of which machines.

/** Addresses of one kind; asked for in turn. */
const PATHS = 997;
/** Pages read to find machines that stand in slots, and of how many each. */
const LOOKS = 200;
const FOUND_AT_ONCE = 25;
/** Moves of a plan, which nobody approves. */
const PLANNED = 10_000;
const DEEP_PAGE = 1_000;

/** What of a history has to be looked up before it can be asked for. */
export interface Fleet {
  readonly machines: number;
  /** Machines in slots, from all over the history. */
  readonly installed: readonly string[];
  /** Cursor of the page in the middle of all machines. */
  readonly deep: string;
  readonly relocationId: string;
}

type Addresses = (fleet: Fleet) => readonly string[];

const MODELS = ['S19JXP-151', 'S19XP-140', 'S19JPRO-104', 'S19PRO-110'] as const;
const NAMES = FACILITIES.map(({ facility }) => facility);

const facilities = (path: (facility: string) => string): Addresses => {
  const paths = NAMES.map(path);
  return () => paths;
};

/** Of the room of a customer of the history, or of its contract. */
const customers = (kind: 'customer' | 'contract', path: (id: string) => string): Addresses => {
  const numbers = Array.from({ length: CUSTOMERS }, (_, number) => number);
  return () => numbers.map((number) => path(deriveId('generated', kind, number)));
};

const scattered =
  (path: (serial: string) => string): Addresses =>
  ({ machines }) =>
    Array.from({ length: PATHS }, (_, n) => path(serialOf(Math.floor((n * machines) / PATHS))));

const planned =
  (path: (plan: string, fleet: Fleet) => string): Addresses =>
  (fleet) => [path(`/v1/relocation-plans/${fleet.relocationId}`, fleet)];

const serialOf = (number: number): string => `GEN${String(number).padStart(7, '0')}`;

export const READS: readonly (readonly [string, Addresses])[] = [
  ['a machine by serial number', scattered((serial) => `/v1/miners/${serial}`)],
  ['the history of a machine', scattered((serial) => `/v1/miners/${serial}/history`)],
  [
    'a page of machines by prefix',
    scattered((serial) => `/v1/miners?serial=${serial.slice(0, -2)}&limit=100`),
  ],
  [
    'a page of machines of a facility',
    facilities((facility) => `/v1/miners?facility=${facility}&limit=100`),
  ],
  [
    'a page of machines of a rack',
    facilities((facility) => `/v1/miners?facility=${facility}&rack=R0001&limit=100`),
  ],
  [
    'a page of machines of a model',
    () => MODELS.map((model) => `/v1/miners?model=${model}&limit=100`),
  ],
  [
    'a page of stored machines of a model at a facility',
    facilities((f) => `/v1/miners?facility=${f}&model=${MODELS[0]}&state=stored&limit=100`),
  ],
  ['a page of retired machines', () => ['/v1/miners?state=retired&limit=100']],
  [
    'a page of machines of a customer',
    customers('customer', (id) => `/v1/miners?customerId=${id}&limit=100`),
  ],
  [
    'a page of machines of a contract',
    customers('contract', (id) => `/v1/miners?contractId=${id}&limit=100`),
  ],
  ['a page of machines that draw power', () => ['/v1/miners?energized=true&limit=100']],
  ['a page of machines under repair', () => ['/v1/miners?underRepair=true&limit=100']],
  ['a page in the middle of all machines', ({ deep }) => [`/v1/miners?limit=100&cursor=${deep}`]],
  ['the latest moves', () => ['/v1/moves?limit=100']],
  ['the moves of a machine', scattered((serial) => `/v1/moves?serial=${serial}`)],
  ['the latest moves of a facility', facilities((f) => `/v1/moves?facility=${f}&limit=100`)],
  [
    'the latest moves of a customer',
    customers('customer', (id) => `/v1/moves?customerId=${id}&limit=100`),
  ],
  ['moves years back', () => ['/v1/moves?until=2021-06-01T00:00:00Z&limit=100']],
  [
    'the moves of a plan that are not begun',
    planned((plan) => `${plan}/moves?state=planned&limit=100`),
  ],
  [
    'a machine in a plan',
    planned((plan, { installed }) => `${plan}/moves?serial=${installed.at(-1)}`),
  ],
  ['the racks of a facility', facilities((f) => `/v1/facilities/${f}/racks?limit=100`)],
  ['the fleet mix', () => ['/v1/fleet/mix']],
  ['the fleet mix years back', () => ['/v1/fleet/mix?on=2021-12-31']],
  ['deployments by year and family', () => ['/v1/fleet/deployments?by=year&groupBy=family']],
];

/** Addresses of a command on one machine each. */
export const identifierPaths = ({ installed }: Fleet): readonly string[] =>
  installed.map((serial) => `/v1/miners/${serial}/identifiers`);

/** A number that was read off a machine: an event on the stream of a machine that exists. */
export const identifier = { kind: 'powerSupply', value: 'PSU-{unique}' } as const;

interface Page {
  readonly items: readonly { readonly serial: string }[];
  readonly nextCursor?: string;
}

export const lookUp = async (system: ApiCaller, machines: number): Promise<Fleet> => {
  const page = async (query: string): Promise<Page> =>
    (await system.call('GET', `/v1/miners?${query}`)).body as Page;
  const installed: string[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    // The last two digits are left open, so a look is at a hundred machines.
    const prefix = serialOf(Math.floor((look * machines) / LOOKS)).slice(0, -2);
    const found = await page(`serial=${prefix}&state=installed&limit=${FOUND_AT_ONCE}`);
    installed.push(...found.items.map(({ serial }) => serial));
  }
  const unique = [...new Set(installed)];
  let deep = '';
  for (let seen = 0; seen < machines / 2; seen += DEEP_PAGE) {
    const { nextCursor } = await page(`limit=${DEEP_PAGE}&cursor=${deep}`.replace(/&cursor=$/, ''));
    if (nextCursor === undefined) break;
    deep = encodeURIComponent(nextCursor);
  }
  return { machines, installed: unique, deep, relocationId: await plan(system, unique) };
};

/** As many moves whatever the fleet: what is measured is the plan among the moves of the others. */
const plan = async (system: ApiCaller, installed: readonly string[]): Promise<string> => {
  const lines = Array.from({ length: PLANNED }, (_, n) => {
    const serial = installed[n] ?? `PLAN${String(n).padStart(7, '0')}`;
    return [serial, NAMES[0], `P-${Math.floor(n / 100)}`, (n % 100) + 1].join(',');
  });
  const csv = ['serial,facility,rack,slot', ...lines].join('\n');
  const answer = await system.call('POST', '/v1/relocation-plans?reference=READ&cause=Bench', csv);
  return (answer.body as { relocationId: string }).relocationId;
};
