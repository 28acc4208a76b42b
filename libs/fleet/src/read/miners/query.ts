import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';
import type { SelectQueryBuilder } from 'kysely';
import { streamName } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  AnyRole,
  flagOf,
  InScope,
  IsTrueOrFalse,
  keysetPage,
  MayBeAbsent,
  OwnObject,
  OwnRows,
  ownRows,
  Page,
  type PageOf,
  ReadAt,
  type ReadOptions,
  readReply,
  readTimeline,
  type Scope,
  Timeline,
} from '@hostledger/http';
import { minerAggregate, minerUnknown } from '../../domain/miner.js';
import { IsFacility, IsIdFilter, IsRack, MinerParams, UpperCase } from '../../http/forms.js';
import { ownMiner } from '../own.js';
import type { DeliveryRow } from '../deliveries/projection.js';
import type { IdentifierRow } from '../identifiers/projection.js';
import type { MoveRow } from '../moves/projection.js';
import { fromView, toView } from '../moves/query.js';
import { known, placeView, PlaceView, storageView } from '../views.js';
import { notOwnUpTo, toldToCustomers } from './told.js';
import { MINER_STATES, type MinerRow, type MinerState } from './projection.js';

interface Tables {
  miners: MinerRow;
  miner_identifiers: IdentifierRow;
  miner_moves: MoveRow;
  deliveries: DeliveryRow;
}

/** More than any machine moves in its life; what is older stays in the log. */
const MAX_MOVES = 1_000;
/** Serial numbers have at most 40 characters, of which Z is the last in every collation. */
const AFTER_ALL_SERIALS = 'Z'.repeat(40);

export class MinersFilter extends Page {
  @IsIdFilter()
  customerId?: string;

  @IsIdFilter()
  contractId?: string;

  /** @example DENTON */
  @MayBeAbsent()
  @IsFacility()
  facility?: string;

  /**
   * A rack of the facility.
   * @example A-01
   */
  @MayBeAbsent()
  @IsRack()
  rack?: string;

  /** That take this allocation up. */
  @IsIdFilter()
  allocationId?: string;

  /** That came with this delivery. */
  @IsIdFilter()
  deliveryId?: string;

  /** Whether a repair of it is open. */
  @IsTrueOrFalse()
  underRepair?: 'true' | 'false';

  /** @example S19JXP-151 */
  @MayBeAbsent()
  @UpperCase()
  @IsString()
  @MaxLength(60)
  model?: string;

  @MayBeAbsent()
  @IsIn(MINER_STATES)
  state?: MinerState;

  /** Whether it draws power. */
  @IsTrueOrFalse()
  energized?: 'true' | 'false';

  /** @example 02:00:5E:10:00:01 */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/, { message: '$property is a MAC address' })
  mac?: string;

  /**
   * The number of a part that is in the machine.
   * @example HB-000123
   */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^[A-Z0-9][A-Z0-9._/:-]{2,59}$/, { message: '$property is the number of a part' })
  component?: string;

  /**
   * What the serial number begins with.
   * @example HKYDD1
   */
  @MayBeAbsent()
  @UpperCase()
  @Matches(/^[A-Z0-9]{1,40}$/, { message: '$property is up to 40 letters and digits' })
  serial?: string;
}

export class MinerView {
  /** @example HKYDD1AABJHAG0001 */
  serial: string;
  /** @example S19JXP-151 */
  model: string;
  /** @example installed */
  state: MinerState;
  /** Absent once it is retired. */
  place?: PlaceView;
  /** When it came to its place, or was retired. */
  since: string;
  customerId: string;
  /** Under which it was assigned last, or delivered. */
  contractId: string;
  /** Whether it draws power. */
  energized: boolean;
  /** The power profile it runs at; absent for that of the nameplate. */
  profile?: string;
  /** Rated under its power profile, in GH/s. */
  hashrateGhs: number;
  /** Under its power profile. */
  powerWatts: number;
  /** The allocation it takes up. */
  allocationId?: string;
  /** Of the repair that is open. */
  repairId?: string;
  /** As found at the dock or by an inspection of its delivery. */
  condition: 'ok' | 'damaged';
  controlBoardSerial?: string;
  mac?: string;
  deliveryId: string;
  /** Line of the manifest. */
  deliveryLine: number;
}

