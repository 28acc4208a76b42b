import {
  deriveId,
  stepOf,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import type { BulkKind } from '@hostledger/operations';
import type { Component, RepairOutcome } from '../domain/miner-repair.js';
import type { DeenergizationCause, PowerProfile } from '../domain/miner-power.js';
import type { IdentifierKind, RetirementCause } from '../domain/miner-life.js';
import { benchSwaps } from './bench-swap.js';
import { actOnMiners, type Wish } from './miner-acts.js';
import { rejectionsOf, type Outcome } from './outcome.js';
import { changePowerProfiles } from './power-profile.js';
import { uninstallMiners } from './uninstall.js';

// Lines of uploads as they are stored and performed.

interface SerialLine {
  readonly serial: string;
}
interface DatedLine extends SerialLine {
  /** When it happened, where that was before the upload. */
  readonly occurredAt?: string | undefined;
}
export interface EnergizationLine extends DatedLine {
  readonly overrideApprovedBy?: string | undefined;
  readonly overrideReason?: string | undefined;
}
export interface DeenergizationLine extends DatedLine {
  readonly cause: DeenergizationCause;
  readonly curtailmentId?: string | undefined;
}
export interface IdentificationLine extends SerialLine {
  readonly kind: IdentifierKind;
  readonly value: string;
}
export interface TitleTransferLine extends SerialLine {
  readonly toCustomerId: string;
  readonly effectiveOn: string;
  readonly documentDigest: string;
}
export interface RetirementLine extends SerialLine {
  readonly cause: RetirementCause;
}

export interface RepairLine extends SerialLine {
  readonly fault: string;
  readonly rmaNumber?: string | undefined;
}
/** About the repair of the machine that is open, unless it names one. */
interface OfRepairLine extends SerialLine {
  readonly repairId?: string | undefined;
}
export interface VendorShipmentLine extends OfRepairLine {
  readonly vendor: string;
  readonly rmaNumber?: string | undefined;
}
export interface VendorReturnLine extends OfRepairLine {
  readonly facility: string;
}
export interface ComponentSwapLine extends OfRepairLine {
  readonly component: Component;
  readonly removedSerial?: string | undefined;
  readonly fittedSerial: string;
}
export interface RepairClosureLine extends OfRepairLine {
  readonly outcome: RepairOutcome;
}
export interface BenchSwapLine extends SerialLine {
  readonly spareSerial: string;
}

export interface PowerProfileLine extends DatedLine, PowerProfile {}

/** The wish that a line of each kind is. */
const wishes = {
  energization: ({ serial, overrideApprovedBy, overrideReason }: EnergizationLine): Wish => {
    const override =
      overrideApprovedBy !== undefined && overrideReason !== undefined
        ? { approvedBy: overrideApprovedBy, reason: overrideReason }
        : undefined;
    return { type: 'EnergizeMiner', data: { serial, ...(override && { override }) } };
  },
  deenergization: ({ serial, cause, curtailmentId }: DeenergizationLine): Wish => ({
    type: 'DeenergizeMiner',
    data: { serial, cause, ...(curtailmentId !== undefined && { curtailmentId }) },
  }),
  identification: (data: IdentificationLine): Wish => ({ type: 'ObserveIdentifier', data }),
  unassignment: ({ serial }: SerialLine): Wish => ({
    type: 'UnassignMiner',
    data: { serial, cause: 'request' },
  }),
  titleTransfer: (data: TitleTransferLine): Wish => ({ type: 'TransferTitle', data }),
  retirement: (data: RetirementLine): Wish => ({ type: 'RetireMiner', data }),
  repair: ({ serial, fault, rmaNumber }: RepairLine, { commandId }): Wish => ({
    type: 'OpenRepair',
    data: { serial, repairId: deriveId(commandId, 'repair'), fault, ...given({ rmaNumber }) },
  }),
  vendorShipment: ({ serial, vendor, rmaNumber, repairId }: VendorShipmentLine): Wish => ({
    type: 'SendToVendor',
    data: { serial, vendor, ...given({ rmaNumber, repairId }) },
  }),
  vendorReturn: ({ serial, facility, repairId }: VendorReturnLine): Wish => ({
    type: 'ReturnFromVendor',
    data: { serial, facility, ...given({ repairId }) },
  }),
  componentSwap: ({ serial, component, fittedSerial, ...more }: ComponentSwapLine): Wish => ({
    type: 'SwapComponent',
    data: { serial, component, fittedSerial, ...given(more) },
  }),
  repairClosure: ({ serial, outcome, repairId }: RepairClosureLine): Wish => ({
    type: 'CloseRepair',
    data: { serial, outcome, ...given({ repairId }) },
  }),
} satisfies Record<string, (line: never, context: CommandContext) => Wish>;

/** Without what the line leaves out. */
const given = <T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as never;

export type LifeKind = keyof typeof wishes;

interface NumberedLine<Line> {
  readonly value: Line;
  readonly context: CommandContext;
}

/** Each line is an act on one machine, by itself. */
const eachLine = <Line>(
  kind: string,
  act: (
    lines: readonly NumberedLine<Line>[],
    context: CommandContext,
  ) => Promise<readonly Outcome[]>,
): BulkKind<Line> => ({
  kind,
  perform: async ({ lines, context }) => {
    const numbered = lines.map(({ line, value }) => ({
      value,
      context: stepOf(context, 'line', line),
    }));
    return rejectionsOf(lines, await act(numbered, context));
  },
});

export const lifeKinds = (store: AggregateStore): readonly BulkKind[] => [
  ...(Object.keys(wishes) as LifeKind[]).map((kind) => {
    const wishOf = wishes[kind] as (line: never, context: CommandContext) => Wish;
    return eachLine<DatedLine>(kind, (lines) =>
      actOnMiners(
        store,
        lines.map(({ value, context }) => {
          const { occurredAt } = value;
          return { wish: wishOf(value as never, context), context, occurredAt };
        }),
      ),
    );
  }),
  eachLine<SerialLine>('uninstallation', (lines, context) =>
    uninstallMiners(
      store,
      lines.map(({ value: { serial }, context: own }) => ({ serial, context: own })),
      context,
    ),
  ),
  eachLine<PowerProfileLine>('powerProfile', (lines) =>
    changePowerProfiles(
      store,
      lines.map(({ value, context }) => ({ ...value, context })),
    ),
  ),
  eachLine<BenchSwapLine>('benchSwap', (lines) =>
    benchSwaps(
      store,
      lines.map(({ value, context }) => ({ ...value, context })),
    ),
  ),
];
