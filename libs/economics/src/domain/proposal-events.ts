import type { DomainEvent, EventCatalogue } from '@hostledger/eventsourcing';
import type { Grouping } from './proposal-programme.js';
import type { Standing } from './proposal-value.js';

// What can be recorded of a request for a relocation proposal. Amounts of money are decimal strings
// in the currency of the request.

/** Of one machine, in the currency. */
export interface MovingCost {
  /** From storage into a slot of the same facility. */
  readonly within: string;
  /** To another facility. */
  readonly between: string;
}

/** Whole hours that one machine is without power. */
export interface Downtime {
  /** From storage into a slot of the same facility. */
  readonly within: number;
  /** To another facility. */
  readonly between: number;
}

/** Which machines may be moved; all of them where nothing is named. */
export interface ProposalScope {
  /** Where they stand now. */
  readonly facilities?: readonly string[];
  /** Ids of those whose machines they are. */
  readonly customers?: readonly string[];
  /** Ids of those that they are hosted under. */
  readonly contracts?: readonly string[];
  /** Codes of miner models. */
  readonly models?: readonly string[];
}

/** What the market is taken to be; what is left out is what was in force when it was computed. */
export interface StatedConditions {
  /** Of the network, decimal. */
  readonly difficulty?: string;
  /** Of a block. */
  readonly subsidySats?: number;
  /** Average fees of a block; 0 where they are left out. */
  readonly feesSats?: number;
  /** Of one bitcoin. */
  readonly price?: string;
  /** `0` where it is left out. */
  readonly poolFeePercent?: string;
  /** `100` where it is left out. */
  readonly availabilityPercent?: string;
}

export interface StatedRate {
  readonly facility: string;
  /** In the currency of the proposal. */
  readonly ratePerKwh: string;
}

/** - `running`: that draw power now. - `all`: also those in slots without power and in storage. */
export const CANDIDATES = ['running', 'all'] as const;
export type Candidates = (typeof CANDIDATES)[number];

export type RelocationProposalRequested = DomainEvent<
  'RelocationProposalRequested',
  {
    /** Of the request, and of what comes of it. */
    proposalId: string;
    /** The planner's name for the plan. */
    reference: string;
    /** Why machines are to move. */
    cause: string;
    /** Subject of the token; who approves the plan is another one. */
    requestedBy: string;
    /** Days that the gain of a move is counted for. */
    horizonDays: number;
    /** ISO 4217; of all amounts, the price of a bitcoin and power rates. */
    currency: string;
    /** What moving a machine costs, once. */
    movingCost: MovingCost;
    /** For how long a machine that is moved does not run. */
    downtimeHours: Downtime;
    /** Whether machines without power may be moved as well. */
    candidates: Candidates;
    /** Which machines may be moved. */
    scope: ProposalScope;
    /** Sites that machines may be brought to; any that is open where it is left out. */
    destinations?: readonly string[];
    /** Taken for those in force; the other facilities keep theirs. */
    rates?: readonly StatedRate[];
    /** What the market is taken to be; what is left out is as recorded. */
    conditions: StatedConditions;
    /** The most machines that may move. */
    maxMoves?: number;
    /** For the moving costs of all moves together. */
    budget?: string;
    /** No plan is made that brings less. */
    minimumGain?: string;
    /** For the plan: how long slots are held from its approval. */
    holdHours: number;
    notes?: string;
  }
>;

/** Consecutive moves of the plan that are worth the same. */
export interface ProposedGain {
  /** Facility that they leave. */
  readonly from: string;
  /** Facility that they go to. */
  readonly to: string;
  /** Whether they run, could run where they are, or are in storage. */
  readonly standing: Standing;
  /** Of each machine. */
  readonly hashrateGhs: number;
  /** Of each machine. */
  readonly powerWatts: number;
  /** Number in the plan of the first of them. */
  readonly firstMove: number;
  /** How many of them there are. */
  readonly moves: number;
  /** Of each, over the horizon, less what it costs to move it. */
  readonly value: string;
  /** Of margin, of each. */
  readonly gainPerDay: string;
  /** Of moving each. */
  readonly movingCost: string;
}

/** From where a number was taken. */
export interface PinnedInput {
  /** The number itself, decimal. */
  readonly value: string;
  /** `recorded`: by an event. `given`: by the request. `assumed`: where nobody said. */
  readonly origin: 'recorded' | 'given' | 'assumed';
  /** Of the event. */
  readonly eventId?: string;
  /** In the log, of the event; a decimal number. */
  readonly position?: string;
}

