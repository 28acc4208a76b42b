import {
  DomainError,
  unreachable,
  type DomainCommand,
  type DomainEvent,
} from '@hostledger/eventsourcing';
import type { LivingMiner, SlotPlace, StoragePlace } from './miner.js';
import {
  mustBeIdentifier,
  partsAfter,
  type IdentifierKind,
  type Parts,
} from './miner-identifiers.js';
import { countedOf, type Counted } from './miner-model.js';
import {
  changePowerProfile,
  deenergize,
  energize,
  mustNameCurtailment,
  refused,
  type Grant,
  type PowerCommand,
  type PowerEvent,
} from './miner-power.js';
import {
  closeRepair,
  notInStorage,
  openRepair,
  returnFromVendor,
  sendToVendor,
  swapComponent,
  type MinerReturnedFromVendor,
  type MinerSentToVendor,
  type RepairCommand,
  type RepairEvent,
  type VendorPlace,
} from './miner-repair.js';
import { inTransit, powerChanged, type TransitPlace } from './miner-transit.js';

// What happens to a machine beside being moved. Whose it is, and its end, are decided here.

export { IDENTIFIER_KINDS, type IdentifierKind } from './miner-identifiers.js';
export const RETIREMENT_CAUSES = ['sold', 'returned', 'scrapped', 'lost'] as const;
export type RetirementCause = (typeof RETIREMENT_CAUSES)[number];
export type UnassignmentCause = 'request' | 'titleTransfer' | 'retirement' | 'benchSwap';

// Events

export type IdentifierObserved = DomainEvent<
  'IdentifierObserved',
  { serial: string; kind: IdentifierKind; value: string }
>;

export interface Seat {
  serial: string;
  customerId: string;
  contractId: string;
  orderId: string;
  allocationId: string;
  /** Of the machines that took it up together; the contract counts by it. */
  assignmentId: string;
  /** What it takes of the allocation. */
  powerWatts: number;
}

/** A part of an allocation that one machine takes up. */
export type MinerAssigned = DomainEvent<
  'MinerAssigned',
  Seat & {
    /** It draws power, until then under another contract. */
    energized?: {
      /** Under which it was counted as energized. */
      readonly fromContractId: string;
      readonly ratedHashrateGhs: number;
      readonly powerWatts: number;
    };
    /** The machine that it replaced in a bench swap, whose part it takes over as it was counted. */
    passedFrom?: string;
  }
>;
export type MinerUnassigned = DomainEvent<
  'MinerUnassigned',
  Seat & {
    cause: UnassignmentCause;
    /** It goes to the spare of a bench swap and stays counted. */
    passedTo?: { readonly serial: string; readonly removalId: string };
  }
>;
/** The spare stands in the slot, or does not for the reason told. */
export type BenchSwapEnded = DomainEvent<
  'BenchSwapEnded',
  {
    serial: string;
    spareSerial: string;
    /** Of the `MinerUninstalled` that began it. */
    removalId: string;
    /** Whether the spare stands in the slot. */
    replaced: boolean;
    /** Code of the rule by which the spare was refused; see problems.md. */
    code?: string;
    message?: string;
    /** The part of an allocation that the spare did not take over; it is free again. */
    freed?: Omit<Seat, 'serial' | 'customerId'>;
  }
>;
export type TitleTransferred = DomainEvent<
  'TitleTransferred',
  {
    serial: string;
    model: string;
    fromCustomerId: string;
    toCustomerId: string;
    effectiveOn: string;
    /** SHA-256 (hex) of the bill of sale. */
    documentDigest: string;
    place: SlotPlace | StoragePlace;
    energized: boolean;
    ratedHashrateGhs: number;
    powerWatts: number;
  }
>;
export type MinerRetired = DomainEvent<
  'MinerRetired',
  {
    serial: string;
    model: string;
    customerId: string;
    /** On the road only if it was lost there. */
    from: StoragePlace | VendorPlace | TransitPlace;
    cause: RetirementCause;
    ratedHashrateGhs: number;
    powerWatts: number;
  }
>;

export type LifeEvent =
  | IdentifierObserved
  | MinerAssigned
  | MinerUnassigned
  | BenchSwapEnded
  | TitleTransferred
  | MinerRetired
  | PowerEvent
  | RepairEvent;

// State

