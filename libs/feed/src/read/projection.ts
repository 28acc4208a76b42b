import {
  tableFold,
  type AnyTableFold,
  type DomainEvent,
  type Projection,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import type { PartyChange, PartyRules } from '../parties.js';

/** From `position` on; what is null stays as it was before. */
export interface StreamPartyRow {
  stream: string;
  position: bigint;
  contract_id: string | null;
  customer_id: string | null;
  /** The customer is that of this stream. */
  customer_of: string | null;
}

export interface PartyTables {
  stream_parties: StreamPartyRow;
}

/** To whom streams belong, from which position on: a row for each event that changes it. */
export const partiesProjection = (rules: PartyRules): Projection => ({
  name: 'feed_parties',
  version: 1,
  tables: [streamParties(rules)],
});

const streamParties = (rules: PartyRules): AnyTableFold => {
  const keysOf = (event: RecordedEvent): Partial<StreamPartyRow>[] =>
    rules.changes(event).map(({ stream }) => ({ stream, position: event.position }));
  return tableFold<StreamPartyRow, DomainEvent>({
    table: {
      name: 'stream_parties',
      columns: {
        stream: 'text',
        position: 'bigint',
        contract_id: 'text',
        customer_id: 'text',
        customer_of: 'text',
      },
      key: ['stream', 'position'],
      nullable: ['contract_id', 'customer_id', 'customer_of'],
      insertOnly: true,
    },
    keys: Object.fromEntries(rules.settingTypes().map((type) => [type, keysOf])),
    evolve: (row, event, key) => {
      const change = rules.changes(event).find(({ stream }) => stream === key.stream);
      return change ? rowOf(change, event.position) : row;
    },
  });
};

const rowOf = (change: PartyChange, position: bigint): StreamPartyRow => ({
  stream: change.stream,
  position,
  contract_id: change.contract ?? null,
  customer_id: change.customer ?? null,
  customer_of: change.customerOf ?? null,
});
