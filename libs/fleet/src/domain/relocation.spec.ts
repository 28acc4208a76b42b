import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import {
  CHUNK_MOVES,
  moveState,
  movesIn,
  openMoves,
  type RecordMovesData,
} from './relocation-moves.js';
import {
  isUnderWay,
  relocationAggregate,
  type PlannedMove,
  type Relocation,
  type RelocationCommand,
  type RelocationEvent,
} from './relocation.js';

const { given } = specOf(relocationAggregate);

const at = '2024-04-20T00:00:00.000Z';
const relocationId = 'relocation-1';
const moveTo = (move: number): PlannedMove => ({
  move,
  serial: `MINER${move}`,
  facility: 'PECOS',
  rack: 'A1',
  slot: move,
});
const plan = {
  relocationId,
  reference: 'HALVING-1',
  cause: 'Halving',
  plannedBy: 'ana',
  moveCount: 3,
  chunkCount: 1,
  destinations: [{ facility: 'PECOS', moves: 3 }],
  digest: 'd'.repeat(64),
  logPosition: '4711',
  holdHours: 48,
};
const listed: RelocationEvent = {
  type: 'RelocationMovesListed',
  data: { relocationId, chunk: 0, of: 1, moves: [1, 2, 3].map(moveTo) },
};
const planned: RelocationEvent = { type: 'RelocationPlanned', data: plan };
const heldUntil = '2024-04-22T00:00:00.000Z';
const approved: RelocationEvent = {
  type: 'RelocationApproved',
  data: { relocationId, plannedBy: 'ana', approvedBy: 'bob', moveCount: 3, heldUntil },
};
const approve = (approvedBy: string): RelocationCommand => ({
  type: 'ApproveRelocation',
  data: { relocationId, approvedBy },
  at,
});
const cancel: RelocationCommand = {
  type: 'CancelRelocation',
  data: { relocationId, cancelledBy: 'ana', cause: 'Prices rose' },
  at,
};
const cancelled = (before: 'planned' | 'approved'): RelocationEvent => ({
  type: 'RelocationCancelled',
  data: { relocationId, cancelledBy: 'ana', cause: 'Prices rose', before },
});
const record = (data: Omit<RecordMovesData, 'relocationId' | 'chunk'>): RelocationCommand => ({
  type: 'RecordMoves',
  data: { relocationId, chunk: 0, ...data },
  at,
});
const reservation = (move: number) => ({
  move,
  reservationId: `reservation-${move}`,
  from: { kind: 'storage', facility: 'DENTON' } as const,
});
const reserved = (...moves: number[]): RelocationEvent => ({
  type: 'MovesReserved',
  data: { relocationId, chunk: 0, heldUntil, moves: moves.map(reservation) },
});
const departed = (...moves: number[]): RelocationEvent => ({
  type: 'MovesDeparted',
  data: { relocationId, chunk: 0, moves },
});
const before = { planned: 0, reserved: 0, departed: 0, diverted: 0 };
const refused = (move: number) => ({ move, code: 'rack/slot-taken', message: 'Taken' });

describe('a plan', () => {
  it('is stored in parts, and is one when all of them are there', () => {
    const chunks = [
      { chunk: 0, moves: listed.type === 'RelocationMovesListed' ? listed.data.moves : [] },
    ];
    const list: RelocationCommand = {
      type: 'ListMoves',
      data: { relocationId, of: 1, chunks },
      at,
    };
    given().when(list).then(listed);
    given(listed).when(list).thenNothing();
    const propose: RelocationCommand = { type: 'PlanRelocation', data: plan, at };
    given().when(propose).thenRejects('relocation/moves-missing');
    given(listed).when(propose).then(planned);
    given(listed, planned).when(propose).thenNothing();
  });

  it('is approved by another subject, once, and not after it was called off', () => {
    given().when(approve('bob')).thenRejects('relocation/unknown');
    given(listed).when(approve('bob')).thenRejects('relocation/unknown');
    given(listed, planned).when(approve('ana')).thenRejects('relocation/own-plan');
    given(listed, planned).when(approve('bob')).then(approved);
    given(listed, planned, approved).when(approve('cleo')).thenNothing();
    given(listed, planned, cancelled('planned'))
      .when(approve('bob'))
      .thenRejects('relocation/cancelled');
  });

  it('is called off before or after its approval, but not when everything has ended', () => {
    given(listed, planned).when(cancel).then(cancelled('planned'));
    given(listed, planned, approved).when(cancel).then(cancelled('approved'));
    given(listed, planned, cancelled('planned')).when(cancel).thenNothing();
    const all = [1, 2, 3].map(refused);
    const ended = record({ aborted: all });
    const history = [listed, planned, approved];
    const events = relocationAggregate.decide(
      ended,
      history.reduce(relocationAggregate.evolve, relocationAggregate.initialState),
    );
    given(...history, ...events)
      .when(cancel)
      .thenRejects('relocation/completed');
  });

  it('has nothing moved under it before it is approved', () => {
    given(listed, planned)
      .when(record({ completed: [1] }))
      .thenRejects('relocation/not-approved');
    given(listed, planned, cancelled('planned'))
      .when(record({ completed: [1] }))
      .thenRejects('relocation/not-approved');
  });
});

