import { ApiProperty } from '@nestjs/swagger';
import { exact, rounded } from '@hostledger/quantities';
import { WATT_MS_PER_KWH, wattMs, type UsageSegment } from '../../domain/machine-usage.js';
import { lengthMs } from '../../domain/uptime.js';
import { addMachine, noUsage, type Excuse, type Usage } from '../../domain/usage.js';

/** Up, and off by each cause, are the window together. */
export class UptimeView {
  /**
   * In which machines were commissioned: under a contract under which they drew power before.
   * @example 2592000
   */
  windowSeconds: number;
  /** @example 2581200 */
  upSeconds: number;
  /**
   * Off by a cause that the terms in force excuse; none where they promise no uptime. With `contractId`
   * only; with it up, excused and unexcused are the window together.
   * @example 7200
   */
  excusedSeconds?: number;
  /**
   * Off otherwise; with `contractId` only.
   * @example 3600
   */
  unexcusedSeconds?: number;
  /** Seconds off by the cause that kept a machine off; no second has two. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    example: { curtailment: 7200, fault: 3600 },
  })
  byCause: Record<string, number>;
}

/** By nameplate or power profile, of the time for which machines drew power; meters are told apart. */
export class UsedView {
  /** Machines that were there at some time. */
  machines: number;
  /**
   * Rounded half up to six places.
   * @example "2415.768000"
   */
  energyKwh: string;
  /**
   * The same exactly, as a fraction.
   * @example "301971/125"
   */
  exactKwh: string;
  /**
   * For which machines drew power, to the millisecond.
   * @example 2678400
   */
  energizedSeconds: number;
  uptime: UptimeView;
}

/** What was used, by one key of what it was asked for by. */
export class UsageView extends UsedView {
  /** @example HKYDD1AABJHAG0001 */
  serial?: string;
  /** @example 2024-06-30 */
  day?: string;
  /**
   * Absent for what is on the road or at a vendor.
   * @example DENTON
   */
  facility?: string;
  contractId?: string;
  customerId?: string;
}

export class UsageList {
  /** The first instant of the window. */
  from: string;
  /** The end of the window, which is not in it; the present where that is earlier. */
  until: string;
  /**
   * In which its days are.
   * @example America/Chicago
   */
  timeZone: string;
  /** By what it was asked for, in its order. A page may hold fewer than were asked for, and not be the last. */
  items: UsageView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

const STATES = ['energized', 'off', 'stored', 'inTransit', 'atVendor'] as const;

/** A stretch of a machine's life in which nothing changed that is used, charged or credited. */
export class UsageSegmentView {
  from: string;
  /** Not in it. */
  until: string;
  /** Drawing power, off in its slot, or elsewhere. */
  @ApiProperty({ enum: STATES })
  state: (typeof STATES)[number];
  /** @example DENTON */
  facility?: string;
  /** Under which it is hosted. */
  contractId: string;
  /** Whose it is. */
  customerId: string;
  /** What it takes while it draws power. */
  powerWatts: number;
  /** In GH/s, while it draws power. */
  hashrateGhs: number;
  /** It takes up a part of an allocation. */
  assigned: boolean;
  /** It drew power under the contract before, or does. */
  commissioned: boolean;
  /**
   * What keeps it off.
   * @example curtailment
   */
  cause?: string;
  curtailmentId?: string;
  /** @example "8.000000" */
  energyKwh: string;
  /** To the millisecond. */
  seconds: number;
  /** Of the event that began it. */
  begunBy: string;
  /** Of the event that ended it within the window. */
  endedBy?: string;
  /** Ids of every event by which it is as it is here, in the order of the log. */
  eventIds: string[];
}

export class MachineUsage extends UsedView {
  serial: string;
  /** The first instant of the window. */
  from: string;
  /** The end of the window, which is not in it; the present where that is earlier. */
  until: string;
  /** @example America/Chicago */
  timeZone: string;
  /** Its stretches, in their order. */
  segments: UsageSegmentView[];
}

const seconds = (ms: number): number => ms / 1_000;

const kwhOf = (drawn: bigint) => exact(drawn).div(exact(WATT_MS_PER_KWH));

/** @param excuses of the contract that was named. */
export const usedView = (usage: Usage, excuses: readonly Excuse[] | undefined): UsedView => {
  const kwh = kwhOf(usage.energyWattMs);
  return {
    machines: usage.machines,
    energyKwh: rounded(kwh, 6),
    exactKwh: kwh.toFraction(),
    energizedSeconds: seconds(usage.energizedMs),
    uptime: {
      windowSeconds: seconds(usage.windowMs),
      upSeconds: seconds(usage.upMs),
      ...(excuses && {
        excusedSeconds: seconds(usage.excusedMs),
        unexcusedSeconds: seconds(usage.windowMs - usage.upMs - usage.excusedMs),
      }),
      byCause: Object.fromEntries(
        [...usage.offMs].sort().map(([cause, ms]) => [cause, seconds(ms)]),
      ),
    },
  };
};

export const machineView = (
  head: Pick<MachineUsage, 'serial' | 'from' | 'until' | 'timeZone'>,
  segments: readonly UsageSegment[],
  excuses: readonly Excuse[] | undefined,
): MachineUsage => {
  const usage = noUsage();
  addMachine(usage, segments, excuses);
  return { ...head, ...usedView(usage, excuses), segments: segments.map(segmentView) };
};

const segmentView = (segment: UsageSegment): UsageSegmentView => ({
  from: segment.from,
  until: segment.until,
  state: stateOf(segment),
  ...(segment.facility !== undefined && { facility: segment.facility }),
  contractId: segment.contractId,
  customerId: segment.customerId,
  powerWatts: segment.powerWatts,
  hashrateGhs: segment.hashrateGhs,
  assigned: segment.assigned,
  commissioned: segment.commissioned,
  ...(segment.cause !== undefined && { cause: segment.cause }),
  ...(segment.curtailmentId !== undefined && { curtailmentId: segment.curtailmentId }),
  energyKwh: rounded(kwhOf(segment.energized ? wattMs(segment) : 0n), 6),
  seconds: seconds(lengthMs(segment)),
  begunBy: segment.begun.eventId,
  ...(segment.ended && { endedBy: segment.ended.eventId }),
  eventIds: segment.sources.map(({ eventId }) => eventId),
});

const stateOf = ({ energized, placeKind }: UsageSegment): UsageSegmentView['state'] => {
  if (energized) return 'energized';
  switch (placeKind) {
    case 'transit':
      return 'inTransit';
    case 'vendor':
      return 'atVendor';
    case 'slot':
      return 'off';
    default:
      return 'stored';
  }
};
