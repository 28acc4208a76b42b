import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import { mustBeOperated } from './disposal.js';
import type { OperatingFacility } from './facility.js';

// The power that a site can draw: what it is rated for, and less while it is derated.

export type PowerEnvelopeChanged = DomainEvent<
  'PowerEnvelopeChanged',
  {
    facility: string;
    /** The envelope without any derating, before. */
    fromWatts: number;
    /** The envelope without any derating, from now on. */
    powerEnvelopeWatts: number;
    cause: string;
  }
>;
/** Less can be drawn than the site is rated for, whatever its racks and its customers need. */
export type FacilityDerated = DomainEvent<
  'FacilityDerated',
  {
    facility: string;
    /** In force from now on. Where more is promised already, nothing is added until it fits. */
    powerEnvelopeWatts: number;
    /** In force before. */
    fromWatts: number;
    ratedWatts: number;
    cause: string;
    /** When it is expected to be over; it ends by `FacilityRestored` alone. */
    expectedUntil?: string;
  }
>;
export type FacilityRestored = DomainEvent<
  'FacilityRestored',
  {
    facility: string;
    powerEnvelopeWatts: number;
    /** The derated envelope. */
    fromWatts: number;
  }
>;
export type PowerEnvelopeEvent = PowerEnvelopeChanged | FacilityDerated | FacilityRestored;

export type FacilityDerating = Pick<
  FacilityDerated['data'],
  'powerEnvelopeWatts' | 'cause' | 'expectedUntil'
>;
export type PowerEnvelopeCommand =
  | DomainCommand<'ChangePowerEnvelope', { powerEnvelopeWatts: number; cause: string }>
  | DomainCommand<'DerateFacility', FacilityDerating>
  | DomainCommand<'RestoreFacility', Record<never, never>>;

export interface PowerEnvelope {
  /** In force. */
  readonly powerEnvelopeWatts: number;
  readonly ratedWatts: number;
  /** Why the envelope in force is smaller. */
  readonly derating?: FacilityDerating;
}

export const evolvePowerEnvelope = <Site extends PowerEnvelope>(
  site: Site,
  event: PowerEnvelopeEvent,
): Site => {
  const { powerEnvelopeWatts } = event.data;
  switch (event.type) {
    case 'PowerEnvelopeChanged':
      return {
        ...site,
        ratedWatts: powerEnvelopeWatts,
        ...(!site.derating && { powerEnvelopeWatts }),
      };
    case 'FacilityDerated':
      return { ...site, powerEnvelopeWatts, derating: event.data };
    case 'FacilityRestored': {
      const { derating: _, ...restored } = site;
      return { ...restored, powerEnvelopeWatts } as Site;
    }
  }
};

export const decidePowerEnvelope = (
  command: PowerEnvelopeCommand,
  site: OperatingFacility,
): PowerEnvelopeEvent[] => {
  switch (command.type) {
    case 'ChangePowerEnvelope':
      return change(command.data, site);
    case 'DerateFacility':
      return derate(command.data, site);
    case 'RestoreFacility': {
      const { facility, ratedWatts: powerEnvelopeWatts, powerEnvelopeWatts: fromWatts } = site;
      if (!site.derating) return [];
      return [{ type: 'FacilityRestored', data: { facility, powerEnvelopeWatts, fromWatts } }];
    }
  }
};

/** What racks may draw and what customers were promised stays covered. */
const change = (
  { powerEnvelopeWatts, cause }: { powerEnvelopeWatts: number; cause: string },
  site: OperatingFacility,
): PowerEnvelopeChanged[] => {
  const { facility, ratedWatts: fromWatts, derating, rackLimitWatts, committedWatts } = site;
  if (powerEnvelopeWatts === fromWatts) return [];
  mustBeOperated(site);
  if (powerEnvelopeWatts < Math.max(rackLimitWatts, committedWatts)) {
    throw new DomainError(
      'conflict',
      'facility/power-envelope-in-use',
      `${facility} has racks limited to ${rackLimitWatts} W and ${committedWatts} W committed to ` +
        `customers, more than ${powerEnvelopeWatts} W; one that shrinks all the same is derated`,
      { rackLimitWatts, committedWatts, powerEnvelopeWatts },
      '/powerEnvelopeWatts',
    );
  }
  if (derating && powerEnvelopeWatts <= derating.powerEnvelopeWatts) {
    throw new DomainError(
      'conflict',
      'facility/derated',
      `${facility} is derated to ${derating.powerEnvelopeWatts} W; restore it first`,
      { deratedWatts: derating.powerEnvelopeWatts, powerEnvelopeWatts },
      '/powerEnvelopeWatts',
    );
  }
  return [
    { type: 'PowerEnvelopeChanged', data: { facility, fromWatts, powerEnvelopeWatts, cause } },
  ];
};

/**
 * Also below what racks may draw and customers were promised: that is a breach to be cured, which no
 * refusal would undo. Another cause or another expected end is news as well.
 */
const derate = (data: FacilityDerating, site: OperatingFacility): FacilityDerated[] => {
  const { facility, ratedWatts, powerEnvelopeWatts: fromWatts, derating } = site;
  if (derating && sameDerating(derating, data)) return [];
  mustBeOperated(site);
  if (data.powerEnvelopeWatts >= ratedWatts) {
    throw new DomainError(
      'conflict',
      'facility/not-derated',
      `${facility} is rated for ${ratedWatts} W; a derated envelope is below that`,
      { facility, ratedWatts },
      '/powerEnvelopeWatts',
    );
  }
  return [{ type: 'FacilityDerated', data: { facility, fromWatts, ratedWatts, ...data } }];
};

const sameDerating = (one: FacilityDerating, other: FacilityDerating): boolean =>
  one.powerEnvelopeWatts === other.powerEnvelopeWatts &&
  one.cause === other.cause &&
  one.expectedUntil === other.expectedUntil;