/** What a machine is beside its place; absent where it is not. */
export interface Condition {
  readonly energized?: true;
  /** The last that a change of its power profile used. */
  readonly grant?: Grant;
  readonly assignment?: Pick<
    MinerAssigned['data'],
    'orderId' | 'allocationId' | 'assignmentId' | 'powerWatts'
  >;
  /** The last bench swap of it that ended. */
  readonly endedSwap?: Pick<BenchSwapEnded['data'], 'removalId' | 'code' | 'message'>;
  /** Of the repair that is open. */
  readonly repairId?: string;
  readonly closedRepairs?: readonly string[];
  readonly counted?: Counted;
  /** Those swapped in repairs. */
  readonly parts?: Parts;
}

export const live = (
  miner: LivingMiner,
  event: Exclude<LifeEvent, MinerRetired | MinerSentToVendor | MinerReturnedFromVendor>,
): LivingMiner => {
  switch (event.type) {
    case 'MinerEnergized':
      return { ...miner, energized: true };
    case 'MinerDeenergized':
      return without(miner, 'energized');
    case 'PowerProfileChanged': {
      const { hashrateGhs: ratedHashrateGhs, powerWatts, grant } = event.data;
      const counted = countedOf(miner);
      return { ...miner, ratedHashrateGhs, powerWatts, counted, ...(grant && { grant }) };
    }
    case 'RepairOpened':
      return { ...miner, repairId: event.data.repairId };
    case 'RepairClosed': {
      const closedRepairs = [...(miner.closedRepairs ?? []), event.data.repairId];
      return { ...without(miner, 'repairId'), closedRepairs };
    }
    case 'MinerAssigned': {
      const { contractId, orderId, allocationId, assignmentId, powerWatts } = event.data;
      const assignment = { orderId, allocationId, assignmentId, powerWatts };
      return { ...miner, contractId, assignment };
    }
    case 'MinerUnassigned':
      return without(miner, 'assignment');
    case 'BenchSwapEnded':
      return { ...miner, endedSwap: endedSwapOf(event.data) };
    case 'TitleTransferred':
      return { ...miner, customerId: event.data.toCustomerId, counted: countedOf(miner) };
    case 'ComponentSwapped':
      return { ...miner, parts: partsAfter(miner.parts, event.data) };
    case 'IdentifierObserved':
      return miner;
    default:
      return unreachable(event);
  }
};

const endedSwapOf = ({ removalId, code, message }: BenchSwapEnded['data']) =>
  code !== undefined && message !== undefined ? { removalId, code, message } : { removalId };

const without = (miner: LivingMiner, key: keyof Condition): LivingMiner => {
  const { [key]: _, ...rest } = { ...miner, [key]: undefined };
  return rest;
};

// Commands

export interface AssignMinerData extends Omit<MinerAssigned['data'], 'energized'> {
  /** Where the allocation is; not asked of a spare that stands where the machine did. */
  readonly facility?: string;
}

export type LifeCommand =
  | PowerCommand
  | RepairCommand
  | DomainCommand<'ObserveIdentifier', IdentifierObserved['data']>
  | DomainCommand<'AssignMiner', AssignMinerData>
  | DomainCommand<'EndBenchSwap', BenchSwapEnded['data']>
  | DomainCommand<'UnassignMiner', { serial: string; cause: UnassignmentCause }>
  | DomainCommand<
      'TransferTitle',
      Pick<TitleTransferred['data'], 'serial' | 'toCustomerId' | 'effectiveOn' | 'documentDigest'>
    >
  | DomainCommand<'RetireMiner', { serial: string; cause: RetirementCause }>;

// Decide

export const decideLife = (command: LifeCommand, miner: LivingMiner): readonly LifeEvent[] => {
  switch (command.type) {
    case 'EnergizeMiner':
      return energize(command.data, miner);
    case 'DeenergizeMiner':
      mustNameCurtailment(command.data);
      return deenergize(command.data, miner);
    case 'ChangePowerProfile':
      return changePowerProfile(command.data, miner);
    case 'ObserveIdentifier': {
      const { kind, value } = command.data;
      const observed = { ...command.data, value: mustBeIdentifier(kind, value, '/value') };
      return [{ type: 'IdentifierObserved', data: observed }];
    }
    case 'OpenRepair':
      return openRepair(command.data, miner);
    case 'SendToVendor':
      return sendToVendor(command.data, miner);
    case 'ReturnFromVendor':
      return returnFromVendor(command.data, miner);
    case 'SwapComponent':
      return swapComponent(command.data, miner);
    case 'CloseRepair':
      return closeRepair(command.data, miner);
    case 'AssignMiner':
      return assign(command.data, miner);
    case 'EndBenchSwap':
      if (miner.endedSwap?.removalId === command.data.removalId) return [];
      return [{ type: 'BenchSwapEnded', data: command.data }];
    case 'UnassignMiner':
      return unassigned(command.data.serial, miner, command.data.cause);
    case 'TransferTitle':
      return transferTitle(command.data, command.at, miner);
    case 'RetireMiner':
      return retire(command.data, miner);
    default:
      return unreachable(command);
  }
};

