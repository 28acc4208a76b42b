import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
} from '@hostledger/eventsourcing';
import {
  proposalEvents,
  type ProposalEvent,
  type ProposedGain,
  type ProposedGainsListed,
  type RelocationProposalFailed,
  type RelocationProposalRequested,
  type RelocationProposed,
} from './proposal-events.js';

// State

/** Small on purpose: what was asked and found is in the events. */
export interface Proposal {
  readonly status: 'unknown' | 'requested' | 'proposed' | 'failed';
}

// Commands

export type ProposalCommand =
  | DomainCommand<'RequestProposal', RelocationProposalRequested['data']>
  | DomainCommand<
      'Propose',
      {
        readonly proposed: Omit<RelocationProposed['data'], 'gainCount'>;
        readonly gains: readonly ProposedGain[];
      }
    >
  | DomainCommand<'FailProposal', RelocationProposalFailed['data']>;

/** An event of these is at most 60 KiB, whatever the facilities are called. */
const GAINS_A_CHUNK = 200;
/** What one append may carry. */
export const MOST_GAINS = 3_000;

const HOURS_A_DAY = 24;

const evolve = (proposal: Proposal, event: ProposalEvent): Proposal => {
  switch (event.type) {
    case 'RelocationProposalRequested':
      return { status: 'requested' };
    case 'ProposedGainsListed':
      return proposal;
    case 'RelocationProposed':
      return { status: 'proposed' };
    case 'RelocationProposalFailed':
      return { status: 'failed' };
    default:
      return unreachable(event);
  }
};

/** The first outcome is the outcome, whoever computes another one later. */
const decide = (command: ProposalCommand, { status }: Proposal): readonly ProposalEvent[] => {
  if (command.type === 'RequestProposal') {
    if (status !== 'unknown') return [];
    mustLeaveTime(command.data);
    return [{ type: 'RelocationProposalRequested', data: command.data }];
  }
  if (status === 'unknown') {
    throw proposalUnknown(
      command.type === 'Propose' ? command.data.proposed.proposalId : command.data.proposalId,
    );
  }
  if (status !== 'requested') return [];
  switch (command.type) {
    case 'Propose':
      return propose(command.data);
    case 'FailProposal':
      return [{ type: 'RelocationProposalFailed', data: command.data }];
    default:
      return unreachable(command);
  }
};

const mustLeaveTime = ({
  horizonDays,
  downtimeHours,
}: RelocationProposalRequested['data']): void => {
  for (const way of ['within', 'between'] as const) {
    if (downtimeHours[way] <= horizonDays * HOURS_A_DAY) continue;
    throw new DomainError(
      'invalid',
      'proposal/downtime-too-long',
      `${downtimeHours[way]} hours without power are more than the ${horizonDays} days of the horizon`,
      { horizonDays, downtimeHours: downtimeHours[way] },
      `/downtimeHours/${way}`,
    );
  }
};

const propose = ({
  proposed,
  gains,
}: Extract<ProposalCommand, { type: 'Propose' }>['data']): ProposalEvent[] => {
  const { proposalId } = proposed;
  const chunks = Math.ceil(gains.length / GAINS_A_CHUNK);
  return [
    ...Array.from({ length: chunks }, (_, chunk): ProposedGainsListed => {
      const part = gains.slice(chunk * GAINS_A_CHUNK, (chunk + 1) * GAINS_A_CHUNK);
      return { type: 'ProposedGainsListed', data: { proposalId, chunk, gains: part } };
    }),
    { type: 'RelocationProposed', data: { ...proposed, gainCount: gains.length } },
  ];
};

export const proposalUnknown = (proposalId: string): DomainError =>
  new DomainError('notFound', 'proposal/unknown', `There is no proposal ${proposalId}`, {
    proposalId,
  });

/** A question which machines to move where, and its one answer. */
export const proposalAggregate: Aggregate<Proposal, ProposalCommand, ProposalEvent> = {
  category: 'relocationProposal',
  initialState: { status: 'unknown' },
  events: proposalEvents,
  decide,
  evolve,
};
