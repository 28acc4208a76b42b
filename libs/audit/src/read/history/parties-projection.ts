import {
  tableFold,
  type AnyTableFold,
  type DomainEvent,
  type Projection,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import type { PartyRules } from '@hostledger/feed';

/**
 * An event that concerns somebody by more than whose its own stream is: `ref` is the id of a contract
 * or customer that it names, or a stream whose parties are its own.
 */
export interface AuditPartyRow {
  ref: string;
  position: bigint;
}

export interface AuditPartyTables {
  audit_parties: AuditPartyRow;
}

/**
 * By what the events of contracts and customers are found, beside the streams that belonged to them.
 * A changed rule is a new version, as it is of the feed's.
 */
export const auditPartiesProjection = (rules: PartyRules): Projection => ({
  name: 'audit_parties',
  version: 1,
  tables: [auditParties(rules)],
});

const auditParties = (rules: PartyRules): AnyTableFold =>
  tableFold<AuditPartyRow, DomainEvent>({
    table: {
      name: 'audit_parties',
      columns: { ref: 'text', position: 'bigint' },
      key: ['ref', 'position'],
      indexes: [['position']],
      insertOnly: true,
    },
    keys: {},
    otherKeys: (event) => refsOf(rules, event).map((ref) => ({ ref, position: event.position })),
    evolve: (_, { position }, { ref }) => ({ ref: ref!, position }),
  });

/** Longer ones are no ids of this system. */
const MAX_REF_CHARACTERS = 600;

const refsOf = (rules: PartyRules, event: RecordedEvent): readonly string[] => {
  const data = event.data as Readonly<Record<string, unknown>> | null;
  if (typeof data !== 'object' || data === null) return [];
  // The machine of an event is in the index of events.
  const ofMachine = `miner-${String(data['serial'])}`;
  return rules
    .references(event)
    .filter((ref) => ref !== ofMachine && ref.length <= MAX_REF_CHARACTERS && !ref.includes('\0'));
};
