import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import type { OperatingFacility } from './facility.js';

// A site changes hands. One that is given away is fenced first, so that nothing comes to it any
// more, then it is looked whether anything is there, and only then it is disposed of.

interface Deed {
  facility: string;
  disposalId: string;
  /** Who takes the site over. */
  to: string;
  disposedOn: string;
  /** SHA-256 (hex) of the deed. */
  documentDigest: string;
}

export type FacilityAcquired = DomainEvent<
  'FacilityAcquired',
  {
    facility: string;
    /** Who gave the site away. */
    from: string;
    acquiredOn: string;
    /** SHA-256 (hex) of the deed. */
    documentDigest: string;
  }
>;
export type DisposalBegan = DomainEvent<'DisposalBegan', Deed>;
export type FacilityDisposed = DomainEvent<'FacilityDisposed', Deed>;
export type DisposalAbandoned = DomainEvent<
  'DisposalAbandoned',
  {
    facility: string;
    disposalId: string;
    /** What was in the way, in words. */
    reason: string;
    /** Machines that were there or on their way, where that was the reason. */
    machines?: number;
  }
>;
export type DisposalEvent = FacilityAcquired | DisposalBegan | FacilityDisposed | DisposalAbandoned;

export type DisposalCommand =
  | DomainCommand<'AcquireFacility', Omit<FacilityAcquired['data'], 'facility'>>
  | DomainCommand<'BeginDisposal', Omit<Deed, 'facility'>>
  | DomainCommand<'CompleteDisposal', { disposalId: string }>
  | DomainCommand<'AbandonDisposal', Omit<DisposalAbandoned['data'], 'facility'>>;

export const decideDisposal = (
  command: DisposalCommand,
  site: OperatingFacility,
): DisposalEvent[] => {
  const { facility } = site;
  switch (command.type) {
    case 'AcquireFacility':
      return acquire(command.data, site);
    case 'BeginDisposal':
      return begin(command.data, site);
    case 'CompleteDisposal':
      return site.status === 'disposing' && site.disposal.disposalId === command.data.disposalId
        ? [{ type: 'FacilityDisposed', data: site.disposal }]
        : [];
    case 'AbandonDisposal':
      return site.status === 'disposing' && site.disposal.disposalId === command.data.disposalId
        ? [{ type: 'DisposalAbandoned', data: { facility, ...command.data } }]
        : [];
  }
};

const acquire = (
  data: Omit<FacilityAcquired['data'], 'facility'>,
  site: OperatingFacility,
): FacilityAcquired[] => {
  mustBeOperated(site);
  const { facility, acquired } = site;
  if (!acquired) return [{ type: 'FacilityAcquired', data: { facility, ...data } }];
  const other = (['from', 'acquiredOn', 'documentDigest'] as const).find(
    (field) => acquired[field] !== data[field],
  );
  if (other === undefined) return [];
  const { from, acquiredOn, documentDigest } = acquired;
  throw new DomainError(
    'conflict',
    'facility/already-acquired',
    `${facility} was acquired from ${from} on ${acquiredOn}`,
    { from, acquiredOn, documentDigest },
    `/${other}`,
  );
};

const begin = (data: Omit<Deed, 'facility'>, site: OperatingFacility): DisposalBegan[] => {
  const { facility, commitments } = site;
  const begun = site.status === 'open' ? undefined : site.disposal.disposalId;
  if (begun === data.disposalId || site.endedDisposals.has(data.disposalId)) return [];
  mustBeOperated(site);
  // An allocation that was reduced to nothing stays known, and holds nothing.
  const live = [...commitments.values()].filter((held) => held.units + held.powerWatts > 0).length;
  if (live > 0) {
    throw new DomainError(
      'conflict',
      'facility/capacity-committed',
      `${facility} has capacity committed to ${live} allocations`,
      { allocations: live },
    );
  }
  return [{ type: 'DisposalBegan', data: { facility, ...data } }];
};

/** Nothing new comes to a site from the moment on that it is being disposed of. */
export const mustBeOperated = (site: OperatingFacility): void => {
  if (site.status === 'open') return;
  const { facility, disposal } = site;
  if (site.status === 'disposing') {
    throw new DomainError(
      'conflict',
      'facility/disposal-begun',
      `${facility} is being disposed of to ${disposal.to}`,
      { facility, disposalId: disposal.disposalId },
    );
  }
  throw new DomainError(
    'conflict',
    'facility/disposed',
    `${facility} was disposed of to ${disposal.to} on ${disposal.disposedOn}`,
    { facility, disposalId: disposal.disposalId },
  );
};
