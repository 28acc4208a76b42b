import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import type { InstalledMiner, LivingMiner, Place, SlotPlace, StoragePlace } from './miner.js';
import { mustBeHere } from './miner-transit.js';

// Whether a machine draws power, and how much.

export const DEENERGIZATION_CAUSES = [
  'curtailment',
  'fault',
  'repair',
  'relocation',
  'uninstallation',
  'nonPayment',
  'customerRequest',
  'maintenance',
  'other',
] as const;
export type DeenergizationCause = (typeof DEENERGIZATION_CAUSES)[number];

/** Who acts with a token. */
const SUBJECT = /^[\w.@:+/#|=~-]{1,200}$/;

/** Who let a machine draw power although its contract is not active, and why. */
export interface Override {
  /** Subject of somebody else than who energizes. */
  readonly approvedBy: string;
  readonly reason: string;
}

interface Power {
  serial: string;
  model: string;
  customerId: string;
  /** Under which it is hosted. */
  contractId: string;
  place: SlotPlace;
  ratedHashrateGhs: number;
  /** What it takes from the power limit of its rack. */
  powerWatts: number;
}

export type MinerEnergized = DomainEvent<'MinerEnergized', Power & { override?: Override }>;
export type MinerDeenergized = DomainEvent<
  'MinerDeenergized',
  Power & { cause: DeenergizationCause; curtailmentId?: string }
>;
/** What the rack of a machine granted it; later grants have higher revisions. */
export interface Grant {
  /** Under which the machine stands in its slot. */
  readonly reservationId: string;
  /** Of the rack's stream. */
  readonly revision: number;
}

export type PowerProfileChanged = DomainEvent<
  'PowerProfileChanged',
  Omit<Power, 'place' | 'ratedHashrateGhs' | 'powerWatts'> & {
    place: SlotPlace | StoragePlace;
    energized: boolean;
    /** Of a machine in a slot. */
    grant?: Grant;
    /** As the firmware names it, e.g. `eco`. */
    profile: string;
    fromHashrateGhs: number;
    hashrateGhs: number;
    fromWatts: number;
    powerWatts: number;
  }
>;

export type PowerEvent = MinerEnergized | MinerDeenergized | PowerProfileChanged;

export interface EnergizeMinerData {
  readonly serial: string;
  /** The contract under which it is hosted, and its stage, as read for this act. */
  readonly contractId: string;
  readonly stage: string;
  /** Subject of who energizes. */
  readonly by: string;
  readonly override?: Override;
}

export interface DeenergizeMinerData {
  readonly serial: string;
  readonly cause: DeenergizationCause;
  readonly curtailmentId?: string;
}

export interface PowerProfile {
  readonly profile: string;
  readonly hashrateGhs: number;
  readonly powerWatts: number;
}

export interface ChangePowerProfileData extends PowerProfile {
  readonly serial: string;
  /** Absent for a machine in storage. */
  readonly grant?: Grant;
}

export type PowerCommand =
  | DomainCommand<'EnergizeMiner', EnergizeMinerData>
  | DomainCommand<'DeenergizeMiner', DeenergizeMinerData>
  | DomainCommand<'ChangePowerProfile', ChangePowerProfileData>;

/** Nothing where the machine draws power already. */
export const energize = (
  { serial, contractId, stage, by, override }: EnergizeMinerData,
  miner: LivingMiner,
): MinerEnergized[] => {
  if (miner.status !== 'installed') {
    throw refused('miner/not-in-slot', `Miner ${serial} does not stand in a slot`, { serial });
  }
  if (miner.energized) return [];
  if (miner.repairId !== undefined) throw underRepair(serial, miner.repairId);
  if (contractId !== miner.contractId) {
    throw refused(
      'miner/assigned-meanwhile',
      `Miner ${serial} was assigned to another contract meanwhile; ask again`,
      { serial, contractId: miner.contractId },
    );
  }
  if (stage === 'active') return [{ type: 'MinerEnergized', data: powerOf(serial, miner) }];
  if (!override) {
    throw refused(
      'miner/contract-not-active',
      `The contract of miner ${serial} is ${stage}; only an override lets it draw power`,
      { serial, contractId: miner.contractId, stage },
    );
  }
  if (!SUBJECT.test(override.approvedBy)) {
    throw new DomainError(
      'invalid',
      'miner/approver-invalid',
      'Whoever approves an override is named as on a token: letters, digits and . _ @ : + / # | = ~ -',
      { approvedBy: override.approvedBy },
      '/override/approvedBy',
    );
  }
  if (override.approvedBy.toLowerCase() === by.toLowerCase()) {
    throw new DomainError(
      'forbidden',
      'miner/own-override',
      'An override is approved by somebody else than who energizes',
      { approvedBy: by },
      '/override/approvedBy',
    );
  }
  return [{ type: 'MinerEnergized', data: { ...powerOf(serial, miner), override } }];
};

/** Exactly a curtailment is named by its id. */
export const mustNameCurtailment = ({ cause, curtailmentId }: DeenergizeMinerData): void => {
  if ((cause === 'curtailment') === (curtailmentId !== undefined)) return;
  throw new DomainError(
    'invalid',
    'miner/curtailment-not-named',
    cause === 'curtailment'
      ? 'The curtailment needs to be named by its id'
      : `A machine that is taken off power for the cause ${cause} names no curtailment`,
    { cause },
    '/curtailmentId',
  );
};

/** Nothing where the machine draws no power. */
export const deenergize = (
  { serial, ...why }: DeenergizeMinerData,
  miner: LivingMiner,
): MinerDeenergized[] =>
  miner.status === 'installed' && miner.energized
    ? [{ type: 'MinerDeenergized', data: { ...powerOf(serial, miner), ...why } }]
    : [];

const powerOf = (serial: string, miner: InstalledMiner): Power => {
  const { model, customerId, contractId, place, ratedHashrateGhs, powerWatts } = miner;
  return { serial, model, customerId, contractId, place, ratedHashrateGhs, powerWatts };
};

export const runsAt = (
  { hashrateGhs, powerWatts }: Pick<PowerProfile, 'hashrateGhs' | 'powerWatts'>,
  miner: LivingMiner,
): boolean => hashrateGhs === miner.ratedHashrateGhs && powerWatts === miner.powerWatts;

/**
 * In a slot only after its rack granted the watts; of several grants the last one holds. A machine
 * that went on keeps what it had.
 */
export const changePowerProfile = (
  { serial, grant, profile, hashrateGhs, powerWatts }: ChangePowerProfileData,
  miner: LivingMiner,
): PowerProfileChanged[] => {
  mustBeHere(serial, miner);
  const reservationId = miner.status === 'installed' ? miner.moves.at(-1) : undefined;
  if (reservationId !== grant?.reservationId) {
    throw movedMeanwhile(serial, miner.place);
  }
  const known = miner.grant?.reservationId === reservationId ? miner.grant?.revision : undefined;
  if (grant && known !== undefined && grant.revision <= known) return [];
  if (!grant && runsAt({ hashrateGhs, powerWatts }, miner)) return [];
  const { model, customerId, contractId, place, energized = false } = miner;
  return [
    {
      type: 'PowerProfileChanged',
      data: {
        ...{ serial, model, customerId, contractId, place, energized, profile },
        ...(grant && { grant }),
        fromHashrateGhs: miner.ratedHashrateGhs,
        hashrateGhs,
        fromWatts: miner.powerWatts,
        powerWatts,
      },
    },
  ];
};

export const movedMeanwhile = (serial: string, place: Place): DomainError =>
  refused(
    'miner/moved-meanwhile',
    `Miner ${serial} was moved while its rack was asked for watts; ask again`,
    { serial, place },
  );

export const underRepair = (serial: string, repairId: string): DomainError =>
  refused('miner/under-repair', `Miner ${serial} is under repair`, { serial, repairId }, '/serial');

export const refused = (
  code: string,
  message: string,
  details: Record<string, unknown>,
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);
