import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recorded, specOf } from '@hostledger/testing';
import { evolveChain, isWorthSigning, keyAt, NOTHING_SIGNED, type NotaryChain } from './chain.js';
import {
  checkpointsAggregate,
  type CheckpointCommand,
  type CheckpointEvent,
} from './checkpoints.js';
import type { NotaryKeyEvent } from './notary-keys.js';

const DAY = '2026-11-26';
const at = `${DAY}T12:00:00.000Z`;

const checkpoint = (treeSize: number, time: string, rootHash = `root of ${treeSize}`) => ({
  ...{ origin: 'log.example/1', treeSize, rootHash, position: `${treeSize}00`, time },
  note: `note of ${treeSize}`,
});
/** Where the notary believes the last checkpoint to be of so many events, of that time. */
const after = (treeSize: number, time: string) => ({
  sign: (size: number, at: string): CheckpointCommand => ({
    ...{ type: 'SignCheckpoint', at },
    data: { ...checkpoint(size, at), day: DAY, after: { treeSize, time } },
  }),
});
const sign = (treeSize: number, time: string): CheckpointCommand => ({
  ...{ type: 'SignCheckpoint', at },
  data: { ...checkpoint(treeSize, time), day: DAY, after: null },
});
const signed = (treeSize: number, time: string): CheckpointEvent => ({
  ...{ type: 'CheckpointSigned', data: checkpoint(treeSize, time) },
});
const cosignature = (treeSize: number, witness: string, rootHash = `root of ${treeSize}`) => ({
  ...{ treeSize, rootHash, witness, cosignature: 'line' },
});
const witness = (treeSize: number, by: string, rootHash?: string): CheckpointCommand => ({
  ...{ type: 'WitnessCheckpoint', data: cosignature(treeSize, by, rootHash), at },
});
const witnessed = (treeSize: number, by: string): CheckpointEvent => ({
  ...{ type: 'CheckpointWitnessed', data: cosignature(treeSize, by) },
});

describe('The checkpoints of a day', () => {
  const { given } = specOf(checkpointsAggregate);

  it('cover more each time, and are later', () => {
    given()
      .when(sign(5, `${DAY}T10:00:00.000Z`))
      .then(signed(5, `${DAY}T10:00:00.000Z`));
    const [ten, later] = [`${DAY}T10:00:00.000Z`, `${DAY}T10:00:00.001Z`];
    const five = signed(5, ten);
    given(five).when(after(5, ten).sign(6, later)).then(signed(6, later));
    given(five).when(after(5, ten).sign(4, later)).thenRejects('notary/checkpoint-outdated');
    given(five).when(after(5, ten).sign(5, later)).thenRejects('notary/checkpoint-outdated');
    given(five).when(after(5, ten).sign(6, ten)).thenRejects('notary/checkpoint-outdated');
  });

  it('end with the first one that is signed after the day', () => {
    const next = '2026-11-29T00:00:00.000Z';
    given(signed(5, at)).when(after(5, at).sign(6, next)).then(signed(6, next));
    given(signed(5, at), signed(6, next))
      .when(after(6, next).sign(7, '2026-11-29T00:01:00.000Z'))
      .thenRejects('notary/day-over');
  });

  it('go on from what the notary believes, not from what others have put among them', () => {
    const foreign = signed(900, `${DAY}T23:00:00.000Z`);
    given(signed(5, at), foreign)
      .when(after(5, at).sign(7, `${DAY}T12:00:01.000Z`))
      .then(signed(7, `${DAY}T12:00:01.000Z`));
    const other: CheckpointEvent = {
      ...{ type: 'CheckpointSigned', data: checkpoint(5, at, 'another root') },
    };
    given(other, signed(5, at)).when(witness(5, 'w1')).then(witnessed(5, 'w1'));
  });

  it('are witnessed as they were signed, once by each witness, also when the day is over', () => {
    const history = [signed(5, at), signed(6, '2026-11-27T00:00:00.000Z')] as const;
    given(...history)
      .when(witness(5, 'w1'))
      .then(witnessed(5, 'w1'));
    given(...history, witnessed(5, 'w1'))
      .when(witness(5, 'w1'))
      .thenNothing();
    given(...history, witnessed(5, 'w1'))
      .when(witness(5, 'w2'))
      .then(witnessed(5, 'w2'));
    given(...history)
      .when(witness(7, 'w1'))
      .thenRejects('notary/checkpoint-not-signed');
    given(...history)
      .when(witness(5, 'w1', 'other'))
      .thenRejects('notary/checkpoint-not-signed');
  });
});