describe('the moves of a plan', () => {
  const history = [listed, planned, approved];

  it('are recorded once, and those that cannot follow are passed over', () => {
    given(...history)
      .when(record({ reserved: [1, 2].map(reservation), aborted: [refused(3)] }))
      .then(reserved(1, 2), {
        type: 'MovesAborted',
        data: { relocationId, chunk: 0, moves: [refused(3)], before: { ...before, planned: 1 } },
      });
    given(...history, reserved(1))
      .when(record({ reserved: [reservation(1)] }))
      .thenNothing();
    given(...history)
      .when(record({ departed: [1] }))
      .thenNothing();
    given(...history, reserved(1))
      .when(record({ departed: [1, 1, 2] }))
      .then(departed(1));
    given(...history, reserved(1))
      .when(record({ diverted: { cause: 'x', moves: [1] } }))
      .thenNothing();
  });

  it('complete the plan when the last of them ends', () => {
    given(...history, reserved(1), departed(1))
      .when(record({ completed: [1, 2], aborted: [{ ...refused(3), storedIn: 'PECOS' }] }))
      .then(
        {
          type: 'MovesCompleted',
          data: {
            relocationId,
            chunk: 0,
            moves: [1, 2],
            before: { ...before, planned: 1, departed: 1 },
          },
        },
        {
          type: 'MovesAborted',
          data: {
            relocationId,
            chunk: 0,
            moves: [{ ...refused(3), storedIn: 'PECOS' }],
            before: { ...before, planned: 1 },
          },
        },
        { type: 'RelocationCompleted', data: { relocationId, completed: 2, aborted: 1 } },
      );
  });

  it('are not reserved any more after it was called off, while those on the road are recorded', () => {
    const off = [...history, reserved(1), cancelled('approved')];
    given(...off)
      .when(record({ reserved: [reservation(2)] }))
      .thenNothing();
    given(...off)
      .when(record({ departed: [1] }))
      .then(departed(1));
    given(...off, departed(1))
      .when(record({ diverted: { cause: 'Prices rose', moves: [1] } }))
      .then({
        type: 'MovesDiverted',
        data: { relocationId, chunk: 0, cause: 'Prices rose', moves: [1] },
      });
  });

  it('always add up, whatever is recorded in whatever order', () => {
    const moves = fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 3 });
    const command = fc.oneof(
      fc.constant(cancel),
      fc
        .record(
          {
            reserved: moves.map((numbers) => numbers.map(reservation)),
            departed: moves,
            diverted: moves.map((numbers) => ({ cause: 'x', moves: numbers })),
            completed: moves,
            aborted: moves.map((numbers) => numbers.map(refused)),
          },
          { requiredKeys: [] },
        )
        .map(record),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        let state: Relocation = history.reduce<Relocation>(
          relocationAggregate.evolve,
          relocationAggregate.initialState,
        );
        for (const next of commands) {
          try {
            state = relocationAggregate
              .decide(next, state)
              .reduce(relocationAggregate.evolve, state);
          } catch (error) {
            if (!(error instanceof DomainError)) throw error;
          }
        }
        if (state.status === 'unknown' || state.status === 'listing') throw new Error('No plan');
        expect(movesIn(state, 0, 'completed')).toHaveLength(state.completed);
        expect(movesIn(state, 0, 'aborted')).toHaveLength(state.aborted);
        expect(movesIn(state, 0, 'planned', 'reserved', 'departed', 'diverted')).toHaveLength(
          openMoves(state),
        );
        expect(isUnderWay(state)).toBe(openMoves(state) > 0);
        expect(state.status === 'completed').toBe(openMoves(state) === 0);
      }),
    );
  });
});

it('numbers moves across chunks', () => {
  const many = (chunk: number, count: number): RelocationEvent => ({
    type: 'RelocationMovesListed',
    data: {
      relocationId,
      chunk,
      of: 2,
      moves: Array.from({ length: count }, (_, index) => moveTo(chunk * CHUNK_MOVES + index + 1)),
    },
  });
  const moveCount = CHUNK_MOVES + 2;
  const two: RelocationEvent = {
    type: 'RelocationPlanned',
    data: { ...plan, moveCount, chunkCount: 2 },
  };
  const last = { relocationId, chunk: 1, heldUntil, moves: [reservation(moveCount)] };
  const state = [
    many(0, CHUNK_MOVES),
    many(1, 2),
    two,
    approved,
    { type: 'MovesReserved', data: last } as const,
  ].reduce<Relocation>(relocationAggregate.evolve, { status: 'unknown' });
  if (state.status !== 'approved') throw new Error('Not approved');
  expect(moveState(state, moveCount)).toBe('reserved');
  expect(moveState(state, moveCount - 1)).toBe('planned');
  expect(moveState(state, moveCount + 1)).toBeUndefined();
  expect(movesIn(state, 1, 'planned')).toEqual([CHUNK_MOVES + 1]);
});
