import {
  deriveId,
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import type { Claim } from './settlement-events.js';

// A claim is released once, whatever settlements name it. Its stream is the proof: it is bound to
// one release before the settlement says that it was released.

/** A name however it is spaced and capitalised. */
export const nameKey = (name: string): string =>
  name.normalize('NFKC').trim().replace(/\s+/gu, ' ').toUpperCase();

/** The same for what is the same claim, whatever settlement names it. */
export const claimIdOf = ({ holder, debtor, reference }: Claim): string =>
  deriveId('claim', ...[holder, debtor, reference].map(nameKey));

/** All that is needed to finish the release, or to give it up. */
interface Release extends Claim {
  readonly claimId: string;
  readonly settlementId: string;
  readonly leg: number;
  readonly releaseId: string;
  readonly releasedOn: string;
  /** SHA-256 (hex) of the release. */
  readonly documentDigest: string;
}

export type ClaimBound = DomainEvent<'ClaimBound', Release>;
export type ClaimUnbound = DomainEvent<
  'ClaimUnbound',
  {
    claimId: string;
    settlementId: string;
    releaseId: string;
    /** Code of the rule that refused the release; see problems.md. */
    code: string;
  }
>;
export type ClaimEvent = ClaimBound | ClaimUnbound;

export const claimEvents: EventCatalogue<ClaimEvent> = {
  ClaimBound: 'A claim is to be released under one settlement, and under no other one.',
  ClaimUnbound: 'The release of a claim was given up; it can be released otherwise.',
};

/** The release that the claim is bound to, if it is. */
export interface BoundClaim {
  readonly bound?: Release;
}

export type ClaimCommand =
  DomainCommand<'BindClaim', Release> | DomainCommand<'UnbindClaim', ClaimUnbound['data']>;

const decide = (command: ClaimCommand, { bound }: BoundClaim): readonly ClaimEvent[] => {
  switch (command.type) {
    case 'BindClaim': {
      if (!bound) return [{ type: 'ClaimBound', data: command.data }];
      if (bound.releaseId === command.data.releaseId) return [];
      throw claimReleased(bound);
    }
    case 'UnbindClaim':
      return bound?.releaseId === command.data.releaseId
        ? [{ type: 'ClaimUnbound', data: command.data }]
        : [];
    default:
      return unreachable(command);
  }
};

/** @param pointer the field that named the claim, where a body did. */
export const claimReleased = (
  { reference, holder, settlementId, leg, releasedOn }: Release,
  pointer?: string,
): DomainError =>
  new DomainError(
    'conflict',
    'settlement/claim-released',
    `Claim ${reference} of ${holder} is released under settlement ${settlementId}`,
    { settlementId, leg, releasedOn },
    pointer,
  );

/** A claim, by who holds it against whom; it is released once. */
export const claimAggregate: Aggregate<BoundClaim, ClaimCommand, ClaimEvent> = {
  category: 'claim',
  initialState: {},
  events: claimEvents,
  decide,
  evolve: (_, event) => (event.type === 'ClaimBound' ? { bound: event.data } : {}),
};
