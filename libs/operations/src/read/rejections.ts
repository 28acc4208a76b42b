import { streamName, type Json, type RecordedEvent } from '@hostledger/eventsourcing';
import { REJECTED_COLUMNS } from '@hostledger/http';
import {
  operationAggregate,
  type LineRejection,
  type OperationEvent,
  type RefusedLine,
} from '../domain/operation.js';
import type { OperationRejectionRow } from './projection.js';

interface EventReader {
  readStream(stream: string, from: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

type Recorded = Extract<OperationEvent, { type: 'OperationLinesRecorded' }>['data'];
type Fields = Readonly<Record<string, Json>>;

/**
 * The refused lines of an operation as a file: the columns of the upload, and some that say which
 * line it was, why, and what was sent that has no column; uploads leave those out, so the file can be
 * corrected and sent as it is. That is also why a field is written as it was sent: the quote that
 * keeps a spreadsheet from taking `=1+1` for a formula would be sent back as a part of the field.
 *
 * Reads the lines chunk by chunk from the log.
 * @param refusals by line, of lines that were performed.
 */
export async function* rejectedLines(
  log: EventReader,
  operationId: string,
  chunkCount: number,
  refusals: ReadonlyMap<number, LineRejection>,
): AsyncGenerator<readonly (string | number)[]> {
  const columns = new Set<string>();
  for await (const { lines, rejected } of chunksOf(log, operationId, chunkCount)) {
    for (const { value } of lines) addNames(columns, value);
    for (const { fields = {} } of rejected) addNames(columns, fields);
  }
  yield [...columns, ...REJECTED_COLUMNS];
  for await (const recorded of chunksOf(log, operationId, chunkCount)) {
    for (const { line, code, message, fields = {}, others } of refusedIn(recorded, refusals)) {
      const sent = Array.from(columns, (column) => textOf(fields[column]));
      yield [...sent, line, code, message, others === undefined ? '' : JSON.stringify(others)];
    }
  }
}

/** A page of refused lines, with what was sent. */
export const refusedLines = async (
  log: EventReader,
  operationId: string,
  rows: readonly OperationRejectionRow[],
): Promise<readonly RefusedLine[]> => {
  const found = new Map<number, RefusedLine>();
  for (const [chunk, refused] of Map.groupBy(rows, (row) => row.chunk)) {
    const recorded = await chunkOf(log, operationId, chunk);
    const refusals = new Map(refused.map((row) => [row.line, row]));
    for (const line of refusedIn(recorded, refusals)) found.set(line.line, line);
  }
  return rows.map(({ line, code, message }) => ({ ...found.get(line), line, code, message }));
};

/** In the order of the upload. */
const refusedIn = (
  { lines, rejected }: Recorded,
  refusals: ReadonlyMap<number, LineRejection>,
): RefusedLine[] =>
  [
    ...lines.flatMap(({ line, value }): RefusedLine[] => {
      const refusal = refusals.get(line);
      if (!refusal) return [];
      const { code, message } = refusal;
      return [{ line, code, message, fields: value as Fields }];
    }),
    ...rejected,
  ].sort((a, b) => a.line - b.line);

const addNames = (columns: Set<string>, fields: Json): void => {
  for (const name of Object.keys(fields as Fields)) columns.add(name);
};

async function* chunksOf(
  log: EventReader,
  operationId: string,
  chunkCount: number,
): AsyncGenerator<Recorded> {
  for (let chunk = 0; chunk < chunkCount; chunk += 1) yield chunkOf(log, operationId, chunk);
}

/** The chunks are the first events of the stream. */
const chunkOf = async (log: EventReader, operationId: string, chunk: number): Promise<Recorded> => {
  const stream = streamName(operationAggregate, operationId);
  const [event] = await log.readStream(stream, BigInt(chunk), 1);
  return event!.data as Recorded;
};

/** Fields hold texts and numbers; anything else is written as it is stored. */
const textOf = (value: Json | undefined): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
};
