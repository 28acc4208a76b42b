import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StoreCluster } from './store-cluster.js';

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  /** Until it is mended, in milliseconds. */
  readonly holdMs: number;
  /** Resolves with how to mend it. */
  readonly begin: () => Promise<() => Promise<unknown>>;
}

const SLOW_ELECTION_MS = 4_000;
const QUICK_ELECTION_MS = 1_500;
export const TWO_LEAD = 'two that claim to lead';
const LOST_REPLIES = 8;
const NOTHING = (): Promise<void> => Promise.resolve();

/** All that can befall the fronts, once each. */
export const faultsOfFronts = (store: StoreCluster): readonly Fault[] => {
  const toLeader = (
    name: string,
    holdMs: number,
    begin: 'kill' | 'cut' | 'isolate' | 'stall',
    mend: 'revive' | 'heal' | 'answer',
  ): Fault => ({
    name,
    holdMs,
    begin: async () => {
      const front = await store.leader();
      await store.tell({ act: begin, front });
      return () => store.tell({ act: mend, front });
    },
  });
  return [
    toLeader('leader killed', 5_000, 'kill', 'revive'),
    {
      name: 'follower killed',
      holdMs: 2_000,
      begin: async () => {
        const front = ((await store.leader()) + 1) % 3;
        await store.tell({ act: 'kill', front });
        return () => store.tell({ act: 'revive', front });
      },
    },
    toLeader('network to the leader cut', 7_000, 'cut', 'heal'),
    toLeader(TWO_LEAD, 5_000, 'isolate', 'heal'),
    toLeader('leader stalled', 6_000, 'stall', 'answer'),
    {
      name: 'replies lost',
      holdMs: 2_000,
      begin: async () => {
        await store.tell({
          act: 'lose replies',
          front: await store.leader(),
          count: LOST_REPLIES,
        });
        return NOTHING;
      },
    },
    {
      name: 'leader killed, slow election',
      holdMs: SLOW_ELECTION_MS + 3_000,
      begin: async () => {
        const front = await store.leader();
        await store.tell({ act: 'elections take', ms: SLOW_ELECTION_MS });
        await store.tell({ act: 'kill', front });
        return async () => {
          await store.tell({ act: 'elections take', ms: QUICK_ELECTION_MS });
          await store.tell({ act: 'revive', front });
        };
      },
    },
    {
      name: 'leader resigns',
      holdMs: 2_000,
      begin: async () => {
        await store.tell({ act: 'resign' });
        return NOTHING;
      },
    },
    {
      name: 'subscriptions broken',
      holdMs: 1_000,
      begin: async () => {
        await store.tell({ act: 'end subscriptions' });
        return NOTHING;
      },
    },
  ];
};

/**
 * Faults of a real cluster, by a command of its operator: run through the shell with `FAULT` (the
 * name) and `PHASE` (`begin` or `end`) in its environment.
 */
export const faultsByCommand = (
  command: string,
  names: readonly string[],
  holdMs: number,
): readonly Fault[] =>
  names.map((name) => {
    const run = (phase: string) =>
      promisify(execFile)('/bin/sh', ['-c', command], {
        env: { ...process.env, FAULT: name, PHASE: phase },
      });
    return {
      name,
      holdMs,
      begin: async () => {
        await run('begin');
        return () => run('end');
      },
    };
  });
