import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, Length, Matches } from 'class-validator';
import { sql } from 'kysely';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
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
import type { MoveState } from '../../domain/relocation-moves.js';
import { relocationUnknown } from '../../domain/relocation.js';
import { IsFacility, RelocationParams, UpperCase } from '../../http/forms.js';
import { known, PlaceView } from '../views.js';
import type { RelocationMoveRow, RelocationRow } from './projection.js';

interface Tables {
  relocations: RelocationRow;
  relocation_moves: RelocationMoveRow;
}

const STATUSES = ['planned', 'approved', 'cancelling', 'cancelled', 'completed'] as const;
const STATES = ['planned', 'reserved', 'departed', 'diverted', 'completed', 'aborted'] as const;

export class RelocationsFilter extends Page {
  /** `cancelling`: called off, with moves that are not ended yet. */
  @MayBeAbsent()
  @IsIn(STATUSES)
  status?: RelocationRow['status'];

  /**
   * The planner's name for the plan.
   * @example HALVING-2024
   */
  @MayBeAbsent()
  @Length(1, 100)
  reference?: string;

  /**
   * Plans that move machines to this facility.
   * @example PECOS
   */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;
}

export class RelocationMovesFilter extends Page {
  /**
   * Moves of this machine.
   * @example HKYDD1AABJHAG0001
   */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  serial?: string;

  @MayBeAbsent()
  @IsIn(STATES)
  state?: MoveState;
}

export class DestinationView {
  /** @example PECOS */
  facility: string;
  /** @example 400 */
  moves: number;
}

export class EconomicsView {
  /** @example USD */
  currency: string;
  /** @example "120000.00" */
  movingCost?: string;
  /** @example "45000.00" */
  monthlyGain?: string;
}

/** The plan against what became of it; the first six of the counts add up to `moves`. */
export class RelocationView {
  relocationId: string;
  /** @example HALVING-2024 */
  reference: string;
  cause: string;
  /** @example approved */
  status: RelocationRow['status'];
  /** Moves of the plan. */
  moves: number;
  /** Not begun. */
  planned: number;
  /** The slot at another facility is held; the machine has not left. */
  reserved: number;
  /** On the road to that slot. */
  departed: number;
  /** On the road to storage, because the slot was lost or the plan called off. */
  diverted: number;
  /** In the slot of the plan. */
  completed: number;
  /** Ended otherwise; each move names the rule. */
  aborted: number;
  /** Of those completed and aborted: machines that came from another facility. */
  arrived: number;
  destinations: DestinationView[];
  economics?: EconomicsView;
  notes?: string;
  /** SHA-256 (hex) of the plan as uploaded. */
  digest: string;
  /** Position up to which the planner knew the log. */
  logPosition: string;
  /** For how long after the approval slots are held. */
  holdHours: number;
  plannedBy: string;
  plannedAt: string;
  approvedBy?: string;
  approvedAt?: string;
  /** Instant until which slots are held. */
  heldUntil?: string;
  cancelledBy?: string;
  cancelledFor?: string;
  cancelledAt?: string;
  /** When the last move ended. */
  completedAt?: string;
}

export class RelocationList {
  items: RelocationView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export class RelocationMoveView {
  /** Number of the move in the plan, from 1. */
  move: number;
  serial: string;
  /** @example completed */
  state: MoveState;
  to: PlaceView;
  /** Where the machine stood when its slot was reserved; of moves between facilities. */
  from?: PlaceView;
  reservationId?: string;
  heldUntil?: string;
  departedAt?: string;
  endedAt?: string;
  /**
   * The rule that aborted or diverted it.
   * @example rack/slot-taken
   */
  code?: string;
  message?: string;
  /** Facility in whose storage a machine ended that had left. */
  storedIn?: string;
}

export class RelocationMoveList {
  items: RelocationMoveView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

@ApiTags('fleet')
@Controller('relocation-plans')
export class RelocationsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List relocation plans, the latest first' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: RelocationList })
  async list(@Query() filter: RelocationsFilter, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, PageOf<RelocationRow>>(
      at,
      (db) => {
        const all = db.selectFrom('relocations').selectAll();
        const { reference, status, facility } = filter;
        let query = equalTo(all, { reference, status }, 'desc');
        if (facility !== undefined) {
          const there = JSON.stringify([{ facility }]);
          query = query.where(sql<boolean>`destinations @> ${there}::jsonb`);
        }
        return keysetPage(query, filter, ['position'], 'desc');
      },
    );
    return readReply(position, { ...value, items: value.items.map(relocationView) });
  }

