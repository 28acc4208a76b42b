import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, reply, Roles } from '@hostledger/http';
import { projectionOf, projectionsAggregate } from '../domain/projections.js';
import { ActReply, ProjectionParams } from '../http/forms.js';
import { standingOf } from '../read/standing.js';

export class RebuildReply extends ActReply {
  /**
   * Of the tables that are being filled.
   * @example 1
   */
  run: number;
}

@ApiTags('projections')
@Controller('projections/:name/rebuild')
export class RebuildController {
  constructor(
    private readonly store: AggregateStore,
    private readonly readModels: ReadModels,
  ) {}

  @ApiOperation({
    summary: 'Fill the tables of a projection anew, beside those that serve',
    description:
      'Once they are filled they replace those in use, which are kept up to date and can be ' +
      'switched back to until they are dropped.',
  })
  @Post()
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: RebuildReply })
  async rebuild(
    @Param() { name: projection }: ProjectionParams,
    @ActContext() context: CommandContext,
  ) {
    const { group, inUse } = await standingOf(this.readModels, projection);
    const data = { projection, inUse: inUse.run };
    const command = { type: 'RequestRebuild', data, at: context.at } as const;
    const handled = await this.store.handle(projectionsAggregate, group, command, context);
    const { run } = projectionOf(handled.state, projection);
    return reply(handled, {
      status: 202,
      location: `/v1/projections/${projection}`,
      body: { projection, run } satisfies RebuildReply,
    });
  }
}

export const rebuild = { controllers: [RebuildController], providers: [] };