export class MinerList {
  items: MinerView[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** How a miner came to a place, and why it left the one before. */
export class MinerPlaceView {
  /** @example relocation */
  kind: 'delivery' | MoveRow['kind'];
  from?: PlaceView;
  to: PlaceView;
  at: string;
  /** Not told to customers. */
  by?: string;
  /** Not told to customers. */
  reason?: string;
  deliveryId?: string;
  /** Of the event in the miner's own history; the delivery is 0. */
  revision: number;
  /** Of the event in the log. */
  position?: string;
}

export class MinerHistory {
  serial: string;
  /** Every place, the first one first. */
  places: MinerPlaceView[];
}

/** Which vendor repairs it, and under which plan it is on the road, are the company's own business. */
const NOT_TOLD = { without: ['vendor', 'relocationId'] };

@ApiTags('fleet')
@Controller('miners')
export class MinersController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({
    summary: 'List miners by serial number: where they stand, whose they are, what they are',
  })
  @Get()
  @AnyRole()
  @OwnRows(NOT_TOLD)
  @ApiOkResponse({ type: MinerList })
  async list(@Query() filter: MinersFilter, @ReadAt() at: ReadOptions, @InScope() scope: Scope) {
    const { position, value } = await this.readModels.read<Tables, PageOf<MinerRow>>(at, (db) =>
      keysetPage(matching(db.selectFrom('miners').selectAll(), filter, scope), filter, ['serial']),
    );
    return readReply(position, { ...value, items: value.items.map(minerView) });
  }

  @ApiOperation({ summary: 'Get a miner' })
  @Get(':serial')
  @AnyRole()
  @OwnObject(ownMiner, NOT_TOLD)
  @ApiOkResponse({ type: MinerView })
  async get(@Param() { serial }: MinerParams, @ReadAt() at: ReadOptions) {
    const { position, value: row } = await this.readModels.read<Tables, MinerRow | undefined>(
      at,
      (db) => db.selectFrom('miners').selectAll().where('serial', '=', serial).executeTakeFirst(),
    );
    if (!row) throw minerUnknown(serial);
    return readReply(position, minerView(row), { etag: `"${row.revision}"` });
  }

  @ApiOperation({ summary: 'Every place of a miner: from where, when, why and by whom' })
  @Get(':serial/history')
  @AnyRole()
  @OwnObject(ownMiner, { without: [...NOT_TOLD.without, 'by', 'reason'] })
  @ApiOkResponse({ type: MinerHistory })
  async history(
    @Param() { serial }: MinerParams,
    @ReadAt() at: ReadOptions,
    @InScope() scope: Scope,
  ) {
    const { position, value } = await this.readModels.read<Tables, Life | undefined>(
      at,
      async (db) => {
        const arrival = await db
          .selectFrom('miners')
          .innerJoin('deliveries', 'deliveries.delivery_id', 'miners.delivery_id')
          .select(['deliveries.delivery_id', 'deliveries.facility'])
          .select(['registered_at', 'registered_by', 'reason'])
          .where('serial', '=', serial)
          .executeTakeFirst();
        const moves = await db
          .selectFrom('miner_moves')
          .selectAll()
          .where('serial', '=', serial)
          .orderBy('position')
          .limit(MAX_MOVES)
          .execute();
        return arrival && { arrival, moves };
      },
    );
    if (!value) throw minerUnknown(serial);
    const all = [arrivalView(value.arrival), ...value.moves.map(moveView)];
    const stream = streamName(minerAggregate, serial);
    const before = scope.customers ? notOwnUpTo(await this.log.readStream(stream, 0n), scope) : -1;
    const places = all.filter(({ revision }) => revision > before);
    return readReply(position, { serial, places } satisfies MinerHistory);
  }

  @ApiOperation({ summary: 'Everything that happened to a miner: what, when, by whom, why' })
  @Get(':serial/timeline')
  @AnyRole()
  @OwnObject(ownMiner, NOT_TOLD)
  @ApiOkResponse({ type: Timeline })
  async timeline(@Param() { serial }: MinerParams, @Query() page: Page, @InScope() scope: Scope) {
    const sight = { ...toldToCustomers, scope };
    const found = await readTimeline(this.log, streamName(minerAggregate, serial), page, sight);
    if (!found) throw minerUnknown(serial);
    return readReply(found.position, found.timeline);
  }
}

const matching = (
  all: SelectQueryBuilder<Tables, 'miners', MinerRow>,
  filter: MinersFilter,
  scope: Scope,
): SelectQueryBuilder<Tables, 'miners', MinerRow> => {
  const wanted = {
    allocation_id: filter.allocationId,
    delivery_id: filter.deliveryId,
    customer_id: filter.customerId,
    contract_id: filter.contractId,
    facility: filter.facility,
    rack: filter.rack,
    model: filter.model,
    state: filter.state,
    mac: filter.mac,
    energized: flagOf(filter.energized),
  };
  let query = ownRows(all, wanted, scope);
  const { serial, underRepair, component } = filter;
  if (component !== undefined) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('miner_identifiers as part')
          .select('part.serial')
          .whereRef('part.serial', '=', 'miners.serial')
          .where('part.value', '=', component)
          .where('part.kind', '<>', 'mac')
          .where('part.present', '=', true)
          // A machine has one control board: another one took the place of the one before.
          .where((own) =>
            own.or([
              own('part.kind', '<>', 'controlBoard'),
              own(own.fn<string>('upper', ['miners.control_board_serial']), '=', component),
            ]),
          ),
      ),
    );
  }
  if (underRepair !== undefined) {
    query = query.where('repair_id', underRepair === 'true' ? 'is not' : 'is', null);
  }
  if (serial === undefined) return query;
  return query.where('serial', '>=', serial).where('serial', '<=', serial + AFTER_ALL_SERIALS);
};

