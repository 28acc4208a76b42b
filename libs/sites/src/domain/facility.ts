import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

import {
  decideCurtailments,
  evolveCurtailments,
  noCurtailments,
  type CurtailmentCommand,
  type CurtailmentEvent,
  type Curtailments,
} from './curtailments.js';
import {
  decideDisposal,
  mustBeOperated,
  type DisposalBegan,
  type DisposalCommand,
  type DisposalEvent,
  type FacilityAcquired,
} from './disposal.js';
import {
  decidePowerEnvelope,
  evolvePowerEnvelope,
  type PowerEnvelope,
  type PowerEnvelopeCommand,
  type PowerEnvelopeEvent,
} from './power-envelope.js';

/** A facility's code, e.g. `DENTON`. */
export const FACILITY_CODE = /^[A-Z][A-Z0-9]{1,15}$/;

// Events

export interface RackPlan {
  readonly rack: string;
  readonly slotCount: number;
  readonly powerLimitWatts: number;
}

export type FacilityOpened = DomainEvent<
  'FacilityOpened',
  {
    facility: string;
    name: string;
    /** IANA name, e.g. `America/Chicago`. */
    timeZone: string;
    powerEnvelopeWatts: number;
    location?: string;
  }
>;
/** At most {@link MAX_RACKS_PER_EVENT} racks each, so that 2,000 racks are one small append. */
export type RackPowerCommitted = DomainEvent<
  'RackPowerCommitted',
  { facility: string; racks: readonly RackPlan[] }
>;
export type CapacityCommitted = DomainEvent<
  'CapacityCommitted',
  {
    facility: string;
    allocationId: string;
    contractId: string;
    customerId: string;
    orderId: string;
    units: number;
    powerWatts: number;
    effectiveOn: string;
  }
>;
export type CapacityReleased = DomainEvent<
  'CapacityReleased',
  {
    facility: string;
    allocationId: string;
    units: number;
    powerWatts: number;
    cause: string;
    /** The reduction of the allocation that freed it; absent where the allocation was not made. */
    reductionId?: string;
  }
>;

/** For the energy of the site; of several for one day the last one holds. */
export type PowerRateFixed = DomainEvent<
  'PowerRateFixed',
  { facility: string; ratePerKwh: string; currency: string; effectiveOn: string }
>;

export type FacilityEvent =
  | FacilityOpened
  | RackPowerCommitted
  | CapacityCommitted
  | CapacityReleased
  | PowerEnvelopeEvent
  | PowerRateFixed
  | CurtailmentEvent
  | DisposalEvent;

export const facilityEvents: EventCatalogue<FacilityEvent> = {
  FacilityOpened: 'A site went into operation with its power envelope.',
  RackPowerCommitted:
    "Racks were given their share of the site's power; they go into service next.",
  CapacityCommitted: 'Units and watts of the site are held for an allocation to a customer.',
  CapacityReleased:
    'Capacity held for an allocation is free again: it was not made, or it was reduced.',
  PowerEnvelopeChanged: 'The site can draw another power from here on.',
  FacilityDerated: 'Less can be drawn than the site is rated for until it is restored.',
  FacilityRestored: 'The site can draw what it is rated for again.',
  PowerRateFixed: 'Energy costs the site so much from a day on.',
  CurtailmentDeclared: 'The site, or racks of it, draw less from an instant on.',
  CurtailmentEnded: 'A curtailment was over.',
  CurtailmentCancelled: 'A curtailment was called off before it began.',
  CurtailmentMeasured: 'The energy that a curtailment avoided was measured, or corrected.',
  FacilityAcquired: 'The site was taken over from somebody else.',
  DisposalBegan: 'Nothing comes to the site any more, while it is looked whether it is empty.',
  FacilityDisposed: 'The site was empty and was given away.',
  DisposalAbandoned: 'The site was not empty and is operated as before.',
};

const MAX_RACKS_PER_EVENT = 400;

// State

