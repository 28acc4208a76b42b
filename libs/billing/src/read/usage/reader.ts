import type { Kysely } from 'kysely';
import type { CustomerRow } from '@hostledger/contracts';
import { DomainError } from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  cursorOf,
  cursorValues,
  DEFAULT_LIMIT,
  requestClock,
  sees,
  type Page,
  type ReadOptions,
  type Scope,
} from '@hostledger/http';
import { segmentsOf, type UsageSegment } from '../../domain/machine-usage.js';
import { addUsage, type Excuse, type Usage, type UsageGroup } from '../../domain/usage.js';
import {
  factsOfMachines,
  machinesWithin,
  type MachineFactsTables,
} from '../machine-facts/query.js';
import { mustKnowFacility, mustKnowParties, type FacilityTables } from '../known.js';
import { excusesOf, type TermsTables } from './excuses.js';
import { usedView, type UsageList, type UsageView } from './views.js';
import { windowOf, type UsageWindow } from './window.js';

export interface UsageTables extends MachineFactsTables, TermsTables, FacilityTables {
  customers: Pick<CustomerRow, 'customer_id'>;
}

/** What is asked for, in a zone; under the terms of a contract where one is named. */
export interface AskedWindow extends UsageWindow {
  readonly excuses?: readonly Excuse[];
}

interface Asked {
  readonly contractId?: string;
  readonly customerId?: string;
  readonly facility?: string;
  readonly serial?: string;
  readonly from: string;
  readonly until: string;
  readonly position?: string;
  /** Whose stretches are seen. */
  readonly scope?: Scope;
}

interface AskedPage extends Asked, Page {
  readonly per?: UsageGroup;
}

/** Beyond every position that a log can have. */
const END_OF_LOG = 2n ** 63n - 1n;
/** Of one read: a few hundred milliseconds. */
const MACHINES_OF_ONE_READ = 2_000;
/** At once, so that a small page is not looked for in many small steps. */
const LEAST_MACHINES_LOOKED_AT = 100;
/** What is looked through for one page where most machines have left by then. */
const MAX_MACHINES_OF_PAGE = 10_000;
/** What is added up for one answer. */
const MAX_MACHINES = 100_000;
const MAX_MACHINE_DAYS = 3_000_000;

/** At which position an answer is true, and what counts for it. */
export const scopeOf = (
  { position }: Pick<Asked, 'position'>,
  { minPosition = 0n }: ReadOptions,
) => {
  const known = position === undefined ? END_OF_LOG : BigInt(position);
  return {
    minPosition: position !== undefined && known > minPosition ? known : minPosition,
    known,
  };
};

/** The stretches that are asked for. */
export const ofScope =
  ({ contractId, customerId, facility, scope = {} }: Omit<Asked, 'from' | 'until'>) =>
  (segment: UsageSegment): boolean =>
    sees(scope, segment.customerId) &&
    (contractId === undefined || segment.contractId === contractId) &&
    (customerId === undefined || segment.customerId === customerId) &&
    (facility === undefined || segment.facility === facility);

/**
 * The window in the time zone of the contract, where one is named.
 * @throws DomainError where what is named is unknown, or the window is none.
 */
export const zoneOf = async (
  db: Kysely<UsageTables>,
  asked: Omit<Asked, 'position'>,
): Promise<AskedWindow> => {
  const { contractId } = asked;
  await mustKnowParties(db, asked, asked.scope);
  await mustKnowFacility(db, asked);
  if (contractId === undefined) return windowOf(asked, 'UTC', requestClock.now());
  const contract = await db
    .selectFrom('contracts')
    .select('time_zone')
    .where('contract_id', '=', contractId)
    .executeTakeFirstOrThrow();
  const { time_zone: timeZone } = contract;
  const window = windowOf(asked, timeZone, requestClock.now());
  return { ...window, excuses: await excusesOf(db, contractId, timeZone) };
};

