import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AggregateStore,
  DomainError,
  stepOf,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, reply, Roles } from '@hostledger/http';
import { projectionsAggregate } from '../domain/projections.js';

export class LogAcceptanceReply {
  /**
   * The groups whose tables are filled anew.
   * @example ["processes", "read_models"]
   */
  groups: string[];
}

@ApiTags('projections')
@Controller('log/acceptance')
export class AcceptLogController {
  constructor(
    private readonly store: AggregateStore,
    private readonly readModels: ReadModels,
  ) {}

  @ApiOperation({
    summary: 'Accept that the log was restored or replaced: all read models are filled anew',
    description:
      'Until then nothing is applied to tables that know events which are not in the log, and ' +
      'reads of them are refused.',
  })
  @Post()
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: LogAcceptanceReply })
  async accept(@ActContext() context: CommandContext) {
    const refusals = new Map<string, string | null>();
    for (const { group, refusal } of await this.readModels.generations()) {
      if (refusal) refusals.set(group, refusal.reason);
    }
    const groups = [...refusals.keys()].sort();
    const outcomes = [];
    for (const group of groups) {
      const data = { refusal: refusals.get(group)! };
      const command = { type: 'AcceptLog', data, at: context.at } as const;
      const step = stepOf(context, group);
      outcomes.push(await this.store.handle(projectionsAggregate, group, command, step));
    }
    const last = outcomes.at(-1);
    if (!last) {
      throw new DomainError(
        'conflict',
        'projection/log-not-refused',
        'All tables are filled from the log as it is',
      );
    }
    // The revision is that of one group's stream, and there may be several.
    const outcome = { ...last, revision: -1n };
    return reply(outcome, { status: 202, body: { groups } satisfies LogAcceptanceReply });
  }
}

export const acceptLog = { controllers: [AcceptLogController], providers: [] };