interface KnownFacility extends PowerEnvelope {
  readonly facility: string;
  /** IANA name; days at the site are days of this zone. */
  readonly timeZone: string;
  readonly racks: ReadonlyMap<string, RackPlan>;
  readonly rackLimitWatts: number;
  /** Live commitments by allocation. */
  readonly commitments: ReadonlyMap<
    string,
    { readonly units: number; readonly powerWatts: number }
  >;
  readonly committedWatts: number;
  /** Allocations whose capacity was given back: an id never comes back to life. */
  readonly releasedAllocations: ReadonlySet<string>;
  /** Reductions of allocations whose part was given back. */
  readonly reductions: ReadonlySet<string>;
  readonly curtailments: Curtailments;
  readonly acquired?: FacilityAcquired['data'];
  /** Disposals that were abandoned. */
  readonly endedDisposals: ReadonlySet<string>;
}

export interface OpenFacility extends KnownFacility {
  readonly status: 'open';
}

/** Being disposed of, or disposed of. */
export interface LeavingFacility extends KnownFacility {
  readonly status: 'disposing' | 'disposed';
  readonly disposal: DisposalBegan['data'];
}

export type OperatingFacility = OpenFacility | LeavingFacility;

export type Facility = { readonly status: 'unknown' } | OperatingFacility;

// Evolve

const evolve = (facility: Facility, event: FacilityEvent): Facility => {
  if (event.type === 'FacilityOpened') {
    return {
      status: 'open',
      facility: event.data.facility,
      timeZone: event.data.timeZone,
      powerEnvelopeWatts: event.data.powerEnvelopeWatts,
      ratedWatts: event.data.powerEnvelopeWatts,
      racks: new Map(),
      rackLimitWatts: 0,
      commitments: new Map(),
      committedWatts: 0,
      releasedAllocations: new Set(),
      reductions: new Set(),
      curtailments: noCurtailments,
      endedDisposals: new Set(),
    };
  }
  if (facility.status === 'unknown') return facility;
  switch (event.type) {
    case 'RackPowerCommitted': {
      const racks = new Map(facility.racks);
      for (const plan of event.data.racks) racks.set(plan.rack, plan);
      return {
        ...facility,
        racks,
        rackLimitWatts: facility.rackLimitWatts + wattsOf(event.data.racks),
      };
    }
    case 'CapacityCommitted': {
      const { allocationId, units, powerWatts } = event.data;
      return {
        ...facility,
        commitments: new Map(facility.commitments).set(allocationId, { units, powerWatts }),
        committedWatts: facility.committedWatts + powerWatts,
      };
    }
    case 'CapacityReleased':
      return capacityReleased(facility, event.data);
    case 'PowerEnvelopeChanged':
    case 'FacilityDerated':
    case 'FacilityRestored':
      return evolvePowerEnvelope(facility, event);
    case 'PowerRateFixed':
      return facility;
    case 'CurtailmentDeclared':
    case 'CurtailmentEnded':
    case 'CurtailmentCancelled':
    case 'CurtailmentMeasured':
      return { ...facility, curtailments: evolveCurtailments(facility.curtailments, event) };
    case 'FacilityAcquired':
      return { ...facility, acquired: event.data };
    case 'DisposalBegan':
      return { ...facility, status: 'disposing', disposal: event.data };
    case 'FacilityDisposed':
      return { ...facility, status: 'disposed', disposal: event.data };
    case 'DisposalAbandoned': {
      const endedDisposals = new Set(facility.endedDisposals).add(event.data.disposalId);
      return { ...facility, status: 'open', endedDisposals };
    }
    default:
      return unreachable(event);
  }
};

const capacityReleased = (
  facility: OperatingFacility,
  { allocationId, units, powerWatts, reductionId }: CapacityReleased['data'],
): OperatingFacility => {
  const committedWatts = facility.committedWatts - powerWatts;
  const commitments = new Map(facility.commitments);
  const held = commitments.get(allocationId);
  if (reductionId !== undefined && held) {
    const left = { units: held.units - units, powerWatts: held.powerWatts - powerWatts };
    commitments.set(allocationId, left);
    const reductions = new Set(facility.reductions).add(reductionId);
    return { ...facility, commitments, committedWatts, reductions };
  }
  commitments.delete(allocationId);
  const releasedAllocations = new Set(facility.releasedAllocations).add(allocationId);
  return { ...facility, commitments, committedWatts, releasedAllocations };
};