/** One machine, or those that have ever been within what is asked for. */
const machinesAsked = async (
  db: Kysely<UsageTables>,
  asked: Asked,
  known: { readonly until: string; readonly position: bigint },
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<string[]> => {
  const { serial, contractId, customerId, facility } = asked;
  if (serial !== undefined) return after === undefined || serial > after ? [serial] : [];
  const page = { ...known, limit, ...(after !== undefined && { after }) };
  if (contractId !== undefined) return machinesWithin(db, { contractId }, page);
  if (customerId !== undefined) return machinesWithin(db, { customerId }, page);
  return machinesWithin(db, { facility }, page);
};

interface Answer {
  readonly position: bigint;
  readonly list: UsageList;
}

/** Answers what machines used from the facts of their lives. */
export class UsageReader {
  constructor(private readonly readModels: Pick<ReadModels, 'read'>) {}

  async list(wanted: AskedPage, at: ReadOptions): Promise<Answer> {
    const asked = { ...wanted, ...ownCustomer(wanted) };
    const { contractId, customerId, facility, serial, per = 'machine' } = asked;
    if ([contractId, customerId, facility, serial].every((one) => one === undefined)) {
      throw new DomainError(
        'invalid',
        'usage/scope-missing',
        'Name a contract, a customer, a facility or a machine',
      );
    }
    return per === 'machine' ? this.byMachine(asked, at) : this.grouped(asked, per, at);
  }

  /** Reads no more machines than a page needs. */
  private async byMachine(asked: AskedPage, at: ReadOptions): Promise<Answer> {
    const { limit = DEFAULT_LIMIT, cursor } = asked;
    const { minPosition, known } = scopeOf(asked, at);
    const list = 'usage machine';
    const begin = cursor === undefined ? undefined : cursorValues(cursor, list, 1)[0]!;
    const { position, value } = await this.readModels.read<UsageTables, UsageList>(
      { minPosition },
      async (db) => {
        const window = await zoneOf(db, asked);
        const upTo = { until: window.until, position: known };
        const chunk = Math.max(limit, LEAST_MACHINES_LOOKED_AT);
        const totals = new Map<string, Usage>();
        let after = begin;
        let isEnd = false;
        for (let seen = 0; !isEnd && totals.size < limit && seen < MAX_MACHINES_OF_PAGE;) {
          const serials = await machinesAsked(db, asked, upTo, { after, limit: chunk });
          await this.add(db, asked, window, serials, totals, 'machine', known);
          seen += chunk;
          after = serials.at(-1) ?? after;
          isEnd = serials.length < chunk;
        }
        const items = [...totals].slice(0, limit);
        if (totals.size > limit) [after] = items.at(-1)!;
        const isLast = isEnd && totals.size <= limit;
        return listOf(window, 'machine', items, isLast ? undefined : cursorOf(list, [after]));
      },
    );
    return { position, list: value };
  }

  /** Everything that is asked for, as it was known at the position of the first read. */
  private async grouped(asked: AskedPage, per: UsageGroup, at: ReadOptions): Promise<Answer> {
    const { limit = DEFAULT_LIMIT, cursor } = asked;
    const { minPosition, known } = scopeOf(asked, at);
    const list = `usage ${per}`;
    const after = cursor === undefined ? undefined : cursorValues(cursor, list, 1)[0]!;
    const first = await this.readModels.read<UsageTables, [AskedWindow, string[]]>(
      { minPosition },
      async (db) => {
        const window = await zoneOf(db, asked);
        const upTo = { until: window.until, position: known };
        return [window, await machinesAsked(db, asked, upTo, { limit: MAX_MACHINES + 1 })];
      },
    );
    const { position } = first;
    const [window, serials] = first.value;
    mustBeFew(serials.length, per === 'day' ? window.days.length : 1);
    const pinned = known < position ? known : position;
    const totals = new Map<string, Usage>();
    for (let n = 0; n < serials.length; n += MACHINES_OF_ONE_READ) {
      const some = serials.slice(n, n + MACHINES_OF_ONE_READ);
      await this.readModels.read<UsageTables, void>({ minPosition: position }, (db) =>
        this.add(db, asked, window, some, totals, per, pinned),
      );
    }
    const keys = [...totals.keys()].sort().filter((key) => after === undefined || key > after);
    const page = keys.slice(0, limit);
    const next = keys.length > limit ? cursorOf(list, [page.at(-1)]) : undefined;
    const shown = page.map((key) => [key, totals.get(key)!] as const);
    return { position, list: listOf(window, per, shown, next) };
  }

  private async add(
    db: Kysely<UsageTables>,
    asked: Asked,
    window: AskedWindow,
    serials: readonly string[],
    totals: Map<string, Usage>,
    per: UsageGroup,
    position: bigint,
  ): Promise<void> {
    const lives = await factsOfMachines(db, serials, { until: window.until, position });
    const isAsked = ofScope(asked);
    for (const facts of lives.values()) {
      const segments = segmentsOf(facts, window).filter(isAsked);
      addUsage(totals, segments, per, window.days, window.excuses);
    }
  }
}

/** Who is limited to one customer asks for what was that one's. */
const ownCustomer = ({ customerId, scope }: AskedPage): Pick<Asked, 'customerId'> => {
  const [only, ...others] = scope?.customers ?? [];
  return customerId === undefined && only !== undefined && others.length === 0
    ? { customerId: only }
    : {};
};

const mustBeFew = (machines: number, days: number): void => {
  if (machines <= MAX_MACHINES && machines * days <= MAX_MACHINE_DAYS) return;
  throw new DomainError(
    'invalid',
    'usage/too-much',
    `At most ${MAX_MACHINES} machines, and ${MAX_MACHINE_DAYS} days of machines, are added up`,
    { machines, days, maxMachines: MAX_MACHINES, maxMachineDays: MAX_MACHINE_DAYS },
  );
};

const KEY = {
  machine: 'serial',
  day: 'day',
  facility: 'facility',
  contract: 'contractId',
  customer: 'customerId',
} as const;

const listOf = (
  { from, until, timeZone, excuses }: AskedWindow,
  per: UsageGroup,
  usages: readonly (readonly [string, Usage])[],
  nextCursor: string | undefined,
): UsageList => ({
  ...{ from, until, timeZone },
  items: usages.map(([key, usage]): UsageView => ({
    ...(per !== 'total' && key !== '' && { [KEY[per]]: key }),
    ...usedView(usage, excuses),
  })),
  ...(nextCursor !== undefined && { nextCursor }),
});