describe('What the notary knows of a history', () => {
  type Any = NotaryKeyEvent | CheckpointEvent | { type: 'MinerMoved'; data: object };
  const event = (stream: string, revision: number, one: Any): RecordedEvent => ({
    ...recorded(stream, [one], revision)[0]!,
    recordedAt: at,
  });
  const afterAll = (...events: readonly RecordedEvent[]): NotaryChain =>
    events.reduce(
      (chain, one, index) => evolveChain(chain, one, index + 1, one.type !== 'MinerMoved'),
      NOTHING_SIGNED,
    );
  const moved = event('miner-1', 0, { type: 'MinerMoved', data: {} });
  const adopted = event('notaryKeys-log.example/1', 0, {
    type: 'NotaryKeyAdopted',
    data: { origin: 'log.example/1', verifierKey: 'first' },
  });
  const rotated = event('notaryKeys-log.example/1', 1, {
    type: 'NotaryKeyRotated',
    data: { origin: 'log.example/1', from: 'first', to: 'second', statement: '' },
  });

  it('is the key in force, and that of this log alone', () => {
    expect(afterAll(moved, adopted)).toMatchObject({ key: 'first', firstDay: DAY, day: DAY });
    expect(afterAll(moved, adopted, rotated)).toMatchObject({ key: 'second' });
    expect([1, 2, 3].map((size) => keyAt(afterAll(moved, adopted, rotated), size))).toEqual([
      // Before there was one, none signs.
      ...['second', 'first', 'second'],
    ]);
  });

  it('is where the next checkpoint goes: behind the last event of the stream of its day', () => {
    const five = event(`notary-${DAY}`, 0, signed(5, at));
    const seen = event(`notary-${DAY}`, 1, witnessed(5, 'w1'));
    expect(afterAll(adopted, five, seen)).toMatchObject({
      ...{ day: DAY, revision: 1, checkpoints: 1, witnessed: { w1: 5 } },
      last: { treeSize: 5, day: DAY },
    });
    const next = event(`notary-${DAY}`, 2, signed(9, '2026-11-29T00:00:00.000Z'));
    const late = event(`notary-${DAY}`, 3, witnessed(9, 'w1'));
    expect(afterAll(adopted, five, seen, next, late)).toMatchObject({
      ...{ day: '2026-11-29', revision: -1, checkpoints: 2, witnessed: { w1: 9 } },
      last: { treeSize: 9, day: DAY },
    });
  });

  it('is not what others put into its streams, but where they did', () => {
    const chain = afterAll(adopted);
    const foreign = event(`notary-${DAY}`, 0, signed(5, at));
    expect(evolveChain(chain, foreign, 2, false)).toEqual({
      ...{ ...chain, revision: 0, worthSigning: 2 },
      foreign: { events: 1, stream: `notary-${DAY}`, revision: '0', type: 'CheckpointSigned' },
    });
    const ahead = event('notary-2026-11-29', 4, { type: 'MinerMoved', data: {} });
    expect(afterAll(adopted, ahead)).toMatchObject({
      ...{ day: DAY, revision: -1 },
      foreign: { events: 1, stream: 'notary-2026-11-29', revision: '4', type: 'MinerMoved' },
    });
  });

  it('is whether anything happened that is worth a checkpoint', () => {
    const two = event(`notary-${DAY}`, 0, signed(2, at));
    const seen = event(`notary-${DAY}`, 1, witnessed(2, 'w1'));
    expect(isWorthSigning(afterAll(moved, adopted))).toBe(true);
    expect(isWorthSigning(afterAll(moved, adopted, two, seen))).toBe(false);
    expect(isWorthSigning(afterAll(moved, adopted, two, seen, moved))).toBe(true);
    expect(isWorthSigning(afterAll(moved, adopted, two, rotated))).toBe(true);
  });
});
