import { Controller, HttpCode, Inject, Optional, Post } from '@nestjs/common';
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
import { FURTHER_REFUSALS, type FurtherRefusals } from './further-refusals.js';

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
    @Optional()
    @Inject(FURTHER_REFUSALS)
    private readonly further: FurtherRefusals = () => Promise.resolve(new Map()),
  ) {}

  @ApiOperation({
    summary: 'Accept that the log was restored or replaced: all read models are filled anew',
    description:
      'Until then nothing is applied to tables that know events which are not in the log, and ' +
      'reads of them are refused. The notary refuses as well, where its tables or what it has ' +
      'published know of another log; it is accepted by the same act.',
  })
  @Post()
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: LogAcceptanceReply })
  async accept(@ActContext() context: CommandContext) {
    const refusals = new Map<string, string | null>();
    for (const { group, refusal } of await this.readModels.generations()) {
      refusals.set(group, refusal?.reason ?? refusals.get(group) ?? null);
    }
    for (const [group, reason] of await this.further()) {
      refusals.set(group, refusals.get(group) ?? reason);
    }
    const groups: string[] = [];
    const outcomes = [];
    for (const group of [...refusals.keys()].sort()) {
      const refusal = refusals.get(group)!;
      const step = stepOf(context, group);
      // Once it is obeyed nothing is refused any more: a repetition is known by the stream alone.
      if (refusal === null && !(await this.wasAccepted(group, step))) continue;
      const command = { type: 'AcceptLog', data: { refusal }, at: context.at } as const;
      outcomes.push(await this.store.handle(projectionsAggregate, group, command, step));
      groups.push(group);
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
    const replayed = outcomes.every((outcome) => outcome.replayed);
    const outcome = { ...last, replayed, revision: -1n };
    return reply(outcome, { status: 202, body: { groups } satisfies LogAcceptanceReply });
  }

  private async wasAccepted(group: string, { commandId }: CommandContext): Promise<boolean> {
    const { commands } = await this.store.load(projectionsAggregate, group, { fresh: true });
    return commands.some(({ id }) => id === commandId);
  }
}

export const acceptLog = { controllers: [AcceptLogController], providers: [] };
