import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { sql, type Kysely } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { RelocationMoveRow, RelocationRow } from '@hostledger/fleet';
import {
  AnyRole,
  equalTo,
  keysetPage,
  MayBeAbsent,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
} from '@hostledger/http';
import { proposalUnknown } from '../../domain/proposal.js';
import { ProposalParams } from '../../http/proposal-forms.js';
import type { ProposalRow, ProposedGainRow } from './projection.js';
import {
  type AbortedForView,
  actualOf,
  askedView,
  gainView,
  inputsView,
  type Progress,
  ProposalDetails,
  ProposalView,
  proposalView,
  ProposedGainView,
  routesOf,
  withProgress,
} from './views.js';

interface Tables {
  relocation_proposals: ProposalRow;
  proposed_gains: ProposedGainRow;
  relocations: RelocationRow;
  relocation_moves: RelocationMoveRow;
}

export class ProposalsFilter extends Page {
  @MayBeAbsent()
  @IsIn(['requested', 'proposed', 'failed'])
  state?: ProposalRow['state'];

  /** @example HALVING-2024 */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;
}

export class ProposalList {
  /** The latest first. */
  items: ProposalView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class ProposedGainList {
  items: ProposedGainView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('economics')
@Controller('relocation-proposals')
export class ProposalsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List the requests for relocation proposals, the latest first' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: ProposalList })
  async list(@Query() { state, reference, ...page }: ProposalsFilter, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<ProposalRow>>(at, (db) =>
      keysetPage(
        equalTo(db.selectFrom('relocation_proposals').selectAll(), { reference, state }, 'desc'),
        page,
        ['position'],
        'desc',
      ),
    );
    return readReply(position, { ...value, items: value.items.map(proposalView) });
  }

  @ApiOperation({
    summary: 'Get a proposal: what was asked, from what it was computed, and plan against actual',
    description:
      'The expected value of moves that were completed is that of the pinned inputs: what they brought since is for the profitability of the machines to tell.',
  })
  @Get(':proposalId')
  @AnyRole()
  @ApiOkResponse({ type: ProposalDetails })
  async get(@Param() { proposalId }: ProposalParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, Found>(at, (db) =>
      find(db, proposalId),
    );
    const { row, gains, plan } = value;
    const lines = withProgress(gains, plan?.progress ?? []);
    const body: ProposalDetails = {
      ...proposalView(row),
      asked: askedView(row),
      ...(row.inputs !== null && { inputs: inputsView(row.inputs) }),
      routes: routesOf(lines),
      ...(plan && { actual: actualOf(plan.row, lines, plan.abortedFor) }),
    };
    return readReply(position, body, { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: 'List what the moves of a proposal bring, in the order of its plan' })
  @Get(':proposalId/gains')
  @AnyRole()
  @ApiOkResponse({ type: ProposedGainList })
  async gains(
    @Param() { proposalId }: ProposalParams,
    @Query() page: Page,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<ProposedGainRow>>(
      at,
      async (db) => {
        await proposalOf(db, proposalId);
        const all = db.selectFrom('proposed_gains').selectAll();
        return keysetPage(all.where('proposal_id', '=', proposalId), page, ['first_move']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(gainView) });
  }
}

interface Found {
  readonly row: ProposalRow;
  readonly gains: readonly ProposedGainRow[];
  /** Once the moves that were chosen have become one. */
  readonly plan?: {
    readonly row: RelocationRow;
    readonly progress: readonly Progress[];
    readonly abortedFor: readonly AbortedForView[];
  };
}

const find = async (db: Kysely<Tables>, proposalId: string): Promise<Found> => {
  const row = await proposalOf(db, proposalId);
  const { relocation_id } = row;
  if (relocation_id === null) return { row, gains: [] };
  const gains = await db
    .selectFrom('proposed_gains')
    .selectAll()
    .where('proposal_id', '=', proposalId)
    .orderBy('first_move')
    .execute();
  const plan = await db
    .selectFrom('relocations')
    .selectAll()
    .where('relocation_id', '=', relocation_id)
    .executeTakeFirst();
  if (!plan) return { row, gains };
  const progress = await progressOf(db, proposalId, relocation_id);
  const abortedFor = await abortedForOf(db, relocation_id);
  return { row, gains, plan: { row: plan, progress, abortedFor } };
};

const proposalOf = async (db: Kysely<Tables>, proposalId: string): Promise<ProposalRow> => {
  const row = await db
    .selectFrom('relocation_proposals')
    .selectAll()
    .where('proposal_id', '=', proposalId)
    .executeTakeFirst();
  if (!row) throw proposalUnknown(proposalId);
  return row;
};

const progressOf = (
  db: Kysely<Tables>,
  proposalId: string,
  relocationId: string,
): Promise<Progress[]> =>
  db
    .selectFrom('proposed_gains as gain')
    .innerJoin('relocation_moves as move', (join) =>
      join
        .on('move.relocation_id', '=', relocationId)
        .on(sql<boolean>`move.move >= gain.first_move`)
        .on(sql<boolean>`move.move < gain.first_move + gain.moves`),
    )
    .select('gain.first_move')
    .select(
      sql<number>`(count(*) filter (where move.state = 'completed'))::integer`.as('completed'),
    )
    .select(sql<number>`(count(*) filter (where move.state = 'aborted'))::integer`.as('aborted'))
    .where('gain.proposal_id', '=', proposalId)
    .where('move.state', 'in', ['completed', 'aborted'])
    .groupBy('gain.first_move')
    .execute();

const abortedForOf = async (db: Kysely<Tables>, relocationId: string): Promise<AbortedForView[]> =>
  db
    .selectFrom('relocation_moves')
    .select(sql<string>`coalesce(code, '')`.as('code'))
    .select(sql<number>`count(*)::integer`.as('moves'))
    .where('relocation_id', '=', relocationId)
    .where('state', '=', 'aborted')
    .groupBy('code')
    .orderBy('code')
    .execute();

export const proposalsQuery = { controllers: [ProposalsController], providers: [] };
