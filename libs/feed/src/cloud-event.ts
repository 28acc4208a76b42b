import { streamCategory, type RecordedEvent } from '@hostledger/eventsourcing';
import { NO_PARTIES, type Parties } from './parties.js';
import { withoutSecrets } from './withheld.js';

/**
 * An event as it goes out: CloudEvents 1.0 in its JSON form. The names of extension attributes are
 * lower case without separators, as the specification wants them.
 */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** Of the event; with `source` unique for ever, so whoever gets it twice can tell. */
  readonly id: string;
  /** The log it comes from. */
  readonly source: string;
  /** `hostledger.` and the type as the catalogue has it. */
  readonly type: string;
  /** The stream: `<category>-<id>`. */
  readonly subject: string;
  /** When it was written down. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Path of the JSON Schema of `data`. */
  readonly dataschema: string;
  readonly data: object;
  /** In the log, as text: it has more digits than a number of JSON is sure to keep. */
  readonly position: string;
  /** In the stream, from 0, as text. */
  readonly revision: string;
  /** Of the stream. */
  readonly category: string;
  readonly correlationid: string;
  readonly causationid: string;
  /** Who acted, and the role under which it was allowed. */
  readonly actor: string;
  readonly actorrole: string;
  /** When it happened, where that is not when it was written down. */
  readonly occurredat: string;
  readonly reason?: string;
  /** The contract and the customer it concerns, those in force after it where it names several. */
  readonly contractid?: string;
  readonly customerid?: string;
  /** JSON Pointers, parted by spaces, to what of `data` no reader is told: hashes of secrets. */
  readonly withheld?: string;
}

export const CLOUD_EVENT_TYPE_PREFIX = 'hostledger.';

/** Where the schema of a type is served. */
export const schemaPath = (type: string): string => `/v1/schemas/${type}`;

export const cloudEventOf = (
  event: RecordedEvent,
  source: string,
  { contracts: [contract], customers: [customer] }: Parties = NO_PARTIES,
): CloudEvent => {
  const { metadata } = event;
  const { value: data, withheld } = withoutSecrets(event.stream, event.data, '/data');
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: `${CLOUD_EVENT_TYPE_PREFIX}${event.type}`,
    subject: event.stream,
    time: event.recordedAt,
    datacontenttype: 'application/json',
    dataschema: schemaPath(event.type),
    position: event.position.toString(),
    revision: event.revision.toString(),
    category: streamCategory(event.stream),
    correlationid: metadata.$correlationId,
    causationid: metadata.$causationId,
    actor: metadata.actor.subject,
    actorrole: metadata.actor.role,
    occurredat: metadata.occurredAt,
    ...(metadata.reason !== undefined && { reason: metadata.reason }),
    ...(contract !== undefined && { contractid: contract }),
    ...(customer !== undefined && { customerid: customer }),
    ...(withheld && { withheld: withheld.join(' ') }),
    data: data as object,
  };
};
