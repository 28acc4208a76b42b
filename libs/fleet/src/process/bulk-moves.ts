import { stepOf, type AggregateStore } from '@hostledger/eventsourcing';
import type { BulkKind } from '@hostledger/operations';
import { moveMiners, type MoveKind } from './move.js';
import { rejectionsOf } from './outcome.js';

/** A line of a bulk installation or relocation as it is stored and performed. */
export interface MoveLine {
  readonly serial: string;
  readonly facility: string;
  readonly rack: string;
  readonly slot: number;
}

/** Moves the miners of a chunk; slots of one rack share its appends. */
export const moveKind = (
  store: AggregateStore,
  kind: MoveKind,
): BulkKind<MoveLine, Record<string, never>> => ({
  kind,
  perform: async ({ lines, context, now }) => {
    const orders = lines.map(({ line, value: { serial, ...place } }) => ({
      serial,
      to: { kind: 'slot', ...place } as const,
      context: stepOf(context, 'line', line),
    }));
    const outcomes = await moveMiners(store, kind, orders, { context, now });
    return rejectionsOf(lines, outcomes);
  },
});
