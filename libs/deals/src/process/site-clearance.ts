import {
  deriveId,
  hashOf,
  processContext,
  processItemColumns,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
  type Recorded,
} from '@hostledger/eventsourcing';
import type { FleetWhereabouts, MachineAtSite, MachineWhereabouts } from '@hostledger/fleet';
import type { LegWaived, SettlementApproved } from '../domain/settlement-events.js';
import {
  clearanceId,
  MACHINES_PER_EVENT,
  siteClearanceAggregate,
  type CallOffCause,
  type Clearance,
  type ClearanceCalledOff,
  type ClearanceCommand,
  type GoneMachine,
  type MachinesCounted,
  type SiteCleared,
} from '../domain/site-clearance.js';
import { PRESENCE_TYPES, presenceChange, type PresenceEvent } from './site-presence.js';

/** Nothing to do before machines came or the last one left, which makes the item due. */
const NEVER = '9999-12-31T00:00:00.000Z';
/** Of one look; machines come to a site that is given away once in a while at most. */
const MAX_READINGS = 10;

/** Machines that came or left, by the position of the event that says so. */
type Moves = readonly { readonly position: string; readonly change: 1 | -1 }[];

/** A site that is given away; `item_id` is its code. */
export interface OpenClearance extends ProcessItem {
  /** Null when nothing is left to do but to call others off. */
  readonly settlement_id: string | null;
  /** A look at the site has to know this much of the log. */
  readonly position: bigint;
  /** Machines at the site or on their way to it; null until they were counted once. */
  readonly machines: number | null;
  /** Since the last look: it may not have seen them. */
  readonly moves: Moves;
  /** Clearances of the site that come to nothing. */
  readonly to_call_off: readonly { readonly settlementId: string; readonly cause: CallOffCause }[];
}

type Watched =
  | SettlementApproved
  | LegWaived
  | MachinesCounted
  | SiteCleared
  | ClearanceCalledOff
  | PresenceEvent;

const ofSite = ({ data }: { data: { facility: string } }) => [{ item_id: data.facility }];
const ofMove = (event: Recorded<PresenceEvent>) => {
  const { left, came } = presenceChange(event);
  return [left, came].flatMap((facility) =>
    facility === undefined ? [] : [{ item_id: facility }],
  );
};
const ofMoves = Object.fromEntries(PRESENCE_TYPES.map((type) => [type, ofMove]));

/**
 * Pure: sites that are given away, due when somebody has to look there. The machines are counted
 * once by a look and then by their own events, so that no look is needed to know that one left.
 */
export const openClearances = tableFold<OpenClearance, Watched>({
  table: {
    name: 'open_site_clearances',
    columns: {
      ...processItemColumns,
      settlement_id: 'text',
      position: 'bigint',
      machines: 'integer',
      moves: 'jsonb',
      to_call_off: 'jsonb',
    },
    key: ['item_id'],
    nullable: ['settlement_id', 'machines'],
  },
  keys: {
    ...ofMoves,
    SettlementApproved: ({ data }) => data.sitesGiven.map((facility) => ({ item_id: facility })),
    LegWaived: ({ data: { siteKept } }) => (siteKept === undefined ? [] : [{ item_id: siteKept }]),
    MachinesCounted: ofSite,
    SiteCleared: ofSite,
    ClearanceCalledOff: ofSite,
  },
  evolve: (row, event, { item_id: facility }) => {
    if (event.type === 'SettlementApproved') return begun(row, event, facility!);
    if (!row) return undefined;
    switch (event.type) {
      case 'LegWaived': {
        const { settlementId } = event.data;
        if (row.settlement_id !== settlementId) return row;
        const to_call_off = [...row.to_call_off, { settlementId, cause: 'siteKept' as const }];
        return { ...row, settlement_id: null, to_call_off, due_at: event.recordedAt };
      }
      case 'MachinesCounted':
        return isOfRow(event, row) ? counted(row, event) : row;
      case 'SiteCleared':
      case 'ClearanceCalledOff':
        return over(row, event.data.settlementId);
      default:
        return moved(row, event, facility!);
    }
  },
});

const isOfRow = ({ data }: { data: { settlementId: string } }, row: OpenClearance): boolean =>
  data.settlementId === row.settlement_id;

