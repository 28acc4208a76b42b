import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { MinerEvent, Place } from '@hostledger/fleet';

/** One link of the chain: what the machine was handed from and to, or by what it was seen. */
export interface CustodyLink {
  readonly event: RecordedEvent<MinerEvent>;
  readonly kind: 'received' | 'moved' | 'title' | 'scanned' | 'retired';
  readonly from?: Place;
  /** Absent where it left the fleet. */
  readonly to?: Place;
  /** In whose ownership it was afterwards. */
  readonly customerId: string;
  readonly fromCustomerId?: string;
  /** SHA-256 (hex) of the bill of sale. */
  readonly documentDigest?: string;
  readonly identifiers?: readonly { readonly kind: string; readonly value: string }[];
}

export interface CustodyChain {
  readonly links: readonly CustodyLink[];
  /** Where it is; nothing once it left the fleet. */
  readonly place: Place | undefined;
  readonly customerId: string | undefined;
  /** Links that do not begin where, or with whom, the one before them ended. The rules forbid it. */
  readonly breaks: readonly { readonly link: CustodyLink; readonly why: string }[];
}

/** From dock to disposal: each hand-over, change of title and scan in the stream of a machine. */
export const custodyOf = (events: readonly RecordedEvent[]): CustodyChain => {
  const links: CustodyLink[] = [];
  const breaks: { link: CustodyLink; why: string }[] = [];
  let place: Place | undefined;
  let customerId: string | undefined;
  for (const event of events as readonly RecordedEvent<MinerEvent>[]) {
    const link = linkOf(event, customerId ?? '');
    if (!link) continue;
    links.push(link);
    const isFirst = link.kind === 'received';
    if (isFirst !== (customerId === undefined)) {
      breaks.push({ link, why: isFirst ? 'It was received already' : 'It was not received yet' });
    } else if (link.from && !isSame(link.from, place)) {
      breaks.push({ link, why: `It was ${textOf(place)}, not ${textOf(link.from)}` });
    }
    const before = link.kind === 'title' ? link.fromCustomerId : link.customerId;
    if (!isFirst && before !== customerId) {
      breaks.push({ link, why: `It was owned by ${customerId ?? 'nobody'}, not ${before}` });
    }
    if (link.to) place = link.to;
    else if (link.kind === 'retired') place = undefined;
    customerId = link.customerId;
  }
  return { links, place, customerId, breaks };
};

const linkOf = (event: RecordedEvent<MinerEvent>, owner: string): CustodyLink | undefined => {
  const told = event as { readonly type: MinerEvent['type'] } & RecordedEvent;
  const { type, data } = told as unknown as MinerEvent;
  switch (type) {
    case 'MinerReceived': {
      const { place: to, customerId, mac, controlBoardSerial } = data;
      const identifiers = [
        ...(mac === undefined ? [] : [{ kind: 'mac', value: mac }]),
        ...(controlBoardSerial === undefined
          ? []
          : [{ kind: 'controlBoardSerial', value: controlBoardSerial }]),
      ];
      return { event, kind: 'received', to, customerId, identifiers };
    }
    case 'MinerInstalled':
    case 'MinerRelocated':
    case 'MinerUninstalled':
    case 'MinerDeparted':
    case 'MinerArrived':
    case 'MinerSentToVendor':
    case 'MinerReturnedFromVendor': {
      const { from, to, customerId } = data;
      return { event, kind: 'moved', from, to, customerId };
    }
    case 'TitleTransferred': {
      const { fromCustomerId, toCustomerId: customerId, documentDigest, place: from } = data;
      return { event, kind: 'title', from, to: from, customerId, fromCustomerId, documentDigest };
    }
    case 'IdentifierObserved': {
      const identifiers = [{ kind: data.kind, value: data.value }];
      return { event, kind: 'scanned', customerId: owner, identifiers };
    }
    case 'MinerRetired': {
      const { from, customerId } = data;
      return { event, kind: 'retired', from, customerId };
    }
    default:
      return undefined;
  }
};

const isSame = (one: Place, other: Place | undefined): boolean =>
  other !== undefined && textOf(one) === textOf(other);

const textOf = (place: Place | undefined): string => {
  switch (place?.kind) {
    case undefined:
      return 'nowhere';
    case 'slot':
      return `in slot ${place.facility} ${place.rack} ${place.slot}`;
    case 'storage':
      return `in storage at ${place.facility}`;
    case 'transit':
      return `on the road from ${place.from} to ${place.to}`;
    case 'vendor':
      return `at the vendor ${place.vendor}`;
  }
};
