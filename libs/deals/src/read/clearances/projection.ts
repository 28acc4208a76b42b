import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import { facilityOf, type TitleTransferred } from '@hostledger/fleet';
import type { SettlementApproved } from '../../domain/settlement-events.js';
import type {
  ClearanceCalledOff,
  MachinesCounted,
  RelocationCasesEnded,
  RelocationCasesOpened,
  SiteCleared,
} from '../../domain/site-clearance.js';
import { PRESENCE_TYPES, presenceChange, type PresenceEvent } from '../../process/site-presence.js';

export const CASE_STATES = ['open', 'moved', 'retired'] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** A machine that has to leave a site, or that did. Its own events say so. */
export interface CaseRow {
  readonly facility: string;
  readonly serial: string;
  /** Of several settlements that gave the site away, the last one. */
  readonly settlement_id: string;
  readonly customer_id: string;
  /** Open while the machine is at the site, on its way to it, or at a vendor from it. */
  readonly state: CaseState;
  readonly opened_at: string;
  /** Of one that moved, where it went. */
  readonly to_facility: string | null;
  readonly ended_at: string | null;
  /** Of the last event that changed it. */
  readonly position: bigint;
}

type CaseEvent = RelocationCasesOpened | RelocationCasesEnded | PresenceEvent | TitleTransferred;

/** Also of one on the road: it may be seen somewhere else than it was sent to, or be lost. */
const ofMachine = (event: Recorded<PresenceEvent>) => {
  const { serial, left, came } = presenceChange(event);
  const sites = new Set([left, came, roadFrom(event)]);
  return [...sites].flatMap((facility) => (facility === undefined ? [] : [{ facility, serial }]));
};
const ofMachines = Object.fromEntries(PRESENCE_TYPES.map((type) => [type, ofMachine]));

/** Of a machine that comes off the road, or is lost on it, the facility that it had left. */
const roadFrom = (event: Recorded<PresenceEvent>): string | undefined =>
  event.type !== 'MinerReceived' && event.data.from.kind === 'transit'
    ? event.data.from.from
    : undefined;

export const relocationCases = tableFold<CaseRow, CaseEvent>({
  table: {
    name: 'relocation_cases',
    columns: {
      facility: 'text',
      serial: 'text',
      settlement_id: 'text',
      customer_id: 'text',
      state: 'text',
      opened_at: 'timestamptz',
      to_facility: 'text',
      ended_at: 'timestamptz',
      position: 'bigint',
    },
    key: ['facility', 'serial'],
    nullable: ['to_facility', 'ended_at'],
    indexes: [
      ['settlement_id', 'facility', 'serial'],
      ['settlement_id', 'state', 'facility', 'serial'],
    ],
  },
  keys: {
    ...ofMachines,
    TitleTransferred: ({ data }) => [{ facility: facilityOf(data.place), serial: data.serial }],
    RelocationCasesOpened: ({ data: { facility, serials } }) =>
      serials.map((serial) => ({ facility, serial })),
    RelocationCasesEnded: ({ data: { facility, machines } }) =>
      machines.map(({ serial }) => ({ facility, serial })),
  },
  evolve: (row, event, { facility, serial }) => {
    if (event.type === 'RelocationCasesOpened') {
      const { settlementId: settlement_id, customerId: customer_id } = event.data;
      return {
        facility: facility!,
        serial: serial!,
        settlement_id,
        customer_id,
        state: 'open',
        opened_at: event.metadata.occurredAt,
        ...notEnded,
        position: event.position,
      };
    }
    if (!row) return undefined;
    if (event.type === 'TitleTransferred') return { ...row, customer_id: event.data.toCustomerId };
    if (event.type === 'RelocationCasesEnded') return ended(row, event);
    return moved(row, event);
  },
});

const notEnded = { to_facility: null, ended_at: null } as const;

/** Not where the machine came back to the site after that had been seen. */
const ended = (row: CaseRow, { data, position }: Recorded<RelocationCasesEnded>): CaseRow => {
  const machine = data.machines.find(({ serial }) => serial === row.serial);
  const isOwn = row.settlement_id === data.settlementId && row.position <= BigInt(data.asOf);
  if (!machine || !isOwn || row.state !== 'open') return row;
  const { state, toFacility: to_facility = null, goneAt: ended_at } = machine;
  return { ...row, state, to_facility, ended_at, position };
};

const moved = (row: CaseRow, event: Recorded<PresenceEvent>): CaseRow => {
  const { left, came } = presenceChange(event);
  const { occurredAt: ended_at } = event.metadata;
  const { position } = event;
  if (came === row.facility) return { ...row, state: 'open', ...notEnded, position };
  if (event.type === 'MinerRetired') {
    return { ...row, state: 'retired', to_facility: null, ended_at, position };
  }
  if (left === row.facility) {
    return { ...row, state: 'moved', to_facility: came ?? null, ended_at, position };
  }
  // It had left already, and was seen somewhere else than it was sent to.
  return row.state === 'moved' && came !== undefined
    ? { ...row, to_facility: came, position }
    : row;
};

/** A site that a settlement gives away, and how far its clearance is. */
export interface ClearanceRow {
  readonly settlement_id: string;
  readonly facility: string;
  readonly status: (typeof CLEARANCE_STATUSES)[number];
  /** When the settlement was approved. */
  readonly began_at: string;
  readonly ended_at: string | null;
}

/** `beginning`: nobody has looked at the site yet. */
export const CLEARANCE_STATUSES = ['beginning', 'underWay', 'cleared', 'calledOff'] as const;

type ClearanceEvent = SettlementApproved | MachinesCounted | SiteCleared | ClearanceCalledOff;

const ofClearance = ({ data }: { data: { settlementId: string; facility: string } }) => [
  { settlement_id: data.settlementId, facility: data.facility },
];

export const siteClearances = tableFold<ClearanceRow, ClearanceEvent>({
  table: {
    name: 'site_clearances',
    columns: {
      settlement_id: 'text',
      facility: 'text',
      status: 'text',
      began_at: 'timestamptz',
      ended_at: 'timestamptz',
    },
    key: ['settlement_id', 'facility'],
    nullable: ['ended_at'],
  },
  keys: {
    SettlementApproved: ({ data: { settlementId, sitesGiven } }) =>
      sitesGiven.map((facility) => ({ settlement_id: settlementId, facility })),
    MachinesCounted: ofClearance,
    SiteCleared: ofClearance,
    ClearanceCalledOff: ofClearance,
  },
  evolve: (row, event, { facility }) => {
    const { occurredAt } = event.metadata;
    switch (event.type) {
      case 'SettlementApproved':
        return {
          settlement_id: event.data.settlementId,
          facility: facility!,
          status: 'beginning',
          began_at: occurredAt,
          ended_at: null,
        };
      case 'MachinesCounted':
        return row && { ...row, status: 'underWay' };
      case 'SiteCleared':
        return row && { ...row, status: 'cleared', ended_at: occurredAt };
      case 'ClearanceCalledOff':
        return row && { ...row, status: 'calledOff', ended_at: occurredAt };
    }
  },
});

export const clearancesProjection: Projection = {
  name: 'site_clearances',
  version: 1,
  tables: [siteClearances, relocationCases],
};
