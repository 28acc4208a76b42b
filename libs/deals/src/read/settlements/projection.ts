import { tableFold, type Projection } from '@hostledger/eventsourcing';
import { settlementEvents, type SettlementEvent } from '../../domain/settlement-events.js';
import { evolveSettlement, type KnownSettlement } from '../../domain/settlement-state.js';

/** A settlement as its own stream has it; the columns beside it are what lists are found by. */
export interface SettlementRow {
  readonly settlement_id: string;
  readonly reference: string;
  readonly counterparty: string;
  readonly customer_id: string | null;
  readonly status: KnownSettlement['status'];
  /** Folded by the aggregate itself, so that no figure is defined twice. */
  readonly settlement: KnownSettlement;
  /** Of the event that proposed it; orders the settlements. */
  readonly position: bigint;
  readonly revision: number;
}

const ofSettlement = ({ data }: { data: { settlementId: string } }) => [
  { settlement_id: data.settlementId },
];

export const settlements = tableFold<SettlementRow, SettlementEvent>({
  table: {
    name: 'settlements',
    columns: {
      settlement_id: 'text',
      reference: 'text',
      counterparty: 'text',
      customer_id: 'text',
      status: 'text',
      settlement: 'jsonb',
      position: 'bigint',
      revision: 'integer',
    },
    key: ['settlement_id'],
    nullable: ['customer_id'],
    indexes: [
      ['position'],
      ['status', 'position'],
      ['reference', 'position'],
      ['counterparty', 'position'],
      ['customer_id', 'position'],
    ],
  },
  keys: Object.fromEntries(Object.keys(settlementEvents).map((type) => [type, ofSettlement])),
  evolve: (row, event) => {
    const settlement = evolveSettlement(row?.settlement ?? { status: 'unknown' }, event);
    if (settlement.status === 'unknown') return row;
    return {
      settlement_id: settlement.settlementId,
      reference: settlement.reference,
      counterparty: settlement.counterparty,
      customer_id: settlement.customerId ?? null,
      status: settlement.status,
      settlement,
      position: row?.position ?? event.position,
      revision: Number(event.revision),
    };
  },
});

export const settlementsProjection: Projection = {
  name: 'settlements',
  version: 1,
  tables: [settlements],
};
