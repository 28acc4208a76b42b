import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import type { CommissionedRack, SlotUse } from './rack.js';

// What may be drawn from a rack, less while it is derated, and what each machine takes of that.

/** The limit in force is lower than the rack is rated for, or again what it is rated for. */
export type RackDerated = DomainEvent<
  'RackDerated',
  {
    facility: string;
    rack: string;
    /** In force from now on. Where more is in use already, nothing is added until it fits. */
    powerLimitWatts: number;
    /** In force before. */
    fromWatts: number;
    ratedWatts: number;
    cause: string;
    /** When it is expected to be over; it ends by `RackRestored` alone. */
    expectedUntil?: string;
  }
>;
export type RackRestored = DomainEvent<
  'RackRestored',
  { facility: string; rack: string; powerLimitWatts: number; fromWatts: number }
>;
/** `powerWatts` is what the miner takes from now on: the intent of `PowerProfileChanged`. */
export type SlotPowerChanged = DomainEvent<
  'SlotPowerChanged',
  SlotUse & {
    fromWatts: number;
    /** Of this change; the miner names it as well. */
    changeId: string;
    /** As the firmware names it, e.g. `eco`. */
    profile: string;
    /** Rated under that profile. */
    hashrateGhs: number;
    /** The one that the miner turned out to be, where that is why it takes other watts. */
    model?: string;
  }
>;
export type RackPowerEvent = RackDerated | RackRestored | SlotPowerChanged;

export type Derate = Pick<RackDerated['data'], 'powerLimitWatts' | 'cause' | 'expectedUntil'>;
export type SlotPowerChange = Omit<SlotPowerChanged['data'], 'facility' | 'rack' | 'fromWatts'>;

export type RackPowerCommand =
  | DomainCommand<'ChangeSlotPower', SlotPowerChange>
  | DomainCommand<'DerateRack', Derate>
  | DomainCommand<'RestoreRack', Record<never, never>>;

export const decideRackPower = (
  command: RackPowerCommand,
  rack: CommissionedRack,
): RackPowerEvent[] => {
  switch (command.type) {
    case 'ChangeSlotPower':
      return changeSlotPower(command.data, rack);
    case 'DerateRack':
      return derate(command.data, rack);
    case 'RestoreRack':
      return restore(rack);
  }
};

export const wattsRefusal = (powerWatts: number): DomainError | undefined =>
  Number.isSafeInteger(powerWatts) && powerWatts >= 1
    ? undefined
    : new DomainError(
        'invalid',
        'rack/power-invalid',
        `A machine takes at least 1 W in whole watts, not ${powerWatts}`,
        { powerWatts },
        '/powerWatts',
      );

/** Why so much more cannot be drawn from the rack; `undefined` when it can. */
export const powerRefusal = (
  { facility, rack, powerLimitWatts, powerWattsInUse }: CommissionedRack,
  slot: number,
  powerWatts: number,
): DomainError | undefined => {
  if (powerWattsInUse + powerWatts <= powerLimitWatts) return undefined;
  const free = Math.max(0, powerLimitWatts - powerWattsInUse);
  return new DomainError(
    'conflict',
    'rack/power-exceeded',
    `Rack ${rack} of ${facility} has ${free} W free of ${powerLimitWatts} W, and ` +
      `${powerWatts} W are asked for`,
    { facility, rack, slot, powerLimitWatts, powerWattsInUse, powerWatts },
  );
};

/** Less is always granted, more where the limit in force holds it. */
const changeSlotPower = (change: SlotPowerChange, rack: CommissionedRack): SlotPowerChanged[] => {
  const { slot, serial, reservationId, powerWatts, changeId } = change;
  const hold = rack.slots[slot - 1];
  const stands = hold?.reservationId === reservationId && hold.serial === serial;
  if (!stands || hold.status !== 'occupied') {
    throw new DomainError(
      'conflict',
      'rack/slot-left',
      `Miner ${serial} does not stand in slot ${slot} of rack ${rack.rack} of ${rack.facility}`,
      { facility: rack.facility, rack: rack.rack, slot, serial },
    );
  }
  if (hold.changeId === changeId) return [];
  const fromWatts = hold.powerWatts;
  if (powerWatts === fromWatts) return [];
  const more = powerWatts - fromWatts;
  const refusal =
    wattsRefusal(powerWatts) ?? (more > 0 ? powerRefusal(rack, slot, more) : undefined);
  if (refusal) throw refusal;
  const { facility, rack: code } = rack;
  return [{ type: 'SlotPowerChanged', data: { facility, rack: code, fromWatts, ...change } }];
};

/**
 * Also below what is in use: that is a breach to be cured, which no refusal would undo. Another cause
 * or another expected end is news as well.
 */
const derate = (data: Derate, rack: CommissionedRack): RackDerated[] => {
  const { facility, rack: code, ratedWatts, powerLimitWatts, derating } = rack;
  if (derating && sameDerating(derating, data)) return [];
  if (data.powerLimitWatts >= ratedWatts) {
    throw new DomainError(
      'conflict',
      'rack/not-derated',
      `Rack ${code} of ${facility} is rated for ${ratedWatts} W; a derated limit is below that`,
      { facility, rack: code, ratedWatts },
      '/powerLimitWatts',
    );
  }
  const fromWatts = powerLimitWatts;
  return [{ type: 'RackDerated', data: { facility, rack: code, fromWatts, ratedWatts, ...data } }];
};

const sameDerating = (one: Derate, other: Derate): boolean =>
  one.powerLimitWatts === other.powerLimitWatts &&
  one.cause === other.cause &&
  one.expectedUntil === other.expectedUntil;

const restore = (restored: CommissionedRack): RackRestored[] => {
  const { facility, rack, ratedWatts: powerLimitWatts, powerLimitWatts: fromWatts } = restored;
  if (powerLimitWatts === fromWatts) return [];
  return [{ type: 'RackRestored', data: { facility, rack, powerLimitWatts, fromWatts } }];
};