/** Counted at the contract before; the customer is that of the contract. */
const assign = ({ facility, ...data }: AssignMinerData, miner: LivingMiner): MinerAssigned[] => {
  const { serial, customerId, assignmentId, powerWatts } = data;
  const { assignment } = miner;
  if (assignment?.assignmentId === assignmentId) return [];
  if (assignment) {
    throw refused(
      'miner/already-assigned',
      `Miner ${serial} is assigned to allocation ${assignment.allocationId}`,
      { serial, ...assignment },
      '/serial',
    );
  }
  if (customerId !== miner.customerId) {
    throw refused(
      'miner/other-customer',
      `Miner ${serial} belongs to another customer than the contract`,
      { serial, customerId: miner.customerId },
      '/serial',
    );
  }
  const { place } = miner;
  const isAt = place.kind === 'transit' ? place.to : place.facility;
  if (facility !== undefined && facility !== isAt) {
    throw refused(
      'miner/other-facility',
      `Miner ${serial} is at ${isAt}, and the allocation is at ${facility}`,
      { serial, facility: isAt },
      '/serial',
    );
  }
  const isPassed = data.passedFrom !== undefined;
  if (!isPassed && powerWatts !== miner.powerWatts)
    throw powerChanged(serial, miner.powerWatts, powerWatts);
  return [{ type: 'MinerAssigned', data: { ...data, ...energizedElsewhere(data, miner) } }];
};

const energizedElsewhere = (
  { contractId }: Pick<Seat, 'contractId'>,
  { energized, contractId: fromContractId, ratedHashrateGhs, powerWatts }: LivingMiner,
): Pick<MinerAssigned['data'], 'energized'> =>
  energized && contractId !== fromContractId
    ? { energized: { fromContractId, ratedHashrateGhs, powerWatts } }
    : {};

/** Nothing where it is assigned to nothing. */
export const unassigned = (
  serial: string,
  miner: LivingMiner,
  cause: UnassignmentCause,
  passedTo?: MinerUnassigned['data']['passedTo'],
): MinerUnassigned[] => {
  const { customerId, contractId, assignment } = miner;
  if (!assignment) return [];
  const seat = { serial, customerId, contractId, ...assignment };
  const data = { ...seat, cause, ...(passedTo && { passedTo }) };
  return [{ type: 'MinerUnassigned', data }];
};

type Transfer = Extract<LifeCommand, { type: 'TransferTitle' }>['data'];

/** What it took of an allocation was its seller's. */
const transferTitle = (
  { serial, ...data }: Transfer,
  at: string,
  miner: LivingMiner,
): (MinerUnassigned | TitleTransferred)[] => {
  if (miner.customerId === data.toCustomerId) return [];
  mustBeEffective(data.effectiveOn, at);
  if (miner.status === 'inTransit') throw inTransit(serial, miner.place);
  if (miner.status === 'atVendor') throw notInStorage(serial, 'at a vendor');
  const { model, customerId: fromCustomerId, place, ratedHashrateGhs, powerWatts } = miner;
  const energized = miner.energized ?? false;
  const about = { serial, model, fromCustomerId, place, energized, ratedHashrateGhs, powerWatts };
  return [
    ...unassigned(serial, miner, 'titleTransfer'),
    { type: 'TitleTransferred', data: { ...about, ...data } },
  ];
};

/** The title passes when it is recorded, so it cannot be recorded before its day; days are UTC. */
const mustBeEffective = (effectiveOn: string, at: string): void => {
  const today = at.slice(0, 10);
  if (effectiveOn <= today) return;
  throw new DomainError(
    'invalid',
    'miner/title-in-future',
    `The title passes on ${effectiveOn}; record it on that day or later`,
    { effectiveOn, today },
    '/effectiveOn',
  );
};

const retire = (
  { serial, cause }: { serial: string; cause: RetirementCause },
  miner: LivingMiner,
): (MinerUnassigned | MinerRetired)[] => {
  if (miner.status === 'inTransit' && cause !== 'lost') throw inTransit(serial, miner.place);
  if (miner.status === 'installed') throw notInStorage(serial, miner.status);
  const { model, customerId, place: from, ratedHashrateGhs, powerWatts } = miner;
  const data = { serial, model, customerId, from, cause, ratedHashrateGhs, powerWatts };
  return [...unassigned(serial, miner, 'retirement'), { type: 'MinerRetired', data }];
};
