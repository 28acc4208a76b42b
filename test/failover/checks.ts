import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { Entry, Kind, Ledger } from './ledger.js';
import { occupancyOf, type Occupancy } from './occupancy.js';

/** The event by which a command of a kind is known to have been accepted. */
const EFFECT: Readonly<Record<Exclude<Kind, 'setup'>, string>> = {
  customer: 'CustomerRegistered',
  standing: 'CreditStandingChanged',
  contract: 'ContractDrafted',
  deposit: 'DepositReceived',
  move: 'MinerRelocated',
  delivery: 'ManifestRegistered',
};
/** Of which the reply names the very event. */
const NAMED: ReadonlySet<Kind> = new Set(['customer', 'standing', 'contract', 'deposit']);
/** Clocks of a real cluster's servers against that of this process. */
const CLOCK_SLACK_MS = 1_000;

export interface Findings {
  /** What must never be. */
  readonly wrong: readonly string[];
  /** Refusals for a reason that did not hold any more, while two servers claimed to lead; see docs/failover.md. */
  readonly stale: readonly string[];
}

/**
 * Compares what clients were told with the log: what was acknowledged is there once and where it was
 * said to be, what was refused left nothing and was refused for a reason that held at the time, what
 * nobody knows of is there once or not at all.
 */
export const checkLog = (
  ledger: Ledger,
  events: readonly RecordedEvent[],
  twoLed: (at: number) => boolean,
): Findings => {
  const byCommand = Map.groupBy(events, ({ metadata }) => metadata.commandId);
  const manifests = Map.groupBy(
    events.filter(({ type }) => type === EFFECT.delivery),
    ({ data }) => (data as { reference: string }).reference,
  );
  const occupancy = occupancyOf(events);
  const wrong = [...checkStreams(events), ...occupancy.broken];
  const stale: string[] = [];
  for (const entry of ledger.entries) {
    const own =
      entry.kind === 'delivery' ? manifests.get(entry.key) : byCommand.get(entry.commandId);
    wrong.push(...checkEntry(entry, own ?? []));
    if (entry.outcome !== 'refused' || isTrue(entry, occupancy, events)) continue;
    const { kind, key, slot = '', reply, code, knownPosition, lastSentAt, settledAt } = entry;
    const seconds = ((settledAt - lastSentAt) / 1_000).toFixed(1);
    const what = `${kind} ${key} ${slot} was refused: ${reply!.status} ${code}, after ${seconds} s, ${knownPosition} being known`;
    if (twoLed(lastSentAt) || twoLed(settledAt)) stale.push(what);
    else wrong.push(what);
  }
  return { wrong, stale };
};

/** All but moves act on what their client alone has, so that there is nothing to refuse. */
const isTrue = (
  { code, slot, serial, knownPosition, settledAt }: Entry,
  occupancy: Occupancy,
  events: readonly RecordedEvent[],
): boolean => {
  if (code === 'move/not-reserved') return true;
  if (code !== 'rack/slot-taken') return false;
  const until = lastPositionBy(events, settledAt + CLOCK_SLACK_MS);
  return occupancy.isTaken(slot!, serial!, knownPosition, until);
};

const checkEntry = (entry: Entry, events: readonly RecordedEvent[]): string[] => {
  const { kind, key, outcome, reply } = entry;
  if (kind === 'setup') return [];
  const found = events.filter(({ type }) => type === EFFECT[kind]);
  const what = `${kind} ${key}, ${outcome}`;
  if (outcome === 'accepted') {
    if (found.length !== 1) return [`${what}: ${found.length} times in the log`];
    const [event] = found;
    const isThere =
      !NAMED.has(kind) ||
      (event!.position === reply!.position && event!.revision === reply!.revision);
    return isThere ? [] : [`${what}: not where the reply says`];
  }
  const most = outcome === 'unknown' ? 1 : 0;
  return found.length > most ? [`${what}: ${found.length} times in the log`] : [];
};

/** Revisions without gaps, positions that rise, no event twice and no command twice in a stream. */
const checkStreams = (events: readonly RecordedEvent[]): string[] => {
  const wrong: string[] = [];
  const ids = new Set<string>();
  const last = new Map<string, { revision: bigint; commandId: string }>();
  const accepted = new Set<string>();
  let position = -1n;
  for (const event of events) {
    const { stream, revision, metadata } = event;
    const before = last.get(stream);
    if (event.position <= position) wrong.push(`Position ${event.position} after ${position}`);
    if (revision !== (before?.revision ?? -1n) + 1n) wrong.push(`${stream}: a gap at ${revision}`);
    if (ids.has(event.id)) wrong.push(`${stream}: event ${event.id} is there twice`);
    const command = `${stream} ${metadata.commandId}`;
    if (before?.commandId !== metadata.commandId && accepted.has(command)) {
      wrong.push(`${stream}: command ${metadata.commandId} was accepted twice`);
    }
    accepted.add(command);
    ids.add(event.id);
    last.set(stream, { revision, commandId: metadata.commandId });
    position = event.position;
  }
  return wrong;
};

const lastPositionBy = (events: readonly RecordedEvent[], at: number): bigint => {
  const instant = new Date(at).toISOString();
  return events.findLast(({ recordedAt }) => recordedAt <= instant)?.position ?? 0n;
};
