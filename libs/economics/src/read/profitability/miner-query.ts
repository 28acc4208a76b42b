import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Matches } from 'class-validator';
import type { Kysely } from 'kysely';
import { DomainError, streamName, upcast, type RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  facilityOf,
  minerAggregate,
  minerUnknown,
  type Miner,
  type MinerEvent,
  type MinerRow,
} from '@hostledger/fleet';
import { AnyRole, MayRefuse, ReadAt, type ReadOptions, readReply } from '@hostledger/http';
import { profitPerDay } from '../../domain/profitability.js';
import '../../http/problems.js';
import { CONDITION_REFUSALS } from '../../http/refusals.js';
import {
  ConditionsQuery,
  momentOf,
  pinConditions,
  type ConditionsTables,
  type Moment,
} from './conditions.js';
import { FiguresView, figuresView, InputsView } from './views.js';

interface Tables extends ConditionsTables {
  miners: MinerRow;
}

export class MinerParams {
  /**
   * The miner's serial number, in any case.
   * @example HKYDD1AABJHAG0001
   */
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.trim().toUpperCase() : value,
  )
  @Matches(/^[A-Z0-9]{6,40}$/, { message: '$property is 6 to 40 letters and digits' })
  serial: string;
}

/** Of one machine while it runs, whether it does or not. */
export class MinerProfitability extends FiguresView {
  serial: string;
  /** @example S19JXP-151 */
  model: string;
  customerId: string;
  /**
   * Whose power rate is reckoned with; absent once it is retired.
   * @example DENTON
   */
  facility?: string;
  /** Whether it drew power. */
  energized: boolean;
  /** The instant that everything is of. */
  asOf: string;
  inputs: InputsView;
}

@ApiTags('economics')
@Controller('miners')
export class MinerProfitabilityController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly log: EventStore,
  ) {}

  @ApiOperation({
    summary: 'What a machine earns, what its power costs, and what is left, now, then or what if',
    description:
      'As for the fleet. The machine is taken under the power profile that it had, and at the power rate of the facility where it stood, or where it was on the road to.',
  })
  @Get(':serial/profitability')
  @AnyRole()
  @ApiOkResponse({ type: MinerProfitability })
  @MayRefuse(...CONDITION_REFUSALS, 'profitability/no-place', 'miner/unknown')
  async profitability(
    @Param() { serial }: MinerParams,
    @Query() query: ConditionsQuery,
    @ReadAt() at: ReadOptions,
  ) {
    const moment = momentOf(query.at);
    const then = query.at === undefined ? undefined : await this.machineAt(serial, moment);
    const { position, value } = await this.readModels.read<Tables, MinerProfitability>(
      at,
      async (db) => profitabilityOf(db, then ?? (await machineNow(db, serial)), query, moment),
    );
    return readReply(position, value);
  }

  /** Folded from the machine's own stream, which is short. */
  private async machineAt(serial: string, { instant }: Moment): Promise<Machine> {
    const events = await this.log.readStream(streamName(minerAggregate, serial), 0n);
    const miner = events
      .filter(({ metadata }) => metadata.occurredAt <= instant)
      .map((event) => upcast(minerAggregate.upcasters ?? {}, event) as RecordedEvent<MinerEvent>)
      .reduce<Miner>((state, event) => minerAggregate.evolve(state, event as MinerEvent), {
        status: 'unknown',
      });
    if (miner.status === 'unknown') throw minerUnknown(serial);
    return {
      serial,
      model: miner.model,
      customerId: miner.customerId,
      ...(miner.status !== 'retired' && { facility: facilityOf(miner.place) }),
      energized: miner.energized === true,
      hashrateGhs: miner.ratedHashrateGhs,
      powerWatts: miner.powerWatts,
    };
  }
}

interface Machine {
  readonly serial: string;
  readonly model: string;
  readonly customerId: string;
  /** Undefined once it is retired. */
  readonly facility?: string;
  readonly energized: boolean;
  readonly hashrateGhs: number;
  readonly powerWatts: number;
}

const machineNow = async (db: Kysely<Tables>, serial: string): Promise<Machine> => {
  const ofSerial = db.selectFrom('miners').selectAll().where('serial', '=', serial);
  const row = await ofSerial.executeTakeFirst();
  if (!row) throw minerUnknown(serial);
  return {
    serial,
    model: row.model,
    customerId: row.customer_id,
    ...(row.facility !== null && { facility: row.facility }),
    energized: row.energized,
    hashrateGhs: row.hashrate_ghs,
    powerWatts: row.power_watts,
  };
};

const profitabilityOf = async (
  db: Kysely<Tables>,
  machine: Machine,
  query: ConditionsQuery,
  moment: Moment,
): Promise<MinerProfitability> => {
  const { facility, hashrateGhs, powerWatts, ...known } = machine;
  if (facility === undefined && query.ratePerKwh === undefined) throw noPlace(machine.serial);
  const places = facility === undefined ? [] : [facility];
  const { conditions, inputs, rateAt } = await pinConditions(db, query, moment, places);
  const drawing = { hashrateGhs, powerWatts };
  const profit = profitPerDay(drawing, conditions, rateAt(facility ?? ''));
  return {
    ...known,
    ...(facility !== undefined && { facility }),
    asOf: moment.instant,
    inputs,
    ...figuresView(drawing, profit),
  };
};

const noPlace = (serial: string): DomainError =>
  new DomainError(
    'conflict',
    'profitability/no-place',
    `Miner ${serial} is retired; give what energy is to cost as ratePerKwh`,
    { serial },
    '/ratePerKwh',
  );

export const minerProfitability = { controllers: [MinerProfitabilityController], providers: [] };
