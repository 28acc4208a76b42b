import type { Projection } from '../projection.js';
import { TableStore } from './table-store.js';

/** Why a generation stopped: an event its fold or its tables could not take. */
export interface ProjectionFailure {
  readonly position: bigint;
  readonly eventType: string;
  readonly eventId: string;
  readonly cause: string;
  /** How many acts of operators were known; a later one may have it tried again. */
  readonly acts: number;
}

/** Why nothing is applied any more: the log is not the one the tables were filled from. */
export interface LogRefusal {
  readonly reason: string;
  /** How many acts of operators were known; a later one may accept the log. */
  readonly acts: number;
}

/** Names one filling of a projection's tables by one version of its code. */
export interface GenerationKey {
  readonly name: string;
  readonly version: number;
  /** 0 unless a rebuild was asked for. */
  readonly run: number;
}

/** The schema that holds the tables of a generation. */
export const schemaOf = ({ name, version, run }: GenerationKey): string =>
  run === 0 ? `${name}_v${version}` : `${name}_v${version}_r${run}`;

/** A generation that this process keeps, as it stands since the last commit. */
export class Generation implements GenerationKey {
  readonly schema: string;
  readonly stores: readonly TableStore[];
  /** All events up to here are in the tables. */
  checkpoint = 0n;
  /** The last event that was handed out; the checkpoint may lie past it. */
  lastEvent: { readonly position: bigint; readonly id: string } | undefined;
  /** It has reached the end of the log once, and has its indexes. */
  filled = false;
  /** The views show it. */
  inUse = false;
  failure: ProjectionFailure | undefined;
  refusal: LogRefusal | undefined;

  constructor(
    readonly projection: Projection,
    readonly run: number,
    schema?: string,
  ) {
    this.schema = schema ?? schemaOf({ ...projection, run });
    this.stores = projection.tables.map(({ table }) => new TableStore(this.schema, table));
  }

  get name(): string {
    return this.projection.name;
  }

  get version(): number {
    return this.projection.version;
  }
}
