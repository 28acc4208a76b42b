import { AggregateStore } from '@hostledger/eventsourcing';
import { InMemoryStreams } from '@hostledger/testing';
import { moveKind, type MoveLine } from './bulk-moves.js';
import {
  at,
  contextOf,
  disagreementsIn,
  finishDueMoves,
  FAR_FUTURE,
  serialOf,
  setUpFloor,
  violationsIn,
} from './moves.fixture.js';

const line = (number: number, rack: string, slot: number): { line: number; value: MoveLine } => ({
  line: number + 1,
  value: { serial: serialOf(number), facility: 'DENTON', rack, slot },
});

describe('a chunk of moves', () => {
  const lines = [line(1, 'A1', 1), line(2, 'A1', 1), line(3, 'B1', 1), line(9, 'B1', 2)];
  let streams: InMemoryStreams;
  const perform = (now = at) =>
    moveKind(new AggregateStore(streams), 'installation').perform({
      operationId: 'operation-1',
      chunk: 0,
      params: {},
      lines,
      refusedAtUpload: [],
      context: contextOf('chunk'),
      now,
      signal: new AbortController().signal,
    });
  const refused = [
    { line: 3, code: 'rack/slot-taken', message: expect.stringContaining('Slot 1') as string },
    { line: 10, code: 'miner/unknown', message: 'There is no miner MINER0009' },
  ];

  beforeEach(async () => {
    streams = new InMemoryStreams();
    await setUpFloor(new AggregateStore(streams), { A1: 2, B1: 2 }, 3);
  });

  it('moves what can be moved and names the lines that cannot', async () => {
    expect(await perform()).toEqual(refused);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });

  it('goes on under new reservations when it lay still for longer than they live', async () => {
    streams.failFrom(3, 'before');
    await expect(perform()).rejects.toThrow();
    streams.heal();
    await finishDueMoves(new AggregateStore(streams), streams.log);
    expect(streams.log.map(({ type }) => type)).toContain('ReservationExpired');
    expect(await perform(FAR_FUTURE)).toEqual(refused);
    expect(violationsIn(streams.log)).toEqual([]);
    expect(disagreementsIn(streams.log)).toEqual([]);
  });
});