const wattsOf = (racks: readonly RackPlan[]): number =>
  racks.reduce((sum, { powerLimitWatts }) => sum + powerLimitWatts, 0);

// Commands

export interface CapacityRelease {
  readonly allocationId: string;
  readonly cause: string;
  /** A part of it; absent: all of it, because the allocation will never be made. */
  readonly reduction?: {
    readonly reductionId: string;
    readonly units: number;
    readonly powerWatts: number;
  };
}

export type FacilityCommand =
  | DomainCommand<'OpenFacility', FacilityOpened['data']>
  /** All or nothing; racks that are committed with the same data are left as they are. */
  | DomainCommand<'CommitRackPower', { racks: readonly RackPlan[] }>
  | DomainCommand<'CommitCapacity', Omit<CapacityCommitted['data'], 'facility'>>
  | DomainCommand<'ReleaseCapacity', CapacityRelease>
  | DomainCommand<'FixPowerRate', Omit<PowerRateFixed['data'], 'facility'>>
  | PowerEnvelopeCommand
  | CurtailmentCommand
  | DisposalCommand;

// Decide

const decide = (command: FacilityCommand, facility: Facility): readonly FacilityEvent[] => {
  if (command.type === 'OpenFacility') return open(command.data, facility);
  if (facility.status === 'unknown') throw facilityUnknown();
  switch (command.type) {
    case 'CommitRackPower':
      return commitRackPower(command.data.racks, facility);
    case 'CommitCapacity':
      return commitCapacity(command.data, facility);
    case 'ReleaseCapacity':
      return releaseCapacity(command.data, facility);
    case 'ChangePowerEnvelope':
    case 'DerateFacility':
    case 'RestoreFacility':
      return decidePowerEnvelope(command, facility);
    case 'FixPowerRate':
      mustBeOperated(facility);
      return [{ type: 'PowerRateFixed', data: { facility: facility.facility, ...command.data } }];
    case 'DeclareCurtailment':
    case 'EndCurtailment':
    case 'CancelCurtailment':
    case 'MeasureCurtailment':
      return decideCurtailments(command, facility);
    case 'AcquireFacility':
    case 'BeginDisposal':
    case 'CompleteDisposal':
    case 'AbandonDisposal':
      return decideDisposal(command, facility);
    default:
      return unreachable(command);
  }
};

const open = (data: FacilityOpened['data'], facility: Facility): FacilityEvent[] => {
  if (facility.status === 'unknown') return [{ type: 'FacilityOpened', data }];
  throw new DomainError(
    'conflict',
    'facility/already-open',
    `There is a facility ${data.facility} already`,
    { facility: data.facility },
    '/facility',
  );
};

const commitRackPower = (
  racks: readonly RackPlan[],
  facility: OperatingFacility,
): FacilityEvent[] => {
  const seen = new Set<string>();
  const added = racks.filter((plan, index) => {
    if (seen.has(plan.rack)) throw rackTwice(plan, index);
    seen.add(plan.rack);
    const before = facility.racks.get(plan.rack);
    if (before && !samePlan(before, plan)) throw rackExists(facility, before, index);
    return !before;
  });
  if (added.length === 0) return [];
  mustBeOperated(facility);
  const asked = wattsOf(added);
  const freeWatts = Math.max(0, facility.powerEnvelopeWatts - facility.rackLimitWatts);
  if (asked > freeWatts) {
    throw new DomainError(
      'conflict',
      'facility/power-envelope-exceeded',
      `${facility.facility} has ${freeWatts} W of its power envelope left for racks, ` +
        `and ${asked} W are asked for`,
      { powerEnvelopeWatts: facility.powerEnvelopeWatts, freeWatts, askedWatts: asked },
      '/racks',
    );
  }
  const events: RackPowerCommitted[] = [];
  for (let from = 0; from < added.length; from += MAX_RACKS_PER_EVENT) {
    const part = added.slice(from, from + MAX_RACKS_PER_EVENT);
    events.push({
      type: 'RackPowerCommitted',
      data: { facility: facility.facility, racks: part.map(onlyPlan) },
    });
  }
  return events;
};

