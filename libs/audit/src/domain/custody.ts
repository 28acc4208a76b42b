import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { MinerEvent, Place } from '@hostledger/fleet';

/**
 * - `dock`: it was received; `move`: it changed its place, or left for good.
 * - `scan`: a number was read off it; `repair`: it was taken up, a part was swapped, it was closed.
 * - `title`: it was sold; `hosting`: it is hosted under another contract, or none any more.
 */
export type CustodyKind = 'dock' | 'move' | 'scan' | 'repair' | 'title' | 'hosting';

/** What events of a machine are to its custody; others change neither its place nor its holder. */
export const CUSTODY: Partial<Record<MinerEvent['type'], CustodyKind>> = {
  MinerReceived: 'dock',
  MinerInstalled: 'move',
  MinerRelocated: 'move',
  MinerUninstalled: 'move',
  MinerDeparted: 'move',
  MinerArrived: 'move',
  MinerSentToVendor: 'move',
  MinerReturnedFromVendor: 'move',
  MinerRetired: 'move',
  IdentifierObserved: 'scan',
  RepairOpened: 'repair',
  ComponentSwapped: 'repair',
  RepairClosed: 'repair',
  TitleTransferred: 'title',
  MinerAssigned: 'hosting',
  MinerUnassigned: 'hosting',
};

export interface CustodyEntry {
  readonly kind: CustodyKind;
  readonly event: RecordedEvent<MinerEvent>;
  /** Where it was afterwards; absent once it is retired. */
  readonly place?: Place;
  readonly customerId: string;
  readonly contractId: string;
  readonly documentDigest?: string;
  /** It begins elsewhere, or with somebody else, than the entry before ended. */
  readonly isBroken?: true;
}

/**
 * The hand-overs of a machine, each with where it was and whose afterwards. Events before it was
 * received belong to no chain and are left out.
 * @param counted events of its stream, in their order.
 */
export const custodyOf = (counted: readonly RecordedEvent<MinerEvent>[]): CustodyEntry[] => {
  const chain: CustodyEntry[] = [];
  for (const event of counted) {
    const kind = CUSTODY[event.type];
    const before = chain.at(-1);
    if (kind === undefined || (!before && kind !== 'dock')) continue;
    const told = event.data as Told;
    const { customerId, contractId } = { ...before, ...holderAfter(kind, told) } as Holder;
    const place =
      event.type === 'MinerRetired' ? undefined : (placeAfter(kind, told) ?? before?.place);
    const { documentDigest } = told;
    chain.push({
      ...{ kind, event, customerId, contractId },
      ...(place && { place }),
      ...(documentDigest !== undefined && { documentDigest }),
      ...(before && !follows(before, kind, told) && { isBroken: true as const }),
    });
  }
  return chain;
};

interface Holder {
  readonly customerId: string;
  readonly contractId: string;
}

/** What events of custody say, each of them some of it. */
interface Told extends Partial<Holder> {
  readonly place?: Place;
  readonly from?: Place;
  readonly to?: Place;
  readonly fromCustomerId?: string;
  readonly toCustomerId?: string;
  readonly documentDigest?: string;
}

const placeAfter = (kind: CustodyKind, { place, to }: Told): Place | undefined => {
  if (kind === 'move') return to;
  return kind === 'dock' ? place : undefined;
};

const holderAfter = (kind: CustodyKind, told: Told): Partial<Holder> => {
  const { customerId, contractId, toCustomerId } = told;
  if (kind === 'title') return toCustomerId === undefined ? {} : { customerId: toCustomerId };
  if (kind === 'dock') return { customerId: customerId!, contractId: contractId! };
  return kind === 'hosting' && contractId !== undefined ? { contractId } : {};
};

const follows = (before: CustodyEntry, kind: CustodyKind, told: Told): boolean => {
  if (kind === 'dock') return false;
  if (kind === 'move' && told.from) return isSamePlace(before.place, told.from);
  if (kind === 'title' && told.fromCustomerId !== undefined) {
    return told.fromCustomerId === before.customerId;
  }
  return true;
};

const isSamePlace = (one: Place | undefined, other: Place): boolean =>
  one !== undefined && textOf(one) === textOf(other);

const textOf = (place: Place): string =>
  JSON.stringify(Object.entries(place).toSorted(([one], [other]) => (one < other ? -1 : 1)));
