import { Turns, type TurnKind } from './turns.js';

const SOON_MS = 1_000;

/** Who comes to have a turn, in the order in which they have it. */
const arrivals = (turns: Turns) => {
  const inside: string[] = [];
  const come = (name: string, kind: TurnKind) =>
    void turns.take(kind, SOON_MS).then(() => inside.push(name));
  return { inside, come };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Turns at the one session of an embedded database', () => {
  it('are taken together by readers, and alone by a writer', async () => {
    const turns = new Turns();
    const { inside, come } = arrivals(turns);
    come('reader 1', 'together');
    come('reader 2', 'together');
    come('writer', 'alone');
    await settled();
    expect(inside).toEqual(['reader 1', 'reader 2']);
    turns.pass();
    await settled();
    expect(inside).toHaveLength(2);
    turns.pass();
    await settled();
    expect(inside).toEqual(['reader 1', 'reader 2', 'writer']);
  });

  it('alternate: a reader passes no writer who waits, and all readers who wait come after it', async () => {
    const turns = new Turns();
    const { inside, come } = arrivals(turns);
    come('reader 1', 'together');
    come('writer 1', 'alone');
    come('reader 2', 'together');
    come('writer 2', 'alone');
    come('reader 3', 'together');
    await settled();
    expect(inside).toEqual(['reader 1']);
    turns.pass();
    await settled();
    expect(inside.slice(1)).toEqual(['writer 1']);
    turns.pass();
    await settled();
    expect(inside.slice(2)).toEqual(['reader 2', 'reader 3']);
    turns.pass();
    turns.pass();
    await settled();
    expect(inside.slice(4)).toEqual(['writer 2']);
  });

  it('are not waited for longer than said, and who gave up has none', async () => {
    const turns = new Turns();
    await turns.take('alone', SOON_MS);
    await expect(turns.take('alone', 5)).rejects.toThrow('busy for 5 ms');
    const { inside, come } = arrivals(turns);
    come('writer', 'alone');
    turns.pass();
    await settled();
    expect(inside).toEqual(['writer']);
  });
});
