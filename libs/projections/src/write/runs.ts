import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, reply, Roles } from '@hostledger/http';
import { projectionsAggregate } from '../domain/projections.js';
import { ActReply, ProjectionParams, RunBody, RunParams } from '../http/forms.js';
import { standingOf, type Standing } from '../read/standing.js';

@ApiTags('projections')
@Controller('projections/:name')
export class RunsController {
  constructor(
    private readonly store: AggregateStore,
    private readonly readModels: ReadModels,
  ) {}

  @ApiOperation({ summary: 'Give readers the tables of the other run of a projection' })
  @Post('switch')
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: ActReply })
  async switch(
    @Param() { name: projection }: ProjectionParams,
    @Body() { run }: RunBody,
    @ActContext() context: CommandContext,
  ) {
    const standing = await standingOf(this.readModels, projection);
    const data = { projection, run, isCurrent: isCurrent(standing, run) };
    const command = { type: 'SwitchProjection', data, at: context.at } as const;
    const handled = await this.store.handle(projectionsAggregate, standing.group, command, context);
    return accepted(handled, projection);
  }

  @ApiOperation({
    summary: 'Drop the tables of a run that is not in use, or give up one that is being filled',
  })
  @Post('runs/:run/drop')
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: ActReply })
  async drop(@Param() { name: projection, run }: RunParams, @ActContext() context: CommandContext) {
    const { group, inUse } = await standingOf(this.readModels, projection);
    const data = { projection, run, inUse: inUse.run };
    const command = { type: 'DropRun', data, at: context.at } as const;
    const handled = await this.store.handle(projectionsAggregate, group, command, context);
    return accepted(handled, projection);
  }
}

const accepted = (handled: Parameters<typeof reply>[0], projection: string) =>
  reply(handled, {
    status: 202,
    location: `/v1/projections/${projection}`,
    body: { projection } satisfies ActReply,
  });

/**
 * Both move in one transaction as long as they are kept together, so a run that is behind is one
 * that has stopped or is still being filled.
 */
const isCurrent = ({ inUse, others }: Standing, run: number): boolean => {
  if (inUse.run === run) return true;
  const other = others.find((row) => row.version === inUse.version && row.run === run);
  return other !== undefined && other.filled && other.position >= inUse.position;
};

export const runs = { controllers: [RunsController], providers: [] };
