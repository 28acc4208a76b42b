import {
  processContext,
  processItemColumns,
  tableFold,
  type AggregateStore,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { countLeavers, type AssignmentReleased } from '@hostledger/contracts';
import type { BenchSwapEnded, MinerUnassigned } from '../domain/miner-life.js';

/** Machines that left an assignment and are still counted in; `item_id` is the assignment's id. */
export interface OpenLeavers extends ProcessItem {
  readonly contract_id: string;
  readonly leavers: readonly {
    readonly position: string;
    readonly powerWatts: number;
    readonly cause: string;
  }[];
}

/** Pure: what the contracts have not counted yet. */
type LeaverEvent = MinerUnassigned | BenchSwapEnded | AssignmentReleased;

export const openLeavers = tableFold<OpenLeavers, LeaverEvent>({
  table: {
    name: 'open_leavers',
    columns: { ...processItemColumns, contract_id: 'text', leavers: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    MinerUnassigned: ({ data }) => [{ item_id: data.assignmentId }],
    AssignmentReleased: ({ data }) => [{ item_id: data.assignmentId }],
    BenchSwapEnded: ({ data }) => (data.freed ? [{ item_id: data.freed.assignmentId }] : []),
  },
  evolve: (row, event) => {
    if (event.type === 'AssignmentReleased') {
      const { upTo } = event.data;
      if (!row || upTo === undefined) return row;
      const leavers = row.leavers.filter(({ position }) => BigInt(position) > BigInt(upTo));
      return leavers.length > 0 ? { ...row, leavers } : undefined;
    }
    const freed = event.type === 'BenchSwapEnded' ? event.data.freed : seatLeft(event.data);
    if (!freed) return row;
    const { assignmentId, contractId, powerWatts } = freed;
    const cause = event.type === 'BenchSwapEnded' ? 'benchSwap' : event.data.cause;
    const leaver = { position: event.position.toString(), powerWatts, cause };
    return {
      item_id: assignmentId,
      due_at: event.recordedAt,
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      contract_id: contractId,
      leavers: [...(row?.leavers ?? []), leaver],
    };
  },
});

/** What was passed on stays counted. */
const seatLeft = (data: MinerUnassigned['data']) => (data.passedTo ? undefined : data);

/** Tells contracts of the machines that gave their part of an allocation up, many at once. */
export const countLeaversProcess = (store: AggregateStore): DurableProcess<OpenLeavers> => ({
  name: 'assignment_leavers',
  version: 1,
  items: openLeavers,
  perform: async (item, { at }) => {
    const cause = { id: item.cause_id, correlationId: item.correlation_id };
    const last = item.leavers.at(-1)!;
    const leavers = item.leavers.map(({ position, powerWatts }) => ({ position, powerWatts }));
    const { contract_id: contractId, item_id: assignmentId } = item;
    const left = { contractId, assignmentId, leavers, cause: last.cause };
    const context = processContext('assignment_leavers', cause, at, 'count', last.position);
    await countLeavers(store, left, context);
  },
});
