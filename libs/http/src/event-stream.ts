import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** One event of `text/event-stream` (WHATWG HTML, 9.2). */
export interface ServerSentEvent {
  readonly event: string;
  /** Sent back as `Last-Event-ID` by a client that connects again. */
  readonly id?: string;
  /** As JSON. */
  readonly data: unknown;
}

/**
 * Answers with the events as they come; `undefined` is a sign of life that no client sees. The source
 * is ended when the client goes away, and ends the answer when it ends.
 */
export const sendEvents = (
  reply: FastifyReply,
  events: AsyncIterable<ServerSentEvent | undefined>,
): FastifyReply => sendEventStream(reply, written(events));

/** Answers with `text/event-stream` as it is written elsewhere; what is not taken yet is not pulled. */
export const sendEventStream = (
  reply: FastifyReply,
  chunks: AsyncIterable<string | Buffer>,
): FastifyReply =>
  reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    // Not to be kept alive: whoever follows until a shutdown would hold it up with an idle connection.
    .header('connection', 'close')
    .send(Readable.from(chunks, { objectMode: false }));

async function* written(
  events: AsyncIterable<ServerSentEvent | undefined>,
): AsyncGenerator<string> {
  // Headers go out with the first bytes.
  yield ': open\n\n';
  for await (const sent of events) {
    if (!sent) {
      yield ': alive\n\n';
      continue;
    }
    const id = sent.id === undefined ? '' : `id: ${sent.id}\n`;
    yield `event: ${sent.event}\n${id}data: ${JSON.stringify(sent.data)}\n\n`;
  }
}

/** Answers with a CSV file (RFC 4180), written as the lines come. */
export const sendCsv = (
  reply: FastifyReply,
  name: string,
  lines: AsyncIterable<readonly (string | number)[]>,
): FastifyReply =>
  reply
    .header('content-type', 'text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}"`)
    .send(Readable.from(csvText(lines), { objectMode: false }));

async function* csvText(
  lines: AsyncIterable<readonly (string | number)[]>,
): AsyncGenerator<string> {
  for await (const fields of lines) yield csvLine(fields);
}

/** A record of a CSV file (RFC 4180) with its line end, its fields as they are. */
export const csvLine = (fields: readonly (string | number)[]): string =>
  `${fields.map(csvField).join(',')}\r\n`;

const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+([./]\d+)?$/;

/**
 * For files that people open in a spreadsheet: a text that it would take for a formula has an apostrophe
 * before it; numbers and fractions have none. Not for files that are sent back, which must not change.
 */
export const noFormula = (text: string): string =>
  FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;

const csvField = (value: string | number): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
