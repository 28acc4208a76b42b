import { tableFold } from '@hostledger/eventsourcing';
import {
  termsKindOf,
  type Clause,
  type DeliveredModel,
  type DeliveredMinersAmended,
  type MinersDelivered,
  type OrderCaps,
  type TermsAdopted,
  type TermsCorrected,
  type TermsKind,
} from '../../domain/contract-events.js';
import type { RateCard } from '../../domain/rate-card.js';
import type { ConsentEvent, RelocationClause } from '../../domain/relocation-clause.js';
import { nameplateWatts } from './folding.js';

// The terms of a contract, what the customer agreed to beside them, and what was delivered

const ofVersion = ({ data }: { data: { contractId: string; version: number } }) => [
  { contract_id: data.contractId, version: data.version },
];

export interface TermsRow {
  readonly contract_id: string;
  readonly version: number;
  readonly effective_on: string;
  readonly document_digest: string;
  readonly clauses: readonly Clause[];
  readonly rate_card: RateCard;
  readonly kind: TermsKind;
  readonly term_ends_on: string | null;
  readonly caps: OrderCaps | null;
  readonly required_deposit: string | null;
  readonly relocation: RelocationClause | null;
  readonly changes: string | null;
  readonly adopted_at: string;
  /** By the last correction; until then as adopted. */
  readonly corrected_at: string | null;
  readonly correction_cause: string | null;
}

export const contractTerms = tableFold<TermsRow, TermsAdopted | TermsCorrected>({
  table: {
    name: 'contract_terms',
    columns: {
      contract_id: 'text',
      version: 'integer',
      effective_on: 'date',
      document_digest: 'text',
      clauses: 'jsonb',
      rate_card: 'jsonb',
      kind: 'text',
      term_ends_on: 'date',
      caps: 'jsonb',
      required_deposit: 'text',
      relocation: 'jsonb',
      changes: 'text',
      adopted_at: 'timestamptz',
      corrected_at: 'timestamptz',
      correction_cause: 'text',
    },
    key: ['contract_id', 'version'],
    nullable: [
      'term_ends_on',
      'caps',
      'required_deposit',
      'relocation',
      'changes',
      'corrected_at',
      'correction_cause',
    ],
  },
  keys: { TermsAdopted: ofVersion, TermsCorrected: ofVersion },
  evolve: (row, { type, data, metadata }) => {
    const said = {
      document_digest: data.documentDigest,
      clauses: data.clauses,
      rate_card: data.rateCard,
      term_ends_on: data.termEndsOn ?? null,
      caps: data.caps ?? null,
      required_deposit: data.requiredDeposit ?? null,
      relocation: data.relocation ?? null,
    };
    if (type === 'TermsCorrected') {
      const { cause: correction_cause } = data;
      return row && { ...row, ...said, corrected_at: metadata.occurredAt, correction_cause };
    }
    return {
      ...said,
      contract_id: data.contractId,
      version: data.version,
      effective_on: data.effectiveOn,
      kind: termsKindOf(data),
      changes: data.changes ?? null,
      adopted_at: metadata.occurredAt,
      corrected_at: null,
      correction_cause: null,
    };
  },
});

export interface ContractDeliveryRow {
  readonly contract_id: string;
  readonly delivery_id: string;
  readonly reference: string;
  readonly facility: string;
  readonly lines: number;
  readonly received: number;
  readonly missing: number;
  readonly refused: number;
  readonly hashrate_ghs: bigint;
  readonly nameplate_watts: bigint;
  readonly by_model: readonly DeliveredModel[];
  readonly accepted: number;
  readonly returned: number;
  readonly extra: number;
  readonly amendments: number;
  readonly reconciled_at: string;
  readonly amended_at: string | null;
}

const ofDelivery = ({ data }: { data: { contractId: string; deliveryId: string } }) => [
  { contract_id: data.contractId, delivery_id: data.deliveryId },
];

export const contractDeliveries = tableFold<
  ContractDeliveryRow,
  MinersDelivered | DeliveredMinersAmended
>({
  table: {
    name: 'contract_deliveries',
    columns: {
      contract_id: 'text',
      delivery_id: 'text',
      reference: 'text',
      facility: 'text',
      lines: 'integer',
      received: 'integer',
      missing: 'integer',
      refused: 'integer',
      hashrate_ghs: 'bigint',
      nameplate_watts: 'bigint',
      by_model: 'jsonb',
      accepted: 'integer',
      returned: 'integer',
      extra: 'integer',
      amendments: 'integer',
      reconciled_at: 'timestamptz',
      amended_at: 'timestamptz',
    },
    key: ['contract_id', 'delivery_id'],
    nullable: ['amended_at'],
  },
  keys: { MinersDelivered: ofDelivery, DeliveredMinersAmended: ofDelivery },
  evolve: (before, { type, data }) => ({
    contract_id: data.contractId,
    delivery_id: data.deliveryId,
    reference: data.reference,
    facility: data.facility,
    lines: data.lines,
    received: data.received,
    missing: data.missing,
    refused: data.refused,
    hashrate_ghs: BigInt(data.hashrateGhs),
    nameplate_watts: nameplateWatts(data.byModel),
    by_model: data.byModel,
    ...(type === 'DeliveredMinersAmended'
      ? {
          accepted: data.accepted,
          returned: data.returned,
          extra: data.extra,
          amendments: data.amendment,
          reconciled_at: before?.reconciled_at ?? data.amendedAt,
          amended_at: data.amendedAt,
        }
      : {
          accepted: data.accepted ?? data.received,
          returned: 0,
          extra: 0,
          amendments: 0,
          reconciled_at: data.reconciledAt,
          amended_at: null,
        }),
  }),
});

export interface ConsentRow {
  readonly contract_id: string;
  readonly consent_id: string;
  readonly facilities: readonly string[];
  readonly consented_on: string;
  readonly from_on: string;
  readonly until_on: string | null;
  readonly document_digest: string;
  readonly withdrawn_on: string | null;
  readonly withdrawn_for: string | null;
}

const ofConsent = ({ data }: { data: { contractId: string; consentId: string } }) => [
  { contract_id: data.contractId, consent_id: data.consentId },
];

export const contractConsents = tableFold<ConsentRow, ConsentEvent>({
  table: {
    name: 'contract_relocation_consents',
    columns: {
      contract_id: 'text',
      consent_id: 'text',
      facilities: 'jsonb',
      consented_on: 'date',
      from_on: 'date',
      until_on: 'date',
      document_digest: 'text',
      withdrawn_on: 'date',
      withdrawn_for: 'text',
    },
    key: ['contract_id', 'consent_id'],
    nullable: ['until_on', 'withdrawn_on', 'withdrawn_for'],
  },
  keys: { RelocationConsented: ofConsent, RelocationConsentWithdrawn: ofConsent },
  evolve: (row, { type, data }) => {
    if (type === 'RelocationConsentWithdrawn') {
      const { withdrawnOn: withdrawn_on, cause: withdrawn_for } = data;
      return row && { ...row, withdrawn_on, withdrawn_for };
    }
    return {
      contract_id: data.contractId,
      consent_id: data.consentId,
      facilities: data.facilities,
      consented_on: data.consentedOn,
      from_on: data.fromOn,
      until_on: data.untilOn ?? null,
      document_digest: data.documentDigest,
      withdrawn_on: null,
      withdrawn_for: null,
    };
  },
});
