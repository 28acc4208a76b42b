/** How a handled command ended, for metrics. */
export type CommandOutcome =
  'accepted' | 'unchanged' | 'replayed' | 'refused' | 'conflict' | 'unavailable' | 'failed';

/** Where the kernel reports what it does; an edge turns it into metrics. Must not throw. */
export interface KernelObserver {
  commandHandled(category: string, command: string, outcome: CommandOutcome, seconds: number): void;
  stateLookup(hit: boolean): void;
  /** One append call as the caller saw it, retries included. */
  appended(
    outcome: 'ok' | 'wrongExpectedRevision' | 'unavailable' | 'refused',
    seconds: number,
  ): void;
  appendRetried(reason: string): void;
  subscriptionReopened(name: string, reason: string): void;
}

const nothing = (): void => undefined;

export const silentObserver: KernelObserver = {
  commandHandled: nothing,
  stateLookup: nothing,
  appended: nothing,
  appendRetried: nothing,
  subscriptionReopened: nothing,
};
