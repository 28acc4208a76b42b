import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { streamName } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { minerAggregate, minerUnknown, type Place } from '@hostledger/fleet';
import { MayRefuse, readReply, Roles } from '@hostledger/http';
import { custodyOf, type CustodyLink } from './custody.js';
import { HistoryActorView } from './views.js';

export class CustodyParams {
  /** @example YDU5400123 */
  @Matches(/^[A-Z0-9]{6,40}$/, { message: 'serial is 6 to 40 capitals and digits' })
  serial: string;
}

export class CustodyPlaceView {
  kind: 'slot' | 'storage' | 'transit' | 'vendor';
  /** Where it is, or at a vendor whence it was sent; of a machine on the road see `from` and `to`. */
  facility?: string;
  rack?: string;
  slot?: number;
  from?: string;
  to?: string;
  relocationId?: string;
  vendor?: string;
}

export class CustodyIdentifierView {
  /** @example mac */
  kind: string;
  value: string;
}

export class CustodyLinkView {
  kind: CustodyLink['kind'];
  /** @example MinerRelocated */
  type: string;
  eventId: string;
  position: string;
  /** In the stream of the machine. */
  revision: number;
  recordedAt: string;
  occurredAt: string;
  actor: HistoryActorView;
  reason?: string;
  from?: CustodyPlaceView;
  /** Absent where it left the fleet. */
  to?: CustodyPlaceView;
  /** In whose ownership it was afterwards. */
  customerId: string;
  /** Who gave the title away. */
  fromCustomerId?: string;
  /** SHA-256 (hex) of the bill of sale. */
  documentDigest?: string;
  /** What was read off the machine. */
  identifiers?: CustodyIdentifierView[];
}

export class CustodyBreakView {
  position: string;
  why: string;
}

export class CustodyView {
  serial: string;
  /** Of the delivery it came with. */
  deliveryId?: string;
  /** Where it is; absent once it left the fleet. */
  place?: CustodyPlaceView;
  customerId?: string;
  links: CustodyLinkView[];
  /** Links that do not begin where, or with whom, the one before ended: none, by the rules. */
  breaks: CustodyBreakView[];
}

/** The life of a machine is short by design. */
const MAX_EVENTS = 10_000;

@ApiTags('audit')
@Controller('audit/custody')
export class CustodyController {
  constructor(private readonly log: EventStore) {}

  @ApiOperation({
    summary: 'The chain of custody of a machine, from dock to disposal',
    description:
      'Every hand-over, change of title and scan, from the log itself, each with who recorded it and at ' +
      'which position. That each begins where the one before ended is checked, not assumed.',
  })
  @Get(':serial')
  @Roles('auditor')
  @MayRefuse('miner/unknown')
  @ApiOkResponse({ type: CustodyView })
  async get(@Param() { serial }: CustodyParams) {
    const head = await this.log.head();
    const events = await this.log.readStream(streamName(minerAggregate, serial), 0n, MAX_EVENTS);
    const [first] = events;
    if (!first) throw minerUnknown(serial);
    const { deliveryId } = first.data as { readonly deliveryId?: string };
    const { links, place, customerId, breaks } = custodyOf(events);
    const body: CustodyView = {
      serial,
      ...(deliveryId !== undefined && { deliveryId }),
      ...(place && { place: placeOf(place) }),
      ...(customerId !== undefined && { customerId }),
      links: links.map(linkView),
      breaks: breaks.map(({ link, why }) => ({ position: link.event.position.toString(), why })),
    };
    return readReply(head, body);
  }
}

const placeOf = (place: Place): CustodyPlaceView => ({ ...place });

const linkView = ({ event, from, to, ...link }: CustodyLink): CustodyLinkView => {
  const { metadata } = event;
  return {
    ...link,
    type: event.type,
    eventId: event.id,
    position: event.position.toString(),
    revision: Number(event.revision),
    recordedAt: event.recordedAt,
    occurredAt: metadata.occurredAt,
    actor: { subject: metadata.actor.subject, role: metadata.actor.role },
    ...(metadata.reason !== undefined && { reason: metadata.reason }),
    ...(from && { from: placeOf(from) }),
    ...(to && { to: placeOf(to) }),
    ...(link.identifiers && { identifiers: [...link.identifiers] }),
  } as CustodyLinkView;
};