const minerView = (row: MinerRow): MinerView => ({
  serial: row.serial,
  model: row.model,
  state: row.state,
  ...(row.facility !== null && {
    place: placeView(row.facility, row),
  }),
  since: row.since,
  customerId: row.customer_id,
  contractId: row.contract_id,
  energized: row.energized,
  hashrateGhs: row.hashrate_ghs,
  powerWatts: row.power_watts,
  ...known({
    profile: row.profile,
    allocationId: row.allocation_id,
    repairId: row.repair_id,
    controlBoardSerial: row.control_board_serial,
    mac: row.mac,
  }),
  condition: row.condition,
  deliveryId: row.delivery_id,
  deliveryLine: row.delivery_line,
});

type Arrival = Pick<
  DeliveryRow,
  'delivery_id' | 'facility' | 'registered_at' | 'registered_by' | 'reason'
>;

interface Life {
  readonly arrival: Arrival;
  readonly moves: readonly MoveRow[];
}

const arrivalView = (row: Arrival): MinerPlaceView => ({
  kind: 'delivery',
  to: storageView(row.facility),
  at: row.registered_at,
  by: row.registered_by,
  ...(row.reason === null ? {} : { reason: row.reason }),
  deliveryId: row.delivery_id,
  revision: 0,
});

const moveView = (row: MoveRow): MinerPlaceView => ({
  kind: row.kind,
  from: fromView(row),
  to: toView(row),
  at: row.moved_at,
  by: row.moved_by,
  ...(row.reason === null ? {} : { reason: row.reason }),
  revision: row.revision,
  position: row.position.toString(),
});

export const minersQuery = { controllers: [MinersController], providers: [] };
