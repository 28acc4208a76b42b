import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { PowerRateFixed } from '@hostledger/sites';
import { subjectOf, valueOf, type MarketEvent } from '../../domain/market.js';

const SERIES = {
  DifficultyObserved: 'difficulty',
  SubsidyChanged: 'subsidy',
  PriceFixed: 'price',
} as const;
export type Series = (typeof SERIES)[MarketEvent['type']];

/** What columns the tables of statements have in common: the event that says something. */
interface Statement {
  /** Of the event in the log, which orders the statements. */
  readonly position: bigint;
  readonly event_id: string;
  /** In its stream. */
  readonly revision: number;
  readonly recorded_at: string;
  readonly stated_by: string;
}

const recordedBy = (event: Recorded<MarketEvent | PowerRateFixed>): Statement => ({
  position: event.position,
  event_id: event.id,
  revision: Number(event.revision),
  recorded_at: event.recordedAt,
  stated_by: event.metadata.actor.subject,
});

const STATEMENT = {
  position: 'bigint',
  event_id: 'text',
  revision: 'integer',
  recorded_at: 'timestamptz',
  stated_by: 'text',
} as const;

const atPosition = ({ position }: { position: bigint }) => [{ position }];

/** One statement about the market. Those that were corrected stay: what was known before is asked, too. */
export interface MarketFactRow extends Statement {
  readonly series: Series;
  /** Of a price; empty for what has none, which an index can do without. */
  readonly currency: string;
  /** The block or the instant it is about; the latest of several statements holds. */
  readonly subject: string;
  readonly block_height: number | null;
  readonly value: string;
  readonly effective_at: string;
  readonly source: string;
  /** Revision of the statement that it corrects, and why. */
  readonly corrects: number | null;
  readonly cause: string | null;
}

export const marketFacts = tableFold<MarketFactRow, MarketEvent>({
  table: {
    name: 'market_facts',
    columns: {
      ...STATEMENT,
      series: 'text',
      currency: 'text',
      subject: 'text',
      block_height: 'integer',
      value: 'text',
      effective_at: 'timestamptz',
      source: 'text',
      corrects: 'integer',
      cause: 'text',
    },
    key: ['position'],
    nullable: ['block_height', 'corrects', 'cause'],
    indexes: [
      ['series', 'currency', 'effective_at', 'position'],
      ['series', 'currency', 'subject', 'position'],
    ],
    insertOnly: true,
  },
  keys: {
    DifficultyObserved: atPosition,
    SubsidyChanged: atPosition,
    PriceFixed: atPosition,
  },
  evolve: (_, event) => ({
    ...recordedBy(event),
    series: SERIES[event.type],
    currency: event.type === 'PriceFixed' ? event.data.currency : '',
    subject: subjectOf(event),
    block_height: event.type === 'PriceFixed' ? null : event.data.blockHeight,
    value: valueOf(event),
    effective_at: event.type === 'PriceFixed' ? event.data.fixedAt : event.data.effectiveAt,
    source: event.data.source,
    corrects: event.data.corrects?.revision ?? null,
    cause: event.data.corrects?.cause ?? null,
  }),
});

/**
 * Every statement of what energy costs a site from a day on. Sites keeps the one that holds; as it
 * was known before is asked here.
 */
export interface PowerRateStatementRow extends Statement {
  readonly facility: string;
  readonly effective_on: string;
  readonly rate_per_kwh: string;
  readonly currency: string;
}

export const powerRateStatements = tableFold<PowerRateStatementRow, PowerRateFixed>({
  table: {
    name: 'power_rate_statements',
    columns: {
      ...STATEMENT,
      facility: 'text',
      effective_on: 'date',
      rate_per_kwh: 'text',
      currency: 'text',
    },
    key: ['position'],
    indexes: [['facility', 'effective_on', 'position']],
    insertOnly: true,
  },
  keys: { PowerRateFixed: atPosition },
  evolve: (_, event) => ({
    ...recordedBy(event),
    facility: event.data.facility,
    effective_on: event.data.effectiveOn,
    rate_per_kwh: event.data.ratePerKwh,
    currency: event.data.currency,
  }),
});

export const marketProjection: Projection = {
  name: 'market',
  version: 1,
  tables: [marketFacts, powerRateStatements],
};
