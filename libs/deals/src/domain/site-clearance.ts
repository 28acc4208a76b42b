import {
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

// A site is given away under a settlement: every machine there has to leave, and has a case until it
// did. The machine's own events close its case; what is decided here is who has one, and when the
// site is clear.

/** Of one event, so that it stays far below the limit of its size. */
export const MACHINES_PER_EVENT = 500;

export interface ClearanceOf {
  readonly settlementId: string;
  readonly facility: string;
}

/** Of one customer each, so that whoever follows a customer is told of no other's machines. */
export type RelocationCasesOpened = DomainEvent<
  'RelocationCasesOpened',
  ClearanceOf & {
    /** Number of the look at the site that found the machines, from 1. */
    look: number;
    /** Number of this part of what was found at once, from 1. */
    part: number;
    /** How many parts there are. */
    parts: number;
    customerId: string;
    /** Serial numbers of the machines. */
    serials: readonly string[];
  }
>;

/** Where a machine went that left while its case was being opened. */
export interface GoneMachine {
  readonly serial: string;
  readonly state: 'moved' | 'retired';
  /** The facility it went to; absent if it was retired. */
  readonly toFacility?: string;
  /** When it left, or came to where it is. */
  readonly goneAt: string;
}

export type RelocationCasesEnded = DomainEvent<
  'RelocationCasesEnded',
  ClearanceOf & {
    /** Number of the look at the site, from 1. */
    look: number;
    /** Position of the log that this was true at. */
    asOf: string;
    /** The machines, and where they went. */
    machines: readonly GoneMachine[];
  }
>;
export type MachinesCounted = DomainEvent<
  'MachinesCounted',
  ClearanceOf & {
    /** Number of the look at the site, from 1. */
    look: number;
    /** How many were at the site or on their way to it. */
    machines: number;
    /** Position of the log that this was true at. */
    asOf: string;
  }
>;
export type SiteCleared = DomainEvent<
  'SiteCleared',
  ClearanceOf & {
    /** How many machines had a case. */
    cases: number;
    /** Position of the log at which no machine was there or on its way. */
    asOf: string;
  }
>;
export type ClearanceCalledOff = DomainEvent<
  'ClearanceCalledOff',
  ClearanceOf & {
    /** The leg was waived, or another settlement gives the same site away. */
    cause: CallOffCause;
  }
>;
export type CallOffCause = 'siteKept' | 'takenOver';

export type ClearanceEvent =
  RelocationCasesOpened | RelocationCasesEnded | MachinesCounted | SiteCleared | ClearanceCalledOff;

export const clearanceEvents: EventCatalogue<ClearanceEvent> = {
  RelocationCasesOpened: 'Machines were found at a site that is given away; each has to leave.',
  RelocationCasesEnded: 'Machines had left a site while their cases were being opened.',
  MachinesCounted: 'A look at a site that is given away ended, and so many machines were there.',
  SiteCleared: 'No machine was left at a site that is given away.',
  ClearanceCalledOff: 'The machines at a site need not leave it any more.',
};

export interface Clearance {
  readonly status: 'underWay' | 'cleared' | 'calledOff';
  /** Looks that ended. */
  readonly looks: number;
  /** Number of the look that opened the case, by serial number. */
  readonly cases: ReadonlyMap<string, number>;
  /** Machines that left while their cases were being opened. */
  readonly gone: ReadonlySet<string>;
}

export type ClearanceCommand =
  | DomainCommand<'OpenCases', RelocationCasesOpened['data']>
  | DomainCommand<'EndCases', RelocationCasesEnded['data']>
  | DomainCommand<'CountMachines', MachinesCounted['data']>
  | DomainCommand<'ClearSite', ClearanceOf & { asOf: string }>
  | DomainCommand<'CallOffClearance', ClearanceCalledOff['data']>;

/** What comes after the end, from an owner who stalled, changes nothing. */
const decide = (
  command: ClearanceCommand,
  { status, looks, cases, gone }: Clearance,
): readonly ClearanceEvent[] => {
  if (status !== 'underWay') return [];
  switch (command.type) {
    case 'OpenCases': {
      const serials = command.data.serials.filter((serial) => !cases.has(serial));
      if (serials.length === 0 || command.data.look !== looks + 1) return [];
      return [{ type: 'RelocationCasesOpened', data: { ...command.data, serials } }];
    }
    case 'EndCases': {
      const { look } = command.data;
      const machines = command.data.machines.filter(
        ({ serial }) => cases.get(serial) === look && !gone.has(serial),
      );
      if (machines.length === 0 || look !== looks + 1) return [];
      return [{ type: 'RelocationCasesEnded', data: { ...command.data, machines } }];
    }
    case 'CountMachines':
      return command.data.look === looks + 1
        ? [{ type: 'MachinesCounted', data: command.data }]
        : [];
    case 'ClearSite':
      return [{ type: 'SiteCleared', data: { ...command.data, cases: cases.size } }];
    case 'CallOffClearance':
      return [{ type: 'ClearanceCalledOff', data: command.data }];
    default:
      return unreachable(command);
  }
};

const evolve = (clearance: Clearance, event: ClearanceEvent): Clearance => {
  switch (event.type) {
    case 'RelocationCasesOpened': {
      const cases = new Map(clearance.cases);
      for (const serial of event.data.serials) cases.set(serial, event.data.look);
      return { ...clearance, cases };
    }
    case 'RelocationCasesEnded': {
      const gone = new Set(clearance.gone);
      for (const { serial } of event.data.machines) gone.add(serial);
      return { ...clearance, gone };
    }
    case 'MachinesCounted':
      return { ...clearance, looks: event.data.look };
    case 'SiteCleared':
      return { ...clearance, status: 'cleared' };
    case 'ClearanceCalledOff':
      return { ...clearance, status: 'calledOff' };
    default:
      return unreachable(event);
  }
};

/** Which machines have to leave a site that a settlement gives away; id `<settlement>.<facility>`. */
export const siteClearanceAggregate: Aggregate<Clearance, ClearanceCommand, ClearanceEvent> = {
  category: 'siteClearance',
  initialState: { status: 'underWay', looks: 0, cases: new Map(), gone: new Set() },
  events: clearanceEvents,
  decide,
  evolve,
};

export const clearanceId = ({ settlementId, facility }: ClearanceOf): string =>
  `${settlementId}.${facility}`;