/** It may have become clear while it was to be called off: then it is over as well. */
const over = (row: OpenClearance, settlementId: string): OpenClearance | undefined => {
  const to_call_off = row.to_call_off.filter((each) => each.settlementId !== settlementId);
  const settlement_id = row.settlement_id === settlementId ? null : row.settlement_id;
  return settlement_id === null && to_call_off.length === 0
    ? undefined
    : { ...row, settlement_id, to_call_off };
};

/** A later settlement that gives the same site away takes its machines over. */
const begun = (
  row: OpenClearance | undefined,
  event: Recorded<SettlementApproved>,
  facility: string,
): OpenClearance => {
  const earlier = row?.settlement_id;
  return {
    item_id: facility,
    due_at: event.recordedAt,
    cause_id: event.id,
    correlation_id: event.metadata.$correlationId,
    settlement_id: event.data.settlementId,
    position: event.position,
    machines: null,
    moves: [],
    to_call_off: [
      ...(row?.to_call_off ?? []),
      ...(earlier ? [{ settlementId: earlier, cause: 'takenOver' as const }] : []),
    ],
  };
};

/** What came and left since the log position of the count is added to it. */
const counted = (row: OpenClearance, { data, recordedAt }: Recorded<MachinesCounted>) => {
  const asOf = BigInt(data.asOf);
  const unseen = row.moves.filter(({ position }) => BigInt(position) > asOf);
  const machines = unseen.reduce((sum, { change }) => sum + change, data.machines);
  const arrived = unseen.some(({ change }) => change > 0);
  const due_at = machines === 0 || arrived ? recordedAt : NEVER;
  return { ...row, machines, moves: [], due_at };
};

const moved = (
  row: OpenClearance,
  event: Recorded<PresenceEvent>,
  facility: string,
): OpenClearance => {
  const change = presenceChange(event).came === facility ? 1 : -1;
  const { position, recordedAt } = event;
  const next = { ...row, position };
  // Until a look has ended nobody knows what it saw; a due item has one ahead or under way.
  if (row.machines === null || row.due_at !== NEVER) {
    const moves = [...row.moves, { position: position.toString(), change } as const];
    return { ...next, moves };
  }
  const machines = row.machines + change;
  const isDue = machines === 0 || change > 0;
  const moves: Moves = isDue ? [{ position: position.toString(), change }] : [];
  return { ...next, machines, moves, due_at: isDue ? recordedAt : NEVER };
};

const NAME = 'site_clearances';

/**
 * Opens a case for every machine at a site that is given away, and says when the site is clear. A
 * look that a crash cut short is taken again: who has a case already gets no second one.
 */
export const siteClearancesProcess = (
  store: AggregateStore,
  whereabouts: Pick<FleetWhereabouts, 'at' | 'of'>,
): DurableProcess<OpenClearance> => ({
  name: NAME,
  version: 1,
  items: openClearances,
  perform: async (item, { at, signal }) => {
    const { item_id: facility, settlement_id, position, to_call_off } = item;
    const cause = { id: item.cause_id, correlationId: item.correlation_id };
    for (const off of to_call_off) {
      const context = processContext(NAME, cause, at, 'call off', off.settlementId);
      const site = { store, facility, settlementId: off.settlementId, context };
      await say(site, { type: 'CallOffClearance', data: { facility, ...off }, at });
    }
    if (settlement_id === null) return;
    const context = processContext(NAME, cause, at, 'look', facility);
    const site = { store, facility, settlementId: settlement_id, context };
    await look(site, whereabouts, position, signal);
  },
});

interface Site {
  readonly store: AggregateStore;
  readonly facility: string;
  readonly settlementId: string;
  readonly context: CommandContext;
}

/** A step is known by what it says, so that one that is taken again says nothing twice. */
const say = async (site: Site, command: ClearanceCommand): Promise<Handled<Clearance>> => {
  const { store, context } = site;
  const id = clearanceId(site);
  const commandId = deriveId(NAME, id, command.type, hashOf(command.data));
  return store.handle(siteClearanceAggregate, id, command, { ...context, commandId });
};

type Handled<S> = { readonly state: S; readonly position: bigint };

