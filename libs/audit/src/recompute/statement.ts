import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CauseUntold,
  computedFrom,
  documentAnew,
  DocumentRegister,
  DocumentStreams,
  isFactFor,
  type BillingDocument,
  type Rehearsed,
} from '@hostledger/billing';
import {
  DomainError,
  type LogBatch,
  type LogFeeds,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import {
  fillTables,
  openDatabase,
  type Database,
  type ReadModels,
} from '@hostledger/eventsourcing/postgres';
import { firstDifference } from '../domain/difference.js';
import { plain } from '../domain/plain.js';
import type { LogSource } from './source.js';
import { cited, type Recomputed, type Comparison } from './verdict.js';

/** The schema that queries look into first. */
const SCHEMA = 'hostledger';

/**
 * Computes statements anew from the events of a source alone: read models that the computation asks are
 * filled in a database of its own, in a directory that is gone afterwards.
 */
export class StatementRecomputation {
  private constructor(
    private readonly database: Database,
    private readonly directory: string | undefined,
  ) {}

  static async open(): Promise<StatementRecomputation> {
    const directory = await mkdtemp(join(tmpdir(), 'hostledger-recompute-'));
    return new StatementRecomputation(await openDatabase({ directory }), directory);
  }

  /** On a database that is kept, in which nothing is. */
  static on(database: Database): StatementRecomputation {
    return new StatementRecomputation(database, undefined);
  }

  async close(): Promise<void> {
    if (this.directory === undefined) return;
    await this.database.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /**
   * Compares statements, restatements, credit notes and late fee notes with what their events come to,
   * contract by contract. Of all of them, one that the source tells no cause of differs; the others are
   * compared nonetheless.
   * @param numbers of them; all that the source has when absent.
   * @throws Error where the source has none of a number that was asked for, or tells of no cause.
   */
  async *recompute(
    source: LogSource,
    numbers?: readonly string[],
  ): AsyncGenerator<Recomputed, void> {
    const register = new DocumentRegister();
    let end = 0n;
    for await (const event of source.events()) {
      register.see(event);
      end = event.position;
    }
    const documents: BillingDocument[] = [];
    for (const number of numbers ?? register.numbers) {
      const document = register.numbered(number);
      if (document) documents.push(document);
      else if (numbers) {
        throw new Error(
          `Nothing in ${source.name} has the number ${number}, or it tells of no cause`,
        );
      } else yield causeless(source.name, number, register.givenBy(number)!, end);
    }
    for (const [contractId, own] of Map.groupBy(documents, (each) => each.contractId)) {
      const streams = new DocumentStreams(contractId);
      let position = 0n;
      for await (const event of source.events()) {
        streams.see(event);
        ({ position } = event);
      }
      await this.fill(source, isFactFor(streams), position);
      for (const document of own) yield this.compared(source.name, document, streams, position);
    }
  }

  private async compared(
    source: string,
    document: BillingDocument,
    streams: DocumentStreams,
    position: bigint,
  ): Promise<Recomputed> {
    const acts = await this.actsOf(document, streams, position);
    const recorded = acts.rehearsed.flatMap((act) => act.recorded ?? []);
    const { number } = document;
    return {
      ...{ subject: `statement ${number}`, source, position: position.toString() },
      value: plain(document),
      counted: recorded.length,
      ...(recorded.length > 0 && { last: cited(recorded.at(-1)!) }),
      verdict: verdictOf(acts, comparedOf(number)),
    };
  }

  private async actsOf(
    document: BillingDocument,
    streams: DocumentStreams,
    position: bigint,
  ): Promise<Acts> {
    const { database } = this;
    const read = async (_: unknown, query: (db: never) => Promise<unknown>) => ({
      position,
      value: await database.reading((db) => query(db as never)),
    });
    const readModels = { read } as unknown as Pick<ReadModels, 'read'>;
    try {
      return { rehearsed: await documentAnew(document, streams, readModels) };
    } catch (refusal) {
      if (!(refusal instanceof DomainError || refusal instanceof CauseUntold)) throw refusal;
      const first = streams.firstOf(document);
      return { rehearsed: [], refusal, ...(first && { first }) };
    }
  }

  private async fill(
    source: LogSource,
    isWanted: (event: RecordedEvent) => boolean,
    upTo: bigint,
  ): Promise<void> {
    const types = new Set(
      computedFrom.flatMap(({ tables }) => tables.flatMap(({ keys }) => Object.keys(keys))),
    );
    const events = async function* (): AsyncGenerator<RecordedEvent> {
      for await (const event of source.events()) {
        if (types.has(event.type) && isWanted(event)) yield event;
      }
    };
    const feeds = feedsOf(events());
    const { database } = this;
    await fillTables({ database, feeds, projections: computedFrom, schema: SCHEMA, upTo });
  }
}

interface Acts {
  readonly rehearsed: readonly Rehearsed[];
  /** Why it cannot come about at all, and the first event that says it did. */
  readonly refusal?: DomainError | CauseUntold;
  readonly first?: RecordedEvent;
}

/** A number that was given to something of which nothing else is told. */
const causeless = (
  source: string,
  number: string,
  by: RecordedEvent,
  position: bigint,
): Recomputed => {
  const refusal = new CauseUntold(`The log does not tell what ${number} was given to`);
  return {
    ...{ subject: `statement ${number}`, source, position: position.toString() },
    ...{ value: { number }, counted: 1, last: cited(by) },
    verdict: verdictOf({ rehearsed: [], refusal, first: by }, comparedOf(number)),
  };
};

const comparedOf = (number: string): string =>
  `${number} as recorded, with what its events come to`;

const verdictOf = ({ rehearsed, refusal, first }: Acts, compared: string): Comparison => {
  if (refusal) {
    const { message } = refusal;
    const isRefused = refusal instanceof DomainError;
    const event = first && { event: cited(first) };
    return {
      equal: false,
      compared,
      ...event,
      path: '',
      note: isRefused ? `It is refused, ${refusal.code}: ${message}` : message,
    };
  }
  for (const { recorded, computed, behind } of rehearsed) {
    const difference = firstDifference(said(computed), said(recorded));
    if (!difference) continue;
    const event = recorded ?? behind;
    const note = recorded
      ? noteOnInputs(rehearsed)
      : `${behind ? 'Behind it nothing' : 'Nothing'} is recorded in ${computed!.stream} that it comes to`;
    return {
      ...{ equal: false, compared },
      ...(event && { event: cited(event) }),
      ...(note !== undefined && { note }),
      ...difference,
    };
  }
  return { equal: true, compared };
};

/** Whether the log tells other inputs now than the computation had: its digest of them was recorded. */
const noteOnInputs = (rehearsed: readonly Rehearsed[]): string | undefined => {
  const digests = rehearsed.flatMap(({ recorded, computed }) => {
    const [then, now] = [recorded, computed].map(
      (event) => (event?.data as Digested)?.inputsDigest,
    );
    return then === undefined || now === undefined ? [] : [{ then, now }];
  });
  if (digests.length === 0) return undefined;
  return digests.every(({ then, now }) => then === now)
    ? 'The inputs are those of then, by their digest: what was computed is recorded otherwise'
    : 'The inputs are not those of then: the log tells them otherwise than their digest';
};

type Digested = { readonly inputsDigest?: string } | undefined;

const said = (event: { readonly type: string; readonly data: object } | undefined) =>
  event && plain({ type: event.type, data: event.data });

/** Hands out the events once; there is nothing to wait for at their end. */
const feedsOf = (events: AsyncGenerator<RecordedEvent>): LogFeeds => ({
  open: ({ from }) => {
    let position = from;
    return {
      next: async (maxEvents): Promise<LogBatch> => {
        const batch: RecordedEvent[] = [];
        while (batch.length < maxEvents) {
          const next = await events.next();
          if (next.done === true) return { events: batch, position, caughtUp: true };
          batch.push(next.value);
          ({ position } = next.value);
        }
        return { events: batch, position, caughtUp: false };
      },
      close: async () => void (await events.return(undefined)),
    };
  },
});
