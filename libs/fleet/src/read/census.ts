import { Global, Module } from '@nestjs/common';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { FacilityCensus, type Census } from '@hostledger/sites';
import type { DeliveryRow } from './deliveries/projection.js';
import type { MinerRow } from './miners/projection.js';

interface Tables {
  miners: MinerRow;
  deliveries: DeliveryRow;
}

/** Counts along the index of the facility; asked once for a disposal. */
export class FleetCensus extends FacilityCensus {
  constructor(private readonly readModels: Pick<ReadModels, 'read'>) {
    super();
  }

  async count(facility: string, atLeast: bigint): Promise<Census> {
    const at = { minPosition: atLeast };
    const { value } = await this.readModels.read<Tables, Census>(at, async (db) => {
      const miners = await db
        .selectFrom('miners')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('facility', '=', facility)
        .executeTakeFirstOrThrow();
      const deliveries = await db
        .selectFrom('deliveries')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where('facility', '=', facility)
        .where('status', '=', 'receiving')
        .executeTakeFirstOrThrow();
      return { machines: Number(miners.count), openDeliveries: Number(deliveries.count) };
    });
    return value;
  }
}

/** Lends the census to the room of sites, which knows nothing of machines. */
@Global()
@Module({
  providers: [
    {
      provide: FacilityCensus,
      useFactory: (readModels: ReadModels) => new FleetCensus(readModels),
      inject: [ReadModels],
    },
  ],
  exports: [FacilityCensus],
})
export class FleetCensusModule {}
