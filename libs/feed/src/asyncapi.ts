import { CLOUD_EVENT_TYPE_PREFIX } from './cloud-event.js';
import { eventSchemas, eventTypes, type JsonSchema } from './schemas.js';

/** What a room adds to the document, by the key under which it stands. */
export interface AsyncApiPart {
  readonly channels?: Readonly<Record<string, object>>;
  readonly operations?: Readonly<Record<string, object>>;
  readonly schemas?: Readonly<Record<string, object>>;
}

const parts: AsyncApiPart[] = [];

/** Adds a way by which events go out; a room does so when it is loaded. */
export const registerAsyncApi = (part: AsyncApiPart): void => {
  if (!parts.includes(part)) parts.push(part);
};

/** The messages of a channel that carries every event: one for each type, all defined once. */
export const channelMessages = (): Readonly<Record<string, { readonly $ref: string }>> =>
  Object.fromEntries(eventTypes.map((type) => [type, { $ref: `#/components/messages/${type}` }]));

/** The AsyncAPI 3.0 document of everything that goes out by itself. */
export const asyncApiDocument = (): object => ({
  asyncapi: '3.0.0',
  id: 'urn:hostledger:events',
  info: {
    title: 'Hostledger events',
    version: '1',
    description:
      'What happened, for other systems: CloudEvents 1.0 in the order of the log. Every event comes ' +
      'at least once; `source` and `id` tell a double. New types and new optional fields may come ' +
      'at any time, nothing else changes under the name of a type.',
  },
  defaultContentType: 'application/cloudevents+json',
  servers: {
    api: {
      host: '{host}',
      protocol: 'http',
      description: 'The API; behind a proxy by https',
      variables: { host: { default: 'localhost:3000', description: 'Host and port' } },
      security: [{ $ref: '#/components/securitySchemes/bearer' }],
    },
  },
  channels: merged(({ channels }) => channels),
  operations: merged(({ operations }) => operations),
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'An access token' },
    },
    schemas: { CloudEvent: ENVELOPE, ...dataSchemas(), ...merged(({ schemas }) => schemas) },
    messages: Object.fromEntries(eventTypes.map((type) => [type, messageOf(type)])),
  },
});

const merged = (
  pick: (part: AsyncApiPart) => Readonly<Record<string, object>> | undefined,
): Readonly<Record<string, object>> =>
  Object.fromEntries(parts.flatMap((part) => Object.entries(pick(part) ?? {})));

const text = (description: string, more: object = {}): object => ({
  type: 'string',
  description,
  ...more,
});

const ENVELOPE = {
  type: 'object',
  description: 'CloudEvents 1.0 in JSON, with the extension attributes of this system.',
  required: [
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype'],
    ...['dataschema', 'data', 'position', 'revision', 'category', 'correlationid'],
    ...['causationid', 'actor', 'actorrole', 'occurredat'],
  ],
  properties: {
    specversion: { const: '1.0' },
    id: text('Of the event; unique together with `source`', { format: 'uuid' }),
    source: text('The log it comes from', { format: 'uri-reference' }),
    type: text(`\`${CLOUD_EVENT_TYPE_PREFIX}\` and the type`),
    subject: text('The stream: `<category>-<id>`'),
    time: text('When it was written down', { format: 'date-time' }),
    datacontenttype: { const: 'application/json' },
    dataschema: text('Where the JSON Schema of `data` is', { format: 'uri-reference' }),
    data: { type: 'object' },
    position: text('In the log; increasing, with gaps', { pattern: '^\\d+$' }),
    revision: text('In the stream, from 0 without gaps', { pattern: '^\\d+$' }),
    category: text('Of the stream'),
    correlationid: text('Of the request that led to it, and to all that followed from it'),
    causationid: text('Of the request or the event that it followed from'),
    actor: text('Who acted'),
    actorrole: text('The role under which it was allowed'),
    occurredat: text('When it happened', { format: 'date-time' }),
    reason: text('Why, in the words of the actor'),
    contractid: text('The contract it concerns; after it, where it names several'),
    customerid: text('The customer it concerns; after it, where it names several'),
    withheld: text('Where in the event a hash of a secret was left out: JSON Pointers'),
  },
};

const messageOf = (type: string): object => {
  const { category, schema } = eventSchemas.get(type)!;
  return {
    name: `${CLOUD_EVENT_TYPE_PREFIX}${type}`,
    title: type,
    summary: schema.description,
    tags: [{ name: category }],
    contentType: 'application/cloudevents+json',
    payload: {
      allOf: [
        { $ref: '#/components/schemas/CloudEvent' },
        {
          type: 'object',
          properties: {
            type: { const: `${CLOUD_EVENT_TYPE_PREFIX}${type}` },
            data: { $ref: `#/components/schemas/${type}` },
          },
        },
      ],
    },
  };
};

/** The schemas of `data`, and the shapes in them under `<type>.<shape>`: references here are the document's. */
const dataSchemas = (): Readonly<Record<string, object>> =>
  Object.fromEntries(
    [...eventSchemas].flatMap(([type, { schema }]): [string, object][] => {
      const { $defs = {}, $schema: _dialect, $id: _id, ...own } = rewritten(schema, type);
      const shapes = Object.entries($defs as Record<string, object>);
      return [
        [type, own],
        ...shapes.map(([name, shape]): [string, object] => [`${type}.${name}`, shape]),
      ];
    }),
  );

const rewritten = (schema: JsonSchema, type: string): Record<string, unknown> =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string'
      ? value.replace('#/$defs/', `#/components/schemas/${type}.`)
      : value,
  ) as Record<string, unknown>;

registerAsyncApi({
  channels: {
    events: {
      address: '/v1/events',
      title: 'The event feed',
      description:
        'Server-sent events (`Accept: text/event-stream`): `id` is the position, `data` the ' +
        'CloudEvent. Connect again with `Last-Event-ID` to go on without gap or double. An id ' +
        'without data is a position passed by the filter.',
      messages: channelMessages(),
    },
  },
  operations: {
    followEvents: {
      action: 'send',
      channel: { $ref: '#/channels/events' },
      summary: 'Everything after a position, and then what happens',
      security: [{ $ref: '#/components/securitySchemes/bearer' }],
      bindings: {
        http: {
          method: 'GET',
          query: {
            type: 'object',
            properties: {
              after: text('A position, `start` (the default) or `end`', {
                pattern: '^(\\d{1,19}|start|end)$',
              }),
              category: { type: 'array', items: { type: 'string' } },
              type: { type: 'array', items: { type: 'string', enum: eventTypes } },
              contractId: text('Only events that concern this contract'),
              customerId: text('Only events that concern this customer'),
            },
          },
          bindingVersion: '0.3.0',
        },
      },
    },
  },
});
