import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  IsCurrency,
  IsDayOrInstant,
  IsPositionOrInstant,
  IsTrueOrFalse,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
  recordedView,
  RecordedView,
} from '@hostledger/http';
import { statements, type MarketTables, type StandingRow } from './in-force.js';
import type { MarketFactRow, Series } from './projection.js';

export class MarketFilter extends Page {
  /**
   * A day (UTC) or an instant: only what was in force by then; the first item was in force then.
   * @example 2024-04-20
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  asOf?: string;

  /**
   * A log position, or an instant in UTC: only what had been recorded by then counts.
   * @example 2024-05-01T00:00:00Z
   */
  @MayBeAbsent()
  @IsPositionOrInstant()
  knownAt?: string;

  /** Also statements that were corrected; left out without it. */
  @IsTrueOrFalse()
  withCorrected?: 'true' | 'false';
}

export class PricesFilter extends MarketFilter {
  /** @example USD */
  @MayBeAbsent()
  @IsCurrency()
  currency?: string;
}

export class CorrectionView {
  /** Of the event that it corrects, in the same stream. */
  revision: number;
  cause: string;
}

class StatementView {
  /** Who published it. */
  source: string;
  /** Which statement it corrects, and why. */
  corrects?: CorrectionView;
  /** A later statement holds in its place. */
  corrected?: true;
  statedBy: string;
  /** The event that says so. */
  recorded: RecordedView;
}

export class DifficultyView extends StatementView {
  /** @example 840672 */
  blockHeight: number;
  /** @example "88104191118793.16" */
  difficulty: string;
  /** @example 2024-04-24T20:52:37.000Z */
  effectiveAt: string;
}

export class DifficultyList {
  items: DifficultyView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class SubsidyView extends StatementView {
  /** @example 840000 */
  blockHeight: number;
  /** @example 312500000 */
  subsidySats: number;
  /** @example 2024-04-20T00:09:27.000Z */
  effectiveAt: string;
}

export class SubsidyList {
  items: SubsidyView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class PriceView extends StatementView {
  /** @example USD */
  currency: string;
  /** @example "64994.44" */
  price: string;
  /** @example 2024-04-20T00:00:00.000Z */
  fixedAt: string;
}

export class PriceList {
  items: PriceView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('economics')
@Controller('market')
@AnyRole()
export class MarketController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List the difficulties of the network, the latest epoch first' })
  @Get('difficulty')
  @ApiOkResponse({ type: DifficultyList })
  difficulty(@Query() filter: MarketFilter, @ReadAt() at: ReadOptions) {
    return this.list('difficulty', filter, at, (row): DifficultyView => ({
      blockHeight: row.block_height!,
      difficulty: row.value,
      effectiveAt: row.effective_at,
      ...statementView(row),
    }));
  }

  @ApiOperation({ summary: 'List the subsidies of a block, the latest first' })
  @Get('subsidy')
  @ApiOkResponse({ type: SubsidyList })
  subsidy(@Query() filter: MarketFilter, @ReadAt() at: ReadOptions) {
    return this.list('subsidy', filter, at, (row): SubsidyView => ({
      blockHeight: row.block_height!,
      subsidySats: Number(row.value),
      effectiveAt: row.effective_at,
      ...statementView(row),
    }));
  }

  @ApiOperation({ summary: 'List the prices of a bitcoin, the latest first' })
  @Get('prices')
  @ApiOkResponse({ type: PriceList })
  prices(@Query() filter: PricesFilter, @ReadAt() at: ReadOptions) {
    return this.list('price', filter, at, (row): PriceView => ({
      currency: row.currency,
      price: row.value,
      fixedAt: row.effective_at,
      ...statementView(row),
    }));
  }

  private async list<View>(
    series: Series,
    filter: PricesFilter,
    at: ReadOptions,
    view: (row: StandingRow) => View,
  ) {
    const { asOf, knownAt, currency, withCorrected, ...page } = filter;
    const wanted = {
      series,
      currency,
      by: asOf === undefined ? undefined : endOf(asOf),
      knownAt,
      withCorrected: withCorrected === 'true',
    };
    const { position, value } = await this.readModels.read<MarketTables, PageOf<StandingRow>>(
      at,
      (db) => keysetPage(statements(db, wanted), page, ['effective_at', 'position'], 'desc'),
    );
    return readReply(position, { ...value, items: value.items.map(view) });
  }
}

/** The last instant of a day (UTC); an instant as it is. */
export const endOf = (moment: string): string =>
  moment.includes('T') ? moment : `${moment}T23:59:59.999Z`;

/** The event of a row, as answers name it. */
export const recordedOf = (
  row: Pick<MarketFactRow, 'event_id' | 'revision' | 'position' | 'recorded_at'>,
): RecordedView =>
  recordedView({
    id: row.event_id,
    revision: BigInt(row.revision),
    position: row.position,
    recordedAt: row.recorded_at,
  });

const statementView = (row: StandingRow): StatementView => ({
  source: row.source,
  ...(row.corrects !== null && {
    corrects: { revision: row.corrects, cause: row.cause! },
  }),
  ...(row.corrected && { corrected: true as const }),
  statedBy: row.stated_by,
  recorded: recordedOf(row),
});

export const marketQuery = { controllers: [MarketController], providers: [] };
