import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { IdentifierKind, IdentifierObserved } from '../../domain/miner-life.js';
import type { Component, ComponentSwapped } from '../../domain/miner-repair.js';
import type { MinerReceived } from '../../domain/miner.js';

/** When a number was first and last known to be on a machine. */
export interface Stay {
  /** Absent of a part that was in the machine before anybody read its number. */
  readonly from?: string;
  readonly to?: string;
}

/** A number of a machine, or of a part of it, in upper case. */
export interface IdentifierRow {
  readonly serial: string;
  readonly kind: IdentifierKind | Component;
  readonly value: string;
  /** It was not removed since; whether another one took its place is for the reader to tell. */
  readonly present: boolean;
  /** In their order; a part may come back. */
  readonly stays: readonly Stay[];
}

type IdentifierEvent = MinerReceived | IdentifierObserved | ComponentSwapped;
type Key = Pick<IdentifierRow, 'serial' | 'kind' | 'value'>;

const keysOf = ({ type, data }: Recorded<IdentifierEvent>): Key[] => {
  const { serial } = data;
  const key = (kind: Key['kind'], value: string | undefined): Key[] =>
    value === undefined ? [] : [{ serial, kind, value: value.toUpperCase() }];
  switch (type) {
    case 'MinerReceived':
      return [...key('mac', data.mac), ...key('controlBoard', data.controlBoardSerial)];
    case 'IdentifierObserved':
      return key(data.kind, data.value);
    case 'ComponentSwapped':
      return [
        ...key(data.component, data.removedSerial),
        ...key(data.component, data.fittedSerial),
      ];
  }
};

export const minerIdentifiers = tableFold<IdentifierRow, IdentifierEvent>({
  table: {
    name: 'miner_identifiers',
    columns: { serial: 'text', kind: 'text', value: 'text', present: 'boolean', stays: 'jsonb' },
    key: ['serial', 'kind', 'value'],
    indexes: [['value', 'serial']],
  },
  keys: { MinerReceived: keysOf, IdentifierObserved: keysOf, ComponentSwapped: keysOf },
  evolve: (row, event, key) => {
    const { serial, kind, value } = key as Key;
    const at = event.metadata.occurredAt;
    const stays = row?.stays ?? [];
    const isRemoved =
      event.type === 'ComponentSwapped' && event.data.removedSerial?.toUpperCase() === value;
    if (!isRemoved) {
      const after = row?.present ? stays : [...stays, { from: at }];
      return { serial, kind, value, present: true, stays: after };
    }
    const last = row?.present ? stays.at(-1) : undefined;
    const before = last ? stays.slice(0, -1) : stays;
    return { serial, kind, value, present: false, stays: [...before, { ...last, to: at }] };
  },
});

export const identifiersProjection: Projection = {
  name: 'identifiers',
  version: 1,
  tables: [minerIdentifiers],
};
