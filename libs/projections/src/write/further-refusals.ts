import { Module, type DynamicModule } from '@nestjs/common';

/** Who refuses the log beside the read models, and heeds what is decided about a group: its reason. */
export type FurtherRefusals = () => Promise<ReadonlyMap<string, string>>;

export const FURTHER_REFUSALS = Symbol('FurtherRefusals');

/** Where somebody else refuses a log that is another one, such as the notary. */
@Module({})
export class FurtherRefusalsModule {
  static with(refusals: FurtherRefusals): DynamicModule {
    const provided = { provide: FURTHER_REFUSALS, useValue: refusals };
    return {
      module: FurtherRefusalsModule,
      global: true,
      providers: [provided],
      exports: [FURTHER_REFUSALS],
    };
  }
}
