import { streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import { REJECTED_COLUMNS } from '@hostledger/http';
import { operationAggregate, type OperationEvent } from '../domain/operation.js';

interface EventReader {
  readStream(stream: string, from: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

type Recorded = Extract<OperationEvent, { type: 'OperationLinesRecorded' }>['data'];

/**
 * The refused lines of an operation as a file: the columns of the upload, and three that say which
 * line it was and why; uploads leave those out, so the file can be corrected and sent as it is. Of a
 * line that was refused for its form at upload only these three are known.
 *
 * Reads the lines chunk by chunk from the log.
 * @param refusals by line, of lines that were performed.
 */
export async function* rejectedLines(
  log: EventReader,
  operationId: string,
  chunkCount: number,
  refusals: ReadonlyMap<number, Refusal>,
): AsyncGenerator<readonly (string | number)[]> {
  const columns = new Set<string>();
  for await (const { lines } of chunksOf(log, operationId, chunkCount)) {
    for (const { value } of lines)
      for (const name of Object.keys(value as object)) columns.add(name);
  }
  yield [...columns, ...REJECTED_COLUMNS];
  for await (const { lines, rejected } of chunksOf(log, operationId, chunkCount)) {
    const refused = [
      ...lines.flatMap(({ line, value }) => {
        const refusal = refusals.get(line);
        return refusal ? [{ line, value: value as Record<string, unknown>, ...refusal }] : [];
      }),
      ...rejected.map((refusal) => ({ value: none, ...refusal })),
    ].sort((a, b) => a.line - b.line);
    for (const { line, value, code, message } of refused) {
      yield [...Array.from(columns, (column) => textOf(value[column])), line, code, message];
    }
  }
}

async function* chunksOf(
  log: EventReader,
  operationId: string,
  chunkCount: number,
): AsyncGenerator<Recorded> {
  const stream = streamName(operationAggregate, operationId);
  for (let chunk = 0; chunk < chunkCount; chunk += 1) {
    const [event] = await log.readStream(stream, BigInt(chunk), 1);
    yield event!.data as Recorded;
  }
}

/** What was refused for its form was not stored. */
const none: Record<string, unknown> = {};

/** Lines hold texts and numbers; anything else is written as it is stored. */
const textOf = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
};