export interface PinnedConditions {
  /** Of the network. */
  readonly difficulty: PinnedInput;
  /** Of a block. */
  readonly subsidySats: PinnedInput;
  /** Average of a block. */
  readonly feesSats: PinnedInput;
  /** Of one bitcoin. */
  readonly price: PinnedInput;
  /** What the pool keeps. */
  readonly poolFeePercent: PinnedInput;
  /** Share of the day that machines run. */
  readonly availabilityPercent: PinnedInput;
}

/** Room for machines at a facility. */
export interface PinnedRoom {
  /** Racks with a free slot and power left. */
  readonly racks: number;
  /** Free in them. */
  readonly slots: number;
  /** Left for them, by their limits and the envelope in force. */
  readonly watts: number;
}

/** Machines that were not among those to choose from. */
export interface LeftOutMachines {
  /** Why not. */
  readonly reason: LeftOut;
  /** How many. */
  readonly machines: number;
}

/** A facility as it was when the moves were chosen. */
export interface PinnedSite {
  readonly facility: string;
  /** In the currency of the proposal. */
  readonly ratePerKwh: PinnedInput;
  /** Machines of it that could be chosen. */
  readonly machines: number;
  /** For machines that come; absent where nothing may be brought to. */
  readonly free?: PinnedRoom;
}

/** Why machines were not among those to choose from. */
export const LEFT_OUT = [
  'underRepair',
  'damaged',
  'contractNotActive',
  'underAnotherPlan',
  'rateUnknown',
] as const;
export type LeftOut = (typeof LEFT_OUT)[number];

/** What a choice was computed from. */
export interface PinnedInputs {
  /** Up to which the log was known; a decimal number. */
  readonly logPosition: string;
  /** What mining was taken to pay under. */
  readonly conditions: PinnedConditions;
  /** Facilities that machines could leave or go to. */
  readonly sites: readonly PinnedSite[];
  /** Machines that could be chosen. */
  readonly machines: number;
  /** Machines of the scope that could not. */
  readonly leftOut: readonly LeftOutMachines[];
  /** SHA-256 (hex) over all of it: machines, slots, rules of contracts, rates and conditions. */
  readonly digest: string;
}

export type ProposedGainsListed = DomainEvent<
  'ProposedGainsListed',
  {
    /** Request that is answered. */
    proposalId: string;
    chunk: number;
    /** In the order of the moves. */
    gains: readonly ProposedGain[];
  }
>;
export type RelocationProposed = DomainEvent<
  'RelocationProposed',
  {
    /** Request that is answered. */
    proposalId: string;
    /** Of the plan, whose moves are listed already. */
    relocationId: string;
    /** Subject who asked; another one approves. */
    requestedBy: string;
    /** The planner's name for the plan. */
    reference: string;
    /** Why machines are to move. */
    cause: string;
    notes?: string;
    /** How long slots are held, counted from the approval. */
    holdHours: number;
    currency: string;
    moveCount: number;
    /** Chunks of its moves. */
    chunkCount: number;
    destinations: readonly { readonly facility: string; readonly moves: number }[];
    /** Lines of gains. */
    gainCount: number;
    /** Of all moves together over the horizon, moving costs and downtime taken off. */
    value: string;
    /** Of margin, of all moves together. */
    gainPerDay: string;
    /** Of all moves together. */
    movingCost: string;
    /** No plan under these inputs is worth more. */
    bound: string;
    /** What is missing to the bound, in percent of it. */
    gapPercent: string;
    /** What taking the most valuable move again and again would have been worth. */
    greedyValue: string;
    /**
     * `optimal`: of the programme. `timeLimit`: the best that was found in time. `notSolved`: the
     * greedy choice, since the solver could not work on it.
     */
    status: 'optimal' | 'timeLimit' | 'notSolved';
    /** How finely the programme told racks apart. */
    grouping: Grouping;
    /** Name and version. */
    solver: string;
    /** What it was computed from. */
    inputs: PinnedInputs;
  }
>;
export type RelocationProposalFailed = DomainEvent<
  'RelocationProposalFailed',
  {
    /** Request that is answered. */
    proposalId: string;
    /** The rule that there is no plan by. */
    code: string;
    /** The same in words. */
    message: string;
    /** What it was computed from, as far as it came. */
    inputs?: PinnedInputs;
  }
>;

export type ProposalEvent =
  RelocationProposalRequested | ProposedGainsListed | RelocationProposed | RelocationProposalFailed;

export const proposalEvents: EventCatalogue<ProposalEvent> = {
  RelocationProposalRequested: 'Somebody asked which machines are best moved where.',
  ProposedGainsListed: 'A part of what the moves of a proposal bring was told, move by move.',
  RelocationProposed:
    'Moves that bring most were chosen, with what they are worth, a bound and the inputs.',
  RelocationProposalFailed: 'There are no moves to propose, by the rule that is named.',
};
