import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { Kysely } from 'kysely';
import type {
  BillingInputs,
  MeterFact,
  ProgrammeReceipt,
  ReadingFact,
  Window,
} from '../../domain/inputs.js';
import type { MachineFactsTables } from '../machine-facts/query.js';
import type { MeterTables } from '../meters/facts.js';

/** All that facts are read from; each of the reads knows its own part of it. */
type Db = Kysely<MachineFactsTables & MeterTables>;

/** Recorded later than one position and up to another, about what was before an instant or a day. */
export interface Late {
  readonly until: string;
  readonly after: bigint;
  readonly position: bigint;
}

/** What happened before an instant, by what was recorded up to a position. */
export interface Known {
  readonly until: string;
  readonly position: bigint;
}

/** Machines that were under a contract, or off for curtailments, at any time. */
export type MachineScope =
  { readonly contractId: string } | { readonly curtailmentIds: readonly string[] };

/** What is read of machines, meters and receipts, each as it was known at a position. */
export interface FactReads {
  /** Asks all tables for nothing, so that the position of an answer is that of all of them. */
  readonly touch: (db: Db) => Promise<void>;
  /** Serials of machines that were ever within a scope, in their order, after one of them. */
  readonly machinesWithin: (
    db: Db,
    scope: MachineScope,
    page: Known & { readonly after?: string; readonly limit: number },
  ) => Promise<readonly string[]>;
  readonly factsOfMachines: (
    db: Db,
    serials: readonly string[],
    known: Known,
  ) => Promise<BillingInputs['machines']>;
  readonly meterFactsOf: (
    db: Db,
    contractId: string,
    period: Window,
    position: bigint,
  ) => Promise<{
    readonly meters: readonly MeterFact[];
    readonly readings: readonly ReadingFact[];
  }>;
  readonly receiptsOf: (
    db: Db,
    facilities: readonly string[],
    days: Window,
    position: bigint,
  ) => Promise<readonly ProgrammeReceipt[]>;
  readonly lateFactsExist: (db: Db, scope: MachineScope, late: Late) => Promise<boolean>;
  readonly lateReadingsExist: (db: Db, contractId: string, late: Late) => Promise<boolean>;
  readonly lateReceiptsExist: (
    db: Db,
    facilities: readonly string[],
    late: Late,
  ) => Promise<boolean>;
}

/** What a computation is read with. */
export interface InputTools {
  readonly readModels: Pick<ReadModels, 'read'>;
  readonly log: {
    readStream(stream: string, fromRevision: bigint): Promise<readonly RecordedEvent[]>;
    head(): Promise<bigint>;
  };
  readonly facts: FactReads;
}
