import { specOf } from '@hostledger/testing';
import { proposalAggregate, type ProposalCommand } from './proposal.js';
import type {
  ProposedGain,
  RelocationProposalRequested,
  RelocationProposed,
} from './proposal-events.js';

const { given } = specOf(proposalAggregate);

const at = '2024-05-01T12:00:00.000Z';
const proposalId = 'proposal-1';
const asked: RelocationProposalRequested['data'] = {
  proposalId,
  reference: 'HALVING-2024',
  cause: 'Halving',
  requestedBy: 'ana',
  horizonDays: 2,
  currency: 'USD',
  movingCost: { within: '15.00', between: '60.00' },
  downtimeHours: { within: 4, between: 48 },
  candidates: 'running',
  scope: {},
  conditions: {},
  holdHours: 168,
};
const requested = { type: 'RelocationProposalRequested', data: asked } as const;
const request = (change: Partial<typeof asked> = {}): ProposalCommand => ({
  type: 'RequestProposal',
  data: { ...asked, ...change },
  at,
});

const proposed: Omit<RelocationProposed['data'], 'gainCount'> = {
  proposalId,
  relocationId: 'relocation-1',
  requestedBy: 'ana',
  reference: 'HALVING-2024',
  cause: 'Halving',
  holdHours: 168,
  currency: 'USD',
  moveCount: 201,
  chunkCount: 1,
  destinations: [{ facility: 'CHEAP', moves: 201 }],
  value: '201.00',
  gainPerDay: '402.00',
  movingCost: '12060.00',
  bound: '201.00',
  gapPercent: '0.0000',
  greedyValue: '201.00',
  status: 'optimal',
  grouping: 'rack',
  solver: 'HiGHS',
  inputs: {
    logPosition: '100',
    conditions: {
      difficulty: { value: '1', origin: 'given' },
      subsidySats: { value: '1', origin: 'given' },
      feesSats: { value: '0', origin: 'assumed' },
      price: { value: '1', origin: 'given' },
      poolFeePercent: { value: '0', origin: 'assumed' },
      availabilityPercent: { value: '100', origin: 'assumed' },
    },
    sites: [],
    machines: 201,
    leftOut: [],
    digest: 'd',
  },
};
const gainsOf = (count: number): ProposedGain[] =>
  Array.from({ length: count }, (_, index) => ({
    from: 'DEAR',
    to: 'CHEAP',
    standing: 'running',
    hashrateGhs: 200_000,
    powerWatts: 3_500 + index,
    firstMove: index + 1,
    moves: 1,
    value: '1.00',
    gainPerDay: '2.00',
    movingCost: '60.00',
  }));
const propose = (count: number): ProposalCommand => ({
  type: 'Propose',
  data: { proposed, gains: gainsOf(count) },
  at,
});
const failure = { proposalId, code: 'proposal/no-room', message: 'There is no room' };
const fail: ProposalCommand = { type: 'FailProposal', data: failure, at };
const failed = { type: 'RelocationProposalFailed', data: failure } as const;
const answered = { type: 'RelocationProposed', data: { ...proposed, gainCount: 1 } } as const;

describe('a request for a proposal', () => {
  it('is made once', () => {
    given().when(request()).then(requested);
    given(requested).when(request()).thenNothing();
  });

  it('leaves a machine time to run within the horizon', () => {
    given()
      .when(request({ downtimeHours: { within: 49, between: 48 } }))
      .thenRejects('proposal/downtime-too-long', '/downtimeHours/within');
    given()
      .when(request({ downtimeHours: { within: 4, between: 49 } }))
      .thenRejects('proposal/downtime-too-long', '/downtimeHours/between');
  });

  it('is answered with moves, told of in parts, or with why there are none', () => {
    const gains = gainsOf(201);
    given(requested)
      .when(propose(201))
      .then(
        {
          type: 'ProposedGainsListed',
          data: { proposalId, chunk: 0, gains: gains.slice(0, 200) },
        },
        { type: 'ProposedGainsListed', data: { proposalId, chunk: 1, gains: gains.slice(200) } },
        { type: 'RelocationProposed', data: { ...proposed, gainCount: 201 } },
      );
    given(requested).when(fail).then(failed);
  });

  it('has one answer, whoever computes another one later', () => {
    given(requested, answered).when(propose(1)).thenNothing();
    given(requested, answered).when(fail).thenNothing();
    given(requested, failed).when(propose(1)).thenNothing();
    given().when(propose(1)).thenRejects('proposal/unknown');
    given().when(fail).thenRejects('proposal/unknown');
  });
});
