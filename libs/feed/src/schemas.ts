// Generated from the types of the events by `npm run docs`.
import generated from './event-schemas.json';

/** What is known of one type of event. */
export interface EventSchema {
  /** The context that writes it. */
  readonly room: string;
  /** Of the streams it is in. */
  readonly category: string;
  /** JSON Schema 2020-12 of the event's `data`. */
  readonly schema: JsonSchema;
}

export interface JsonSchema {
  readonly $id: string;
  readonly title: string;
  /** The event in one sentence. */
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** Every type of event that may be in the log. */
export const eventSchemas: ReadonlyMap<string, EventSchema> = new Map(
  Object.entries<EventSchema>(generated),
);

export const eventTypes: readonly string[] = [...eventSchemas.keys()];

export const eventCategories: readonly string[] = [
  ...new Set([...eventSchemas.values()].map(({ category }) => category)),
];
