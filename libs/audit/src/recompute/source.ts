import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { recordedOf, shapeFault, type EventLine } from '../bundle/event-line.js';
import { BundleReader } from '../bundle/reader.js';

/** Where events come from: they can be read from the first on as often as is needed. */
export interface LogSource {
  /** How it is called in what is told of it. */
  readonly name: string;
  /** All domain events in the order of the log, not lifted to newer shapes. */
  events(): AsyncIterable<RecordedEvent>;
  close(): Promise<void>;
}

/**
 * A bundle, or a file with a line for each event in the form of the bundle's lines.
 * @throws MalformedBundle, or Error for a line that is no event.
 */
export const fileSource = async (path: string): Promise<LogSource> => {
  if (await beginsWithLine(path)) {
    return { name: path, events: () => eventsOfLines(path), close: () => Promise.resolve() };
  }
  const bundle = await BundleReader.open(path);
  const { after } = bundle.head;
  if (after !== '0') {
    await bundle.close();
    throw new Error(
      `${path} leaves out what is before position ${after}: nothing follows from it alone`,
    );
  }
  return { name: path, events: () => bundle.events(), close: () => bundle.close() };
};

const beginsWithLine = async (path: string): Promise<boolean> => {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
    return bytesRead === 1 && buffer.toString() === '{';
  } finally {
    await file.close();
  }
};

const eventsOfLines = async function* (path: string): AsyncGenerator<RecordedEvent> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line === '') continue;
    yield eventOfLine(line, `${path}:${number}`);
  }
};

/** The event that a line tells. @param place of the line, for who has to look. */
export const eventOfLine = (line: string, place: string): RecordedEvent => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`${place} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const fault = shapeFault(value);
  if (fault) throw new Error(`${place} is no event: ${fault}`);
  return recordedOf(value as EventLine);
};

const PAGE_EVENTS = 5_000;

/** The log of a running store, up to where it ends now: what is recorded meanwhile is left out. */
export const storeSource = async (log: {
  head(): Promise<bigint>;
  readAll(after: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}): Promise<LogSource> => {
  const end = await log.head();
  const events = async function* (): AsyncGenerator<RecordedEvent> {
    for (let after = 0n; ;) {
      const page = await log.readAll(after, PAGE_EVENTS);
      for (const event of page) {
        if (event.position > end) return;
        if (!event.type.startsWith('$')) yield event;
      }
      const last = page.at(-1);
      if (!last || page.length < PAGE_EVENTS) return;
      after = last.position;
    }
  };
  return { name: 'live', events, close: () => Promise.resolve() };
};

/** The same events as far as a position. */
export const sourceUpTo = (source: LogSource, position: bigint | undefined): LogSource => {
  if (position === undefined) return source;
  const events = async function* (): AsyncGenerator<RecordedEvent> {
    for await (const event of source.events()) {
      if (event.position > position) return;
      yield event;
    }
  };
  return { name: source.name, events, close: () => source.close() };
};
