import { recorded, rowsOf } from '@hostledger/testing';
import type {
  PinnedInputs,
  ProposalEvent,
  RelocationProposalRequested,
  RelocationProposed,
} from '../../domain/proposal-events.js';
import { proposals, proposedGains } from './projection.js';

const asked: RelocationProposalRequested['data'] = {
  proposalId: 'p1',
  reference: 'HALVING-2024',
  cause: 'Halving',
  requestedBy: 'ana',
  horizonDays: 90,
  currency: 'USD',
  movingCost: { within: '15.00', between: '60.00' },
  downtimeHours: { within: 4, between: 48 },
  candidates: 'running',
  scope: {},
  conditions: {},
  holdHours: 168,
};
const inputs: PinnedInputs = {
  logPosition: '100',
  conditions: {
    difficulty: { value: '88100000000000', origin: 'recorded', eventId: 'e1', position: '50' },
    subsidySats: { value: '312500000', origin: 'given' },
    feesSats: { value: '0', origin: 'assumed' },
    price: { value: '60000', origin: 'given' },
    poolFeePercent: { value: '0', origin: 'assumed' },
    availabilityPercent: { value: '100', origin: 'assumed' },
  },
  sites: [],
  machines: 2,
  leftOut: [{ reason: 'underRepair', machines: 1 }],
  digest: 'd'.repeat(64),
};
const figures = {
  holdHours: 168,
  currency: 'USD',
  moveCount: 2,
  chunkCount: 1,
  destinations: [{ facility: 'CHEAP', moves: 2 }],
  gainCount: 1,
  value: '537.9094',
  gainPerDay: '7.56',
  movingCost: '120.00',
  bound: '537.9094',
  gapPercent: '0.0000',
  greedyValue: '537.9094',
  status: 'optimal',
  grouping: 'rack',
  solver: 'HiGHS 1.15.1',
} as const;
const proposed: RelocationProposed['data'] = {
  proposalId: 'p1',
  relocationId: 'r1',
  requestedBy: 'ana',
  reference: 'HALVING-2024',
  cause: 'Halving',
  ...figures,
  inputs,
};
const gain = {
  from: 'DEAR',
  to: 'CHEAP',
  standing: 'running',
  hashrateGhs: 200_000,
  powerWatts: 3_500,
  firstMove: 1,
  moves: 2,
  value: '268.9547',
  gainPerDay: '3.78',
  movingCost: '60.00',
} as const;

const requested: ProposalEvent = { type: 'RelocationProposalRequested', data: asked };
const answered: readonly ProposalEvent[] = [
  requested,
  { type: 'ProposedGainsListed', data: { proposalId: 'p1', chunk: 0, gains: [gain] } },
  { type: 'RelocationProposed', data: proposed },
];
const failed: ProposalEvent = {
  type: 'RelocationProposalFailed',
  data: { proposalId: 'p1', code: 'proposal/no-room', message: 'No room', inputs },
};

const logOf = (events: readonly ProposalEvent[]) => recorded('relocationProposal-p1', events);

describe('a request for a proposal', () => {
  it('is open until it is answered', () => {
    expect(rowsOf(proposals, logOf([requested]))).toMatchObject([
      { state: 'requested', requested_by: 'ana', outcome: null, answered_at: null, revision: 0 },
    ]);
  });

  it('is answered by moves, with what they bring and from what that was computed', () => {
    const log = logOf(answered);
    const answer = { relocation_id: 'r1', outcome: figures, inputs, asked, revision: 2 };
    expect(rowsOf(proposals, log)).toMatchObject([{ state: 'requested', ...answer }]);
    // A plan that nobody could approve yet is none.
    const data = { relocationId: 'r1', proposalId: 'p1' };
    const planned = recorded('relocation-r1', [{ type: 'RelocationPlanned', data }], 7);
    expect(rowsOf(proposals, [...log, ...planned])).toMatchObject([
      { state: 'proposed', ...answer },
    ]);
    const uploaded = recorded('relocation-r2', [
      { type: 'RelocationPlanned', data: { relocationId: 'r2' } },
    ]);
    expect(rowsOf(proposals, [...log, ...uploaded])).toMatchObject([{ state: 'requested' }]);
    expect(rowsOf(proposedGains, log)).toEqual([
      {
        proposal_id: 'p1',
        first_move: 1,
        moves: 2,
        from_facility: 'DEAR',
        to_facility: 'CHEAP',
        standing: 'running',
        hashrate_ghs: 200_000,
        power_watts: 3_500,
        value: '268.9547',
        gain_per_day: '3.78',
        moving_cost: '60.00',
      },
    ]);
  });

  it('is answered by the rule that there are none by', () => {
    expect(rowsOf(proposals, logOf([requested, failed]))).toMatchObject([
      {
        state: 'failed',
        code: 'proposal/no-room',
        message: 'No room',
        inputs,
        relocation_id: null,
      },
    ]);
  });
});
