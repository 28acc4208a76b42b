import {
  streamCategory,
  type DomainEvent,
  type Recorded,
  type RecordedEvent,
} from '@hostledger/eventsourcing';

/** Whom an event concerns, by id. The first of each is the one in force once the event is recorded. */
export interface Parties {
  readonly contracts: readonly string[];
  readonly customers: readonly string[];
}

export const NO_PARTIES: Parties = { contracts: [], customers: [] };

/** From an event on, a stream belongs to this contract and customer; what is absent stays as it was. */
export interface PartyChange {
  readonly stream: string;
  readonly contract?: string;
  readonly customer?: string;
  /** The customer is whoever is that of this stream at the time. */
  readonly customerOf?: string;
}

/** What one type of event says of parties, beside `contractId` and `customerId` of its data. */
export interface PartyRule<R> {
  /** Further parties that the event itself names; those in force after it first. */
  readonly names?: (event: R) => Partial<Parties>;
  /** Streams beside its own whose parties of that time are concerned. */
  readonly of?: (event: R) => readonly string[];
  readonly sets?: (event: R) => readonly PartyChange[];
}

/** The parties of a room's events. */
export interface RoomParties {
  /** Categories of streams whose parties are kept, here or by `sets` of another room. */
  readonly kept: readonly string[];
  readonly rules: Readonly<Record<string, PartyRule<RecordedEvent> | undefined>>;
}

/** Checks the rules of a room against its events, then forgets their types. */
export const partiesOfRoom = <E extends DomainEvent>(room: {
  readonly kept: readonly string[];
  readonly rules: {
    readonly [T in E['type']]?: PartyRule<Extract<Recorded<E>, { readonly type: T }>>;
  };
}): RoomParties => room as RoomParties;

/** The rules of all rooms together. */
export class PartyRules {
  private readonly kept: ReadonlySet<string>;
  private readonly rules: ReadonlyMap<string, PartyRule<RecordedEvent>>;

  constructor(rooms: readonly RoomParties[]) {
    this.kept = new Set(rooms.flatMap(({ kept }) => kept));
    const rules = rooms.flatMap((room) => Object.entries(room.rules));
    this.rules = new Map(rules.flatMap(([type, rule]) => (rule ? [[type, rule] as const] : [])));
  }

  /** Types that change the parties of a stream. */
  settingTypes(): readonly string[] {
    return [...this.rules].filter(([, { sets }]) => sets).map(([type]) => type);
  }

  changes(event: RecordedEvent): readonly PartyChange[] {
    return this.rules.get(event.type)?.sets?.(event) ?? [];
  }

  /** The parties that the event itself names. */
  named(event: RecordedEvent): Parties {
    const { contractId, customerId } = event.data as Readonly<Record<string, unknown>>;
    const more = this.rules.get(event.type)?.names?.(event) ?? {};
    return {
      contracts: distinct([contractId, ...(more.contracts ?? [])]),
      customers: distinct([customerId, ...(more.customers ?? [])]),
    };
  }

  /**
   * Contracts, customers and streams by which an event is found beside its own stream. None where all
   * that it concerns is what its stream belongs to.
   */
  references(event: RecordedEvent): readonly string[] {
    const rule = this.rules.get(event.type);
    if (this.kept.has(streamCategory(event.stream)) && !rule?.names && !rule?.of) return [];
    const { contracts, customers } = this.named(event);
    return distinct([...contracts, ...customers, ...(rule?.of?.(event) ?? [])]);
  }

  /**
   * Streams whose parties at that time are the event's too: those its rule names, and its own where
   * the event itself does not name both a contract and a customer.
   */
  lookups(event: RecordedEvent): readonly string[] {
    const streams = this.rules.get(event.type)?.of?.(event) ?? [];
    const { contracts, customers } = this.named(event);
    if (contracts.length > 0 && customers.length > 0) return streams;
    const own = this.kept.has(streamCategory(event.stream)) ? [event.stream] : [];
    return [...own, ...streams];
  }
}

/** Those of the first before those of the others, each once. */
export const joined = (...all: readonly Parties[]): Parties => ({
  contracts: distinct(all.flatMap(({ contracts }) => contracts)),
  customers: distinct(all.flatMap(({ customers }) => customers)),
});

const distinct = (ids: readonly unknown[]): readonly string[] => [
  ...new Set(ids.filter((id): id is string => typeof id === 'string')),
];
