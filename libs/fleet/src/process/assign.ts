import {
  DomainError,
  deriveId,
  mapLimited,
  stepOf,
  streamName,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import {
  assignmentRefusal,
  assignMachines,
  contractAggregate,
  releaseAssignment,
  type Contract,
  type MachinesAssigned,
} from '@hostledger/contracts';
import type { BulkKind, LineRejection, OperationLine } from '@hostledger/operations';
import { minerAggregate, minerRetired, minerUnknown, type Miner } from '../domain/miner.js';
import type { EventReader } from './relocation-plan.js';

// Machines take up an allocation: the contract counts them first, then each is told. What a
// machine refuses is given back to the allocation.

const MINERS_IN_FLIGHT = 64;

/** A line of a bulk assignment as it is stored and performed. */
export interface AssignmentLine {
  readonly serial: string;
  readonly contractId: string;
  readonly allocationId: string;
}

type Line = OperationLine<AssignmentLine>;
type Machine = NonNullable<MachinesAssigned['data']['machines']>[number];

/** One assignment per allocation and chunk. */
export const assignmentKind = (
  store: AggregateStore,
  reader: EventReader,
): BulkKind<AssignmentLine, Record<string, never>> => ({
  kind: 'assignment',
  perform: async ({ lines, context }) => {
    const groups = Map.groupBy(lines, ({ value: { contractId, allocationId } }) =>
      JSON.stringify([contractId, allocationId]),
    );
    const rejections: LineRejection[] = [];
    for (const group of groups.values()) {
      rejections.push(...(await assign(store, reader, group, context)));
    }
    return rejections;
  },
});

const assign = async (
  store: AggregateStore,
  reader: EventReader,
  lines: readonly Line[],
  context: CommandContext,
): Promise<LineRejection[]> => {
  const { contractId, allocationId } = lines[0]!.value;
  const step = stepOf(context, 'assign', contractId, allocationId);
  const refused = new Map<string, DomainError>();
  let counted = await countedFor(store, reader, contractId, step);
  if (!counted) {
    await count(store, lines, step, refused);
    counted = await countedFor(store, reader, contractId, step);
  }
  if (counted) await giveBack(store, counted, await tell(store, counted, step, refused), step);
  return lines.flatMap(({ line, value: { serial } }) => {
    const refusal = refused.get(serial);
    return refusal ? [{ line, code: refusal.code, message: refusal.message }] : [];
  });
};

interface Counted {
  readonly assignment: MachinesAssigned['data'];
  /** What machines refused was given back: none of them may be assigned any more. */
  readonly settled: boolean;
}

/** What this very chunk let the contract count, perhaps before it died. */
const countedFor = async (
  store: AggregateStore,
  reader: EventReader,
  contractId: string,
  context: CommandContext,
): Promise<Counted | undefined> => {
  const { commands } = await store.load(contractAggregate, contractId, { fresh: true });
  const accepted = commands.find(({ id }) => id === context.commandId);
  if (!accepted) return undefined;
  const stream = streamName(contractAggregate, contractId);
  const [event] = await reader.readStream(stream, accepted.revision, 1);
  const settled = commands.some(({ id }) => id === giveBackOf(context).commandId);
  return { assignment: event!.data as MachinesAssigned['data'], settled };
};

const giveBackOf = (context: CommandContext): CommandContext => stepOf(context, 'give-back');

/** As many as the allocation holds, in the order of the lines. */
const count = async (
  store: AggregateStore,
  lines: readonly Line[],
  context: CommandContext,
  refused: Map<string, DomainError>,
): Promise<void> => {
  const { contractId, allocationId } = lines[0]!.value;
  const assignmentId = deriveId(context.commandId, 'assignment');
  const miners = await mapLimited(lines, MINERS_IN_FLIGHT, async ({ value: { serial } }) => {
    const { state } = await store.load(minerAggregate, serial, { fresh: true });
    return { serial, state };
  });
  const { state: contract } = await store.load(contractAggregate, contractId);
  const machines: Machine[] = [];
  let powerWatts = 0;
  for (const { serial, state } of miners) {
    const watts = state.status === 'unknown' ? 0 : state.powerWatts;
    const asked = { allocationId, units: machines.length + 1, powerWatts: powerWatts + watts };
    const refusal =
      assignmentRefusal(contract, asked) ??
      minerRefusal(serial, state, contract, allocationId, assignmentId);
    if (refusal) {
      refused.set(serial, refusal);
      continue;
    }
    machines.push({ serial, powerWatts: watts });
    powerWatts += watts;
  }
  if (machines.length === 0) return;
  const wanted = { contractId, allocationId, assignmentId, units: machines.length, powerWatts };
  try {
    await assignMachines(store, { ...wanted, machines }, context);
  } catch (error) {
    // Somebody took of the allocation in between; the lines can be sent again.
    if (!(error instanceof DomainError)) throw error;
    for (const { serial } of machines) refused.set(serial, error);
  }
};

/** Where an allocation is, which a machine has to be at when it takes up a part of it. */
const facilityOfAllocation = (
  contract: Contract,
  allocationId: string,
): { readonly facility?: string } => {
  const balance =
    contract.status === 'executed' ? contract.allocations.get(allocationId) : undefined;
  return balance ? { facility: balance.facility } : {};
};

const minerRefusal = (
  serial: string,
  miner: Miner,
  contract: Contract,
  allocationId: string,
  assignmentId: string,
): DomainError | undefined => {
  if (miner.status === 'unknown') return minerUnknown(serial);
  if (miner.status === 'retired') return minerRetired(serial);
  if (contract.status === 'unknown') return undefined;
  const { contractId, customerId } = contract;
  const at = facilityOfAllocation(contract, allocationId);
  const seat = { contractId, customerId, orderId: '', allocationId, assignmentId, ...at };
  const data = { ...seat, serial, powerWatts: miner.powerWatts };
  try {
    minerAggregate.decide({ type: 'AssignMiner', data, at: '' }, miner);
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
};

/** Resolves to those that refused. */
const tell = async (
  store: AggregateStore,
  { assignment, settled }: Counted,
  context: CommandContext,
  refused: Map<string, DomainError>,
): Promise<readonly Machine[]> => {
  const { contractId, customerId, orderId, allocationId, assignmentId } = assignment;
  const { state: contract } = await store.load(contractAggregate, contractId);
  const where = facilityOfAllocation(contract, allocationId);
  const seat = { contractId, customerId, orderId, allocationId, assignmentId, ...where };
  const left = await mapLimited(assignment.machines ?? [], MINERS_IN_FLIGHT, async (machine) => {
    const { serial } = machine;
    const step = stepOf(context, 'machine', serial);
    const data = { ...seat, ...machine };
    try {
      if (settled) await mustHaveAccepted(store, serial, step);
      else {
        const command = { type: 'AssignMiner', data, at: context.at } as const;
        await store.handle(minerAggregate, serial, command, step);
      }
      return [];
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refused.set(serial, error);
      return [machine];
    }
  });
  return left.flat();
};

const mustHaveAccepted = async (
  store: AggregateStore,
  serial: string,
  { commandId }: CommandContext,
): Promise<void> => {
  const { commands } = await store.load(minerAggregate, serial, { fresh: true });
  if (commands.some(({ id }) => id === commandId)) return;
  throw new DomainError(
    'conflict',
    'miner/not-assigned',
    `Miner ${serial} refused the assignment when it was asked`,
    { serial },
  );
};

const giveBack = async (
  store: AggregateStore,
  { assignment: { contractId, assignmentId } }: Counted,
  left: readonly Machine[],
  context: CommandContext,
): Promise<void> => {
  if (left.length === 0) return;
  const powerWatts = left.reduce((sum, machine) => sum + machine.powerWatts, 0);
  const part = { contractId, assignmentId, units: left.length, powerWatts, cause: 'refused' };
  await releaseAssignment(store, part, giveBackOf(context));
};
