import fc from 'fast-check';
import { deriveId } from '@hostledger/eventsourcing';
import { Tally } from './tally.js';

interface Held {
  events: number;
  firstPosition: string;
  lastPosition: string;
  firstRevision: string;
  lastRevision: string;
  lastId: string;
}

// Ends of surrogates, and names that differ only in what looks the same.
const names = fc.oneof(
  fc.constantFrom('a', 'а', 'é', 'e\u0301', 'x\ud800', 'x\ud801', '', 'miner-1', 'miner-10'),
  fc.integer({ min: 0, max: 9_000 }).map((n) => `commandKey-${n}`),
);
const passed = fc.record({
  stream: names,
  type: fc.constantFrom('A', 'B'),
  revision: fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }).map(String),
  position: fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }).map(String),
  id: fc.integer({ min: 0, max: 50 }).map((n) => deriveId('event', n)),
});

describe('A tally of streams', () => {
  it('says what a map of all would say, in the order in which streams first occur', () => {
    fc.assert(
      fc.property(fc.array(passed, { maxLength: 400 }), (events) => {
        const tally = new Tally({ listsStreams: true });
        const held = new Map<string, Held>();
        for (const event of events) {
          const { stream, position, revision, id } = event;
          expect(tally.isLastId(stream, id)).toBe(held.get(stream)?.lastId === id);
          tally.add(event);
          const known = held.get(stream);
          held.set(stream, {
            events: (known?.events ?? 0) + 1,
            firstPosition: known?.firstPosition ?? position,
            lastPosition: position,
            firstRevision: known?.firstRevision ?? revision,
            lastRevision: revision,
            lastId: id,
          });
        }
        expect(tally.streamCount).toBe(held.size);
        for (const [stream, { lastId: _, ...told }] of held) {
          expect(tally.of(stream)).toEqual(told);
        }
        expect(tally.of('nobody')).toBeUndefined();
        const wellFormed = [...held].filter(([stream]) => stream.isWellFormed());
        const lines = [...tally.lines()].map((line) => JSON.parse(line) as { stream: string });
        expect(lines.filter(({ stream }) => !stream.includes('\ufffd'))).toEqual(
          wellFormed.map(([stream, { lastId: _, ...told }]) => ({ stream, ...told })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('finds each of many more than a piece of it holds', () => {
    const tally = new Tally({ listsStreams: true });
    const count = 40_000;
    for (let n = 0; n < count; n += 1) {
      const event = { stream: `s-${n}`, type: 'A', revision: '0', id: deriveId('e', n % 7) };
      tally.add({ ...event, position: `${n + 1}` });
    }
    for (let n = 0; n < count; n += 997) {
      expect(tally.of(`s-${n}`)).toMatchObject({ events: 1, firstPosition: `${n + 1}` });
    }
    expect(tally.of(`s-${count}`)).toBeUndefined();
    expect(tally.streamCount).toBe(count);
  });
});
