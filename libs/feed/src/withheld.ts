import { streamCategory } from '@hostledger/eventsourcing';
import type { EventSchema, JsonSchema } from './schemas.js';

const TOKENS = 'accessToken';
/** By which a token is known again; the log and the bundle have to keep it, no reader needs it. */
const SECRET = 'secretHash';

/** What may be told, and pointers (RFC 6901) to what is left out of it; absent where nothing is. */
export interface Told {
  readonly value: unknown;
  readonly withheld?: string[];
}

/**
 * Data of an event, or the state of its stream, without the hash of the secret of an access token.
 * @param at where the value is in the answer, `/data` for instance.
 */
export const withoutSecrets = (stream: string, value: unknown, at: string): Told => {
  if (streamCategory(stream) !== TOKENS || !hasSecret(value)) return { value };
  const { [SECRET]: _, ...rest } = value;
  return { value: rest, withheld: [`${at}/${SECRET}`] };
};

const hasSecret = (value: unknown): value is Readonly<Record<typeof SECRET, unknown>> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, SECRET);

/** The schema of data as it is told to readers. */
export const schemaWithoutSecrets = ({ category, schema }: EventSchema): JsonSchema => {
  const { properties, required, ...rest } = schema;
  if (category !== TOKENS || !hasSecret(properties)) return schema;
  const { [SECRET]: _, ...told } = properties;
  const names = (required as readonly string[]).filter((name) => name !== SECRET);
  return { ...rest, properties: told, required: names };
};
