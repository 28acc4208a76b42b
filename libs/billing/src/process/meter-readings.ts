import {
  DomainError,
  stepOf,
  streamName,
  TooMuchContention,
  type AggregateStore,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import type { BulkKind, Chunk, LineRejection } from '@hostledger/operations';
import { amountsIn, type ToldAmounts } from '../domain/meter-amounts.js';
import type { KnownMeter, MeterKind } from '../domain/meter.js';
import {
  meterMonthAggregate,
  meterMonthId,
  type MeterMonthEvent,
  type NewReading,
} from '../domain/meter-month.js';
import {
  monthOfReading,
  sortOut,
  type Reading,
  type Readings,
  type SortedOut,
} from '../domain/meter-readings.js';
import { knownMeter, readingFacts, type ContractReader } from './meter-facts.js';

/** Of one month, while others tell of it too. */
const MAX_ATTEMPTS = 3;

/** The kind of an operation that takes readings in. */
export const METER_READINGS = 'meterReadings';

/** A line of an upload as it is stored. */
export interface ReadingLine extends ToldAmounts {
  readonly from: string;
  readonly until: string;
  readonly estimatedBy?: string | undefined;
}

export interface ReadingsParams {
  readonly meterId: string;
  /** SHA-256 (hex) of the file. */
  readonly digest: string;
}

/**
 * Takes the readings of an upload, whose lines are stored in the order of time. A reading goes on where
 * the one before it ended, so the chunks of one upload take turns, in the order they are begun in.
 */
export const readingsKind = (
  store: AggregateStore,
  reader: ContractReader,
): BulkKind<ReadingLine, ReadingsParams> => {
  const turns = new Turns();
  return {
    kind: METER_READINGS,
    perform: (chunk) => turns.take(chunk.operationId, () => takeChunk(store, reader, chunk)),
  };
};

/** Work of one name, one after another; where one fails, so do those that wait for it. */
class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(name) ?? Promise.resolve()).then(work);
    this.last.set(name, turn);
    const forget = (): void => {
      if (this.last.get(name) === turn) this.last.delete(name);
    };
    turn.then(forget, forget);
    return turn;
  }
}

const takeChunk = async (
  store: AggregateStore,
  reader: ContractReader,
  { lines, params, operationId, context }: Chunk<ReadingLine, ReadingsParams>,
): Promise<readonly LineRejection[]> => {
  const meter = await knownMeter(store, params.meterId);
  const rejections: LineRejection[] = [];
  const readings: (NewReading & { readonly line: number })[] = [];
  for (const { line, value } of lines) {
    const amounts = amountsIn(meter.kind, value);
    if (!amounts) {
      const { code, message } = unitWrong(meter.kind);
      rejections.push({ line, code, message });
      continue;
    }
    const { from, until, estimatedBy } = value;
    readings.push({
      from,
      until,
      ...amounts,
      ...(estimatedBy !== undefined && { estimatedBy }),
      line,
    });
  }
  const byMonth = Map.groupBy(readings, ({ from }) => monthOfReading(meter, from, context.at));
  for (const [month, ofMonth] of [...byMonth].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const upload = { meter, month, digest: params.digest, operationId };
    const { refused } = await takeMonth(store, reader, upload, ofMonth, context);
    for (const { reading, fault } of refused) {
      rejections.push({ line: reading.line, code: fault.code, message: fault.message });
    }
  }
  return rejections.sort((a, b) => a.line - b.line);
};

export const unitWrong = (kind: MeterKind, pointer?: string): DomainError =>
  new DomainError(
    'invalid',
    'meter/unit-wrong',
    kind === 'energy'
      ? 'A meter of energy tells energyKwh and registerKwh'
      : 'A meter of proceeds tells satoshi and registerSatoshi',
    { kind },
    pointer,
  );

interface UploadOfMonth {
  readonly meter: KnownMeter;
  readonly month: string;
  readonly digest: string;
  readonly operationId: string;
}

/** Accepts those that fit at once; the command is named after the first of them, which is told once. */
const takeMonth = async <R extends NewReading>(
  store: AggregateStore,
  reader: ContractReader,
  { meter, month, digest, operationId }: UploadOfMonth,
  readings: readonly R[],
  context: CommandContext,
): Promise<SortedOut<R>> => {
  const { at } = context;
  const withEstimates = readings.some(({ estimatedBy }) => estimatedBy !== undefined);
  const facts = await readingFacts(store, reader, meter, { month, now: at, withEstimates });
  const id = meterMonthId(meter.meterId, month);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { state } = await store.load(meterMonthAggregate, id, { fresh: true });
    const sorted = sortOut(state, readings, facts, at);
    const [first] = sorted.taken;
    if (!first) return sorted;
    const data = { facts, readings: sorted.taken, digest, operationId };
    const command = { type: 'AcceptReadings', data, at } as const;
    try {
      await store.handle(
        meterMonthAggregate,
        id,
        command,
        stepOf(context, 'readings', month, first.from),
      );
      return sorted;
    } catch (error) {
      // Somebody else told of the month meanwhile, so it is sorted out again.
      if (!(error instanceof DomainError)) throw error;
    }
  }
  throw new TooMuchContention(streamName(meterMonthAggregate, id), MAX_ATTEMPTS);
};

export interface UsageCorrection {
  readonly from: string;
  readonly until: string;
  readonly readings: readonly Reading[];
  readonly cause: string;
}

/**
 * Replaces what is known of an interval.
 * @throws DomainError by the rules of readings; `meter/nothing-to-correct`, `meter/correction-incomplete`.
 */
export const correctUsage = async (
  store: AggregateStore,
  reader: ContractReader,
  meter: KnownMeter,
  correction: UsageCorrection,
  context: CommandContext,
): Promise<Handled<Readings, MeterMonthEvent> & { readonly month: string }> => {
  const { at } = context;
  const month = monthOfReading(meter, correction.from, at);
  const withEstimates = correction.readings.some(({ estimatedBy }) => estimatedBy !== undefined);
  const facts = await readingFacts(store, reader, meter, { month, now: at, withEstimates });
  const command = { type: 'CorrectUsage', data: { facts, ...correction }, at } as const;
  const id = meterMonthId(meter.meterId, month);
  const handled = await store.handle(meterMonthAggregate, id, command, context);
  return { ...handled, month };
};
