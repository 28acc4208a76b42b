import { Module, type DynamicModule } from '@nestjs/common';
import { DenialLog } from './process/denial-log.js';

/** Has the log of denials begin with the app, and end after its last request. */
@Module({})
export class AccessDenialsModule {
  static with(log: DenialLog): DynamicModule {
    return { module: AccessDenialsModule, providers: [{ provide: DenialLog, useValue: log }] };
  }
}
