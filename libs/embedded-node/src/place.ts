import type { Metadata } from '@grpc/grpc-js';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Member extends Endpoint {
  readonly standing: 'leader' | 'follower' | 'unknown';
  readonly isAlive: boolean;
}

/** What a server asks about its place among those that serve the same log. */
export interface Place {
  /** As this server believes them to be. */
  members(): readonly Member[];
  /** Why a call is not served here at present; `leader` is where it would be. */
  refusal(requiresLeader: boolean): 'not-ready' | { readonly leader: Endpoint } | undefined;
  /** Resolves with whether appends that came here are committed; `false` after the write time-out. */
  commits(): Promise<boolean>;
}

/** The place of a node that is alone: it is the leader. */
export const alone = (at: () => Endpoint): Place => ({
  members: () => [{ ...at(), standing: 'leader', isAlive: true }],
  refusal: () => undefined,
  commits: () => Promise.resolve(true),
});

/** The header by which a client asks not to be served by a follower. */
export const requiresLeader = (metadata: Metadata): boolean =>
  metadata.get('requires-leader').some((value) => String(value).toLowerCase() === 'true');
