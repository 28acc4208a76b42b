import fc from 'fast-check';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded, rowsOf } from '@hostledger/testing';
import {
  relocationAggregate,
  type Relocation,
  type RelocationCommand,
  type RelocationEvent,
} from '../../domain/relocation.js';
import {
  relocationMoves,
  relocations,
  type RelocationMoveRow,
  type RelocationRow,
} from './projection.js';

const at = '2024-04-20T00:00:00.000Z';
const relocationId = 'relocation-1';
const MOVES = 5;
const numbers = Array.from({ length: MOVES }, (_, index) => index + 1);
const commands = (...list: RelocationCommand[]): RelocationCommand[] => list;

const opening = commands(
  {
    type: 'ListMoves',
    data: {
      relocationId,
      of: 1,
      chunks: [
        {
          chunk: 0,
          moves: numbers.map((move) => ({
            move,
            serial: `MINER${move}`,
            facility: 'PECOS',
            rack: 'P1',
            slot: move,
          })),
        },
      ],
    },
    at,
  },
  {
    type: 'PlanRelocation',
    data: {
      relocationId,
      reference: 'HALVING-1',
      cause: 'Halving',
      plannedBy: 'ana',
      moveCount: MOVES,
      chunkCount: 1,
      destinations: [{ facility: 'PECOS', moves: MOVES }],
      digest: 'd'.repeat(64),
      logPosition: '4711',
      holdHours: 48,
    },
    at,
  },
  { type: 'ApproveRelocation', data: { relocationId, approvedBy: 'bob' }, at },
);

const some = fc.uniqueArray(fc.constantFrom(...numbers), { maxLength: MOVES });
const progress: fc.Arbitrary<RelocationCommand> = fc
  .record(
    {
      reserved: some.map((moves) =>
        moves.map((move) => ({
          move,
          reservationId: `reservation-${move}`,
          from: { kind: 'storage', facility: 'DENTON' } as const,
        })),
      ),
      departed: some,
      diverted: some.map((moves) => ({ cause: 'relocation/cancelled', moves })),
      completed: some,
      aborted: some.map((moves) =>
        moves.map((move) => ({ move, code: 'rack/slot-taken', message: 'x', storedIn: 'PECOS' })),
      ),
    },
    { requiredKeys: [] },
  )
  .map((what) => ({ type: 'RecordMoves', data: { relocationId, chunk: 0, ...what }, at }));
const callingOff: RelocationCommand = {
  type: 'CancelRelocation',
  data: { relocationId, cancelledBy: 'ana', cause: 'Prices rose' },
  at,
};

/** What the log holds after these commands; those that are refused leave nothing. */
const logOf = (list: readonly RelocationCommand[]): RecordedEvent[] => {
  let state: Relocation = relocationAggregate.initialState;
  const events = list.flatMap((command): readonly RelocationEvent[] => {
    try {
      const decided = relocationAggregate.decide(command, state);
      state = decided.reduce(relocationAggregate.evolve, state);
      return decided;
    } catch {
      return [];
    }
  });
  return recorded(`relocation-${relocationId}`, events);
};

it('the counts of a relocation are those of its moves, whatever happens to them', () => {
  const histories = fc.array(
    fc.oneof({ weight: 9, arbitrary: progress }, fc.constant(callingOff)),
    {
      maxLength: 10,
    },
  );
  fc.assert(
    fc.property(histories, (history) => {
      const log = logOf([...opening, ...history]);
      const [relocation] = rowsOf<RelocationRow>(relocations, log);
      const moves = rowsOf<RelocationMoveRow>(relocationMoves, log);
      expect(moves).toHaveLength(MOVES);
      for (const state of [
        'planned',
        'reserved',
        'departed',
        'diverted',
        'completed',
        'aborted',
      ] as const) {
        const count = moves.filter((move) => move.state === state).length;
        expect([state, relocation![state]]).toEqual([state, count]);
      }
      const over = relocation!.completed + relocation!.aborted === MOVES;
      expect(relocation!.completed_at !== null).toBe(over);
      expect(['completed', 'cancelled'].includes(relocation!.status)).toBe(over);
    }),
  );
});
