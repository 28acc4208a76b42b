import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import { supplyEvents, type SupplyEvent } from '../../domain/supply-events.js';
import { evolve, type KnownSupply } from '../../domain/supply-state.js';

/** An agreement as it is: its folded state, and what lists are filtered and ordered by. */
export interface SupplyAgreementRow {
  readonly agreement_id: string;
  readonly reference: string;
  readonly seller: string;
  readonly buyer: string;
  readonly agreed_on: string;
  readonly status: KnownSupply['status'];
  /** A leg of it is still to be valued. */
  readonly valuation_pending: boolean;
  readonly state: KnownSupply;
  readonly revision: number;
}

const ofAgreement = ({ data }: { data: { agreementId: string } }) => [
  { agreement_id: data.agreementId },
];
const ofEvery = Object.fromEntries(
  Object.keys(supplyEvents).map((type) => [type, ofAgreement]),
) as Record<SupplyEvent['type'], typeof ofAgreement>;

export const supplyAgreements = tableFold<SupplyAgreementRow, SupplyEvent>({
  table: {
    name: 'supply_agreements',
    columns: {
      agreement_id: 'text',
      reference: 'text',
      seller: 'text',
      buyer: 'text',
      agreed_on: 'date',
      status: 'text',
      valuation_pending: 'boolean',
      state: 'jsonb',
      revision: 'integer',
    },
    key: ['agreement_id'],
    indexes: [
      ['agreed_on', 'agreement_id'],
      ['reference', 'agreed_on', 'agreement_id'],
    ],
  },
  keys: ofEvery,
  evolve: (row, event) => {
    const state = evolve(row?.state ?? { status: 'unknown' }, eventOf(event));
    return state.status === 'unknown' ? undefined : rowOf(state, Number(event.revision));
  },
});

const eventOf = (event: Recorded<SupplyEvent>): SupplyEvent => event;

const rowOf = (state: KnownSupply, revision: number): SupplyAgreementRow => ({
  agreement_id: state.agreementId,
  reference: state.reference,
  seller: state.seller,
  buyer: state.buyer,
  agreed_on: state.agreedOn,
  status: state.status,
  valuation_pending: state.legs.some(({ valuation, valued }) => valuation && !valued),
  state,
  revision,
});

export const supplyAgreementsProjection: Projection = {
  name: 'supply_agreements',
  version: 1,
  tables: [supplyAgreements],
};