  @ApiOperation({ summary: 'Get a relocation: the plan against what became of it' })
  @Get(':relocationId')
  @AnyRole()
  @ApiOkResponse({ type: RelocationView })
  async get(@Param() { relocationId }: RelocationParams, @ReadAt() at: ReadOptions) {
    const { position, value: row } = await this.readModels.read<Tables, RelocationRow | undefined>(
      at,
      (db) =>
        db
          .selectFrom('relocations')
          .selectAll()
          .where('relocation_id', '=', relocationId)
          .executeTakeFirst(),
    );
    if (!row) throw relocationUnknown(relocationId);
    return readReply(position, relocationView(row), { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: 'List the moves of a relocation and how far each is' })
  @Get(':relocationId/moves')
  @AnyRole()
  @ApiOkResponse({ type: RelocationMoveList })
  async moves(
    @Param() { relocationId }: RelocationParams,
    @Query() filter: RelocationMovesFilter,
    @ReadAt() at: ReadOptions,
  ) {
    const { position, value } = await this.readModels.read<Tables, PageOf<RelocationMoveRow>>(
      at,
      async (db) => {
        const known = db.selectFrom('relocations').select('relocation_id');
        const plan = await known.where('relocation_id', '=', relocationId).executeTakeFirst();
        if (!plan) throw relocationUnknown(relocationId);
        const { serial, state } = filter;
        const all = db.selectFrom('relocation_moves').selectAll();
        const query = equalTo(all, { relocation_id: relocationId, serial, state });
        return keysetPage(query, filter, ['move']);
      },
    );
    return readReply(position, { ...value, items: value.items.map(moveView) });
  }
}

const relocationView = (row: RelocationRow): RelocationView => ({
  relocationId: row.relocation_id,
  reference: row.reference,
  cause: row.cause,
  status: row.status,
  moves: row.move_count,
  planned: row.planned,
  reserved: row.reserved,
  departed: row.departed,
  diverted: row.diverted,
  completed: row.completed,
  aborted: row.aborted,
  arrived: row.arrived,
  destinations: [...row.destinations],
  digest: row.digest,
  logPosition: row.log_position,
  holdHours: row.hold_hours,
  plannedBy: row.planned_by,
  plannedAt: row.planned_at,
  ...known({
    economics: row.economics,
    notes: row.notes,
    approvedBy: row.approved_by,
    approvedAt: row.approved_at,
    heldUntil: row.held_until,
    cancelledBy: row.cancelled_by,
    cancelledFor: row.cancelled_for,
    cancelledAt: row.cancelled_at,
    completedAt: row.completed_at,
  }),
});

const moveView = (row: RelocationMoveRow): RelocationMoveView => ({
  move: row.move,
  serial: row.serial,
  state: row.state,
  to: { kind: 'slot', facility: row.to_facility, rack: row.to_rack, slot: row.to_slot },
  ...known({
    from: row.from_place,
    reservationId: row.reservation_id,
    heldUntil: row.held_until,
    departedAt: row.departed_at,
    endedAt: row.ended_at,
    code: row.code,
    message: row.message,
    storedIn: row.stored_in,
  }),
});

export const relocationsQuery = { controllers: [RelocationsController], providers: [] };
