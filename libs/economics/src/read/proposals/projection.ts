import { tableFold, type Projection } from '@hostledger/eventsourcing';
import type { RelocationPlanned } from '@hostledger/fleet';
import type {
  PinnedInputs,
  ProposalEvent,
  ProposedGainsListed,
  RelocationProposalRequested,
  RelocationProposed,
} from '../../domain/proposal-events.js';
import type { Standing } from '../../domain/proposal-value.js';

type Outcome = Omit<
  RelocationProposed['data'],
  'proposalId' | 'relocationId' | 'requestedBy' | 'reference' | 'cause' | 'notes' | 'inputs'
>;

/** A request for a proposal and what came of it. */
export interface ProposalRow {
  readonly proposal_id: string;
  readonly reference: string;
  readonly state: 'requested' | 'proposed' | 'failed';
  readonly asked: RelocationProposalRequested['data'];
  readonly requested_by: string;
  readonly requested_at: string;
  /** When there was an outcome. */
  readonly answered_at: string | null;
  readonly relocation_id: string | null;
  readonly outcome: Outcome | null;
  /** What it was computed from. */
  readonly inputs: PinnedInputs | null;
  readonly code: string | null;
  readonly message: string | null;
  /** Of the request; orders the proposals. */
  readonly position: bigint;
  readonly revision: number;
}

const ofProposal = ({ data }: { data: { proposalId: string } }) => [
  { proposal_id: data.proposalId },
];

export const proposals = tableFold<ProposalRow, ProposalEvent | RelocationPlanned>({
  table: {
    name: 'relocation_proposals',
    columns: {
      proposal_id: 'text',
      reference: 'text',
      state: 'text',
      asked: 'jsonb',
      requested_by: 'text',
      requested_at: 'timestamptz',
      answered_at: 'timestamptz',
      relocation_id: 'text',
      outcome: 'jsonb',
      inputs: 'jsonb',
      code: 'text',
      message: 'text',
      position: 'bigint',
      revision: 'integer',
    },
    key: ['proposal_id'],
    nullable: ['answered_at', 'relocation_id', 'outcome', 'inputs', 'code', 'message'],
    indexes: [['position'], ['state', 'position'], ['reference', 'position']],
  },
  keys: {
    RelocationProposalRequested: ofProposal,
    RelocationProposed: ofProposal,
    RelocationProposalFailed: ofProposal,
    RelocationPlanned: ({ data: { proposalId } }) =>
      proposalId === undefined ? [] : [{ proposal_id: proposalId }],
  },
  evolve: (row, event) => {
    const revision = Number(event.revision);
    if (event.type === 'RelocationProposalRequested') {
      return {
        proposal_id: event.data.proposalId,
        reference: event.data.reference,
        state: 'requested',
        asked: event.data,
        requested_by: event.data.requestedBy,
        requested_at: event.metadata.occurredAt,
        answered_at: null,
        relocation_id: null,
        outcome: null,
        inputs: null,
        code: null,
        message: null,
        position: event.position,
        revision,
      };
    }
    if (!row || event.type === 'ProposedGainsListed') return row;
    // Only now is there something to approve.
    if (event.type === 'RelocationPlanned') return { ...row, state: 'proposed' };
    const answered = { ...row, answered_at: event.metadata.occurredAt, revision };
    if (event.type === 'RelocationProposalFailed') {
      const { code, message, inputs = null } = event.data;
      return { ...answered, state: 'failed', code, message, inputs };
    }
    const { relocationId, inputs, ...outcome } = event.data;
    return {
      ...answered,
      relocation_id: relocationId,
      inputs,
      outcome: outcomeOf(outcome),
    };
  },
});

/** Without what the request says. */
const outcomeOf = ({
  proposalId: _1,
  requestedBy: _2,
  reference: _3,
  cause: _4,
  notes: _5,
  ...outcome
}: Omit<RelocationProposed['data'], 'relocationId' | 'inputs'>): Outcome => outcome;

/** What consecutive moves of a proposal bring, each the same. */
export interface ProposedGainRow {
  readonly proposal_id: string;
  readonly first_move: number;
  readonly moves: number;
  readonly from_facility: string;
  readonly to_facility: string;
  readonly standing: Standing;
  readonly hashrate_ghs: number;
  readonly power_watts: number;
  readonly value: string;
  readonly gain_per_day: string;
  readonly moving_cost: string;
}

export const proposedGains = tableFold<ProposedGainRow, ProposedGainsListed>({
  table: {
    name: 'proposed_gains',
    columns: {
      proposal_id: 'text',
      first_move: 'integer',
      moves: 'integer',
      from_facility: 'text',
      to_facility: 'text',
      standing: 'text',
      hashrate_ghs: 'integer',
      power_watts: 'integer',
      value: 'text',
      gain_per_day: 'text',
      moving_cost: 'text',
    },
    key: ['proposal_id', 'first_move'],
    insertOnly: true,
  },
  keys: {
    ProposedGainsListed: ({ data: { proposalId, gains } }) =>
      gains.map(({ firstMove }) => ({ proposal_id: proposalId, first_move: firstMove })),
  },
  evolve: (_, { data: { proposalId, gains } }, key) => {
    const gain = gains.find(({ firstMove }) => firstMove === key.first_move)!;
    return {
      proposal_id: proposalId,
      first_move: gain.firstMove,
      moves: gain.moves,
      from_facility: gain.from,
      to_facility: gain.to,
      standing: gain.standing,
      hashrate_ghs: gain.hashrateGhs,
      power_watts: gain.powerWatts,
      value: gain.value,
      gain_per_day: gain.gainPerDay,
      moving_cost: gain.movingCost,
    };
  },
});

export const proposalsProjection: Projection = {
  name: 'relocation_proposals',
  version: 1,
  tables: [proposals, proposedGains],
};