const onlyPlan = ({ rack, slotCount, powerLimitWatts }: RackPlan): RackPlan => ({
  rack,
  slotCount,
  powerLimitWatts,
});

const samePlan = (a: RackPlan, b: RackPlan): boolean =>
  a.slotCount === b.slotCount && a.powerLimitWatts === b.powerLimitWatts;

const rackTwice = ({ rack }: RackPlan, index: number): DomainError =>
  new DomainError(
    'invalid',
    'facility/rack-named-twice',
    `Rack ${rack} is named more than once`,
    { rack },
    `/racks/${index}/rack`,
  );

const rackExists = ({ facility }: OperatingFacility, plan: RackPlan, index: number): DomainError =>
  new DomainError(
    'conflict',
    'facility/rack-exists',
    `${facility} has a rack ${plan.rack} already, with other slots or another limit`,
    { ...plan },
    `/racks/${index}/rack`,
  );

const commitCapacity = (
  data: Omit<CapacityCommitted['data'], 'facility'>,
  facility: OperatingFacility,
): FacilityEvent[] => {
  if (facility.commitments.has(data.allocationId)) return [];
  if (facility.releasedAllocations.has(data.allocationId)) {
    throw new DomainError(
      'conflict',
      'facility/capacity-released',
      `The capacity of allocation ${data.allocationId} was given back; allocate anew`,
      { allocationId: data.allocationId },
    );
  }
  mustBeOperated(facility);
  const freeWatts = Math.max(0, facility.powerEnvelopeWatts - facility.committedWatts);
  if (data.powerWatts > freeWatts) {
    throw new DomainError(
      'conflict',
      'facility/capacity-exceeded',
      `${facility.facility} has ${freeWatts} W left to allocate, and ${data.powerWatts} W are ` +
        'asked for',
      { powerEnvelopeWatts: facility.powerEnvelopeWatts, freeWatts, askedWatts: data.powerWatts },
      '/powerWatts',
    );
  }
  return [{ type: 'CapacityCommitted', data: { facility: facility.facility, ...data } }];
};

const releaseCapacity = (
  { allocationId, cause, reduction }: CapacityRelease,
  { facility, commitments, reductions }: OperatingFacility,
): FacilityEvent[] => {
  const held = commitments.get(allocationId);
  if (!held) return [];
  if (!reduction) {
    return [{ type: 'CapacityReleased', data: { facility, allocationId, ...held, cause } }];
  }
  if (reductions.has(reduction.reductionId)) return [];
  // The contract never reduces an allocation by more than it holds.
  const units = Math.min(reduction.units, held.units);
  const powerWatts = Math.min(reduction.powerWatts, held.powerWatts);
  const { reductionId } = reduction;
  const data = { facility, allocationId, units, powerWatts, cause, reductionId };
  return [{ type: 'CapacityReleased', data }];
};

/** @param pointer the field that named it, where a body did. */
export const facilityUnknown = (facility?: string, pointer?: string): DomainError =>
  new DomainError(
    'notFound',
    'facility/unknown',
    facility === undefined ? 'There is no such facility' : `There is no facility ${facility}`,
    facility === undefined ? {} : { facility },
    pointer,
  );

/** A site: its power envelope covers the limits of its racks, and what customers were promised. */
export const facilityAggregate: Aggregate<Facility, FacilityCommand, FacilityEvent> = {
  category: 'facility',
  initialState: { status: 'unknown' },
  events: facilityEvents,
  decide,
  evolve,
};