/** The fleet's read model is asked, not the streams of tens of thousands of machines. */
const look = async (
  site: Site,
  whereabouts: Pick<FleetWhereabouts, 'at' | 'of'>,
  position: bigint,
  signal: AbortSignal,
): Promise<void> => {
  const { store, facility, settlementId, context } = site;
  const { at } = context;
  const known = await store.load(siteClearanceAggregate, clearanceId(site), { fresh: true });
  if (known.state.status !== 'underWay') return;
  const number = known.state.looks + 1;
  const { there, state } = await openAll({ site, number, whereabouts, signal }, known, position);
  await endCasesOfGone(site, number, state, there, whereabouts);
  const asOf = there.position.toString();
  const count = { settlementId, facility, look: number, machines: there.machines.length, asOf };
  await say(site, { type: 'CountMachines', data: count, at });
  if (count.machines > 0) return;
  await say(site, { type: 'ClearSite', data: { settlementId, facility, asOf }, at });
};

interface Look {
  readonly site: Site;
  /** Of the look, from 1. */
  readonly number: number;
  readonly whereabouts: Pick<FleetWhereabouts, 'at'>;
  readonly signal: AbortSignal;
}

/** Until the site was read after the last case was opened: machines may have come meanwhile. */
const openAll = async (
  { site, number, whereabouts, signal }: Look,
  known: Handled<Clearance>,
  from: bigint,
) => {
  let position = from;
  let last = known;
  for (let reading = 1; reading <= MAX_READINGS; reading += 1) {
    const there = await whereabouts.at(site.facility, position);
    last = await openCases(site, number, there.machines, last, signal);
    if (last.position <= there.position) return { there, state: last.state };
    ({ position } = last);
  }
  throw new Error(`Machines came to ${site.facility} during each of ${MAX_READINGS} readings`);
};

/** One after another, in parts of one customer each. Answers the clearance with all its cases. */
const openCases = async (
  site: Site,
  number: number,
  machines: readonly MachineAtSite[],
  known: Handled<Clearance>,
  signal: AbortSignal,
): Promise<Handled<Clearance>> => {
  const { settlementId, facility, context } = site;
  const found = machines.filter(({ serial }) => !known.state.cases.has(serial));
  const parts = [...Map.groupBy(found, ({ customerId }) => customerId)].flatMap(
    ([customerId, own]) =>
      Array.from({ length: Math.ceil(own.length / MACHINES_PER_EVENT) }, (_, part) => {
        const some = own.slice(part * MACHINES_PER_EVENT, (part + 1) * MACHINES_PER_EVENT);
        return { customerId, serials: some.map(({ serial }) => serial) };
      }),
  );
  let last = known;
  for (const [index, part] of parts.entries()) {
    signal.throwIfAborted();
    const numbers = { look: number, part: index + 1, parts: parts.length };
    const data = { settlementId, facility, ...numbers, ...part };
    last = await say(site, { type: 'OpenCases', data, at: context.at });
  }
  return last;
};

/**
 * A machine that left after it was seen and before its case was in the log has no event any more
 * that would close the case.
 */
const endCasesOfGone = async (
  site: Site,
  number: number,
  { cases, gone }: Clearance,
  there: Awaited<ReturnType<FleetWhereabouts['at']>>,
  whereabouts: Pick<FleetWhereabouts, 'of'>,
): Promise<void> => {
  const present = new Set(there.machines.map(({ serial }) => serial));
  const missing = [...cases].flatMap(([serial, openedBy]) =>
    openedBy === number && !present.has(serial) && !gone.has(serial) ? [serial] : [],
  );
  const { settlementId, facility, context } = site;
  for (let from = 0; from < missing.length; from += MACHINES_PER_EVENT) {
    const serials = missing.slice(from, from + MACHINES_PER_EVENT);
    const { position, machines } = await whereabouts.of(serials, there.position);
    const left = machines.filter((machine) => machine.facility !== facility).map(goneMachine);
    const data = {
      settlementId,
      facility,
      look: number,
      asOf: position.toString(),
      machines: left,
    };
    await say(site, { type: 'EndCases', data, at: context.at });
  }
};

const goneMachine = ({ serial, facility, since }: MachineWhereabouts): GoneMachine =>
  facility === undefined
    ? { serial, state: 'retired', goneAt: since }
    : { serial, state: 'moved', toFacility: facility, goneAt: since };
