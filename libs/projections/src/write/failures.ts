import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, DomainError, type CommandContext } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { ActContext, reply, Roles } from '@hostledger/http';
import { projectionsAggregate, type ProjectionsCommand } from '../domain/projections.js';
import { ActReply, EventBody, EventParams, ProjectionParams } from '../http/forms.js';
import { generationsOf, standingOf } from '../read/standing.js';

@ApiTags('projections')
@Controller('projections/:name')
export class FailuresController {
  constructor(
    private readonly store: AggregateStore,
    private readonly readModels: ReadModels,
  ) {}

  @ApiOperation({ summary: 'Have a projection that stopped try the event again' })
  @Post('resume')
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: ActReply })
  async resume(
    @Param() { name: projection }: ProjectionParams,
    @ActContext() context: CommandContext,
  ) {
    const { group, failures } = await this.standing(projection);
    const data = { projection, isStopped: failures.length > 0 };
    return this.act(group, { type: 'ResumeProjection', data, at: context.at }, context);
  }

  @ApiOperation({
    summary: 'Leave out the one event that a projection has stopped at, and go on past it',
    description: 'Needs X-Reason. A rebuild leaves it out as well, until it is unparked.',
  })
  @Post('parked-events')
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: ActReply })
  async park(
    @Param() { name: projection }: ProjectionParams,
    @Body() { position }: EventBody,
    @ActContext() context: CommandContext,
  ) {
    assertReason(context);
    const { group, failures } = await this.standing(projection);
    const stoppedAt = failures.map((failure) => ({
      position: failure.position.toString(),
      eventId: failure.eventId,
      eventType: failure.eventType,
    }));
    const data = { projection, position, stoppedAt };
    return this.act(group, { type: 'ParkEvent', data, at: context.at }, context);
  }

  @ApiOperation({ summary: 'Give a projection the parked event again when it is next rebuilt' })
  @Post('parked-events/:position/unpark')
  @HttpCode(202)
  @Roles('admin')
  @ApiAcceptedResponse({ type: ActReply })
  async unpark(
    @Param() { name: projection, position }: EventParams,
    @ActContext() context: CommandContext,
  ) {
    const { group } = await this.standing(projection);
    const data = { projection, position };
    return this.act(group, { type: 'UnparkEvent', data, at: context.at }, context);
  }

  private async standing(projection: string) {
    const standing = await standingOf(this.readModels, projection);
    const failures = generationsOf(standing).flatMap(({ failure }) => (failure ? [failure] : []));
    return { group: standing.group, failures };
  }

  private async act(
    group: string,
    command: Exclude<ProjectionsCommand, { type: 'AcceptLog' }>,
    context: CommandContext,
  ) {
    const handled = await this.store.handle(projectionsAggregate, group, command, context);
    const { projection } = command.data;
    const body: ActReply = { projection };
    return reply(handled, { status: 202, location: `/v1/projections/${projection}`, body });
  }
}

const assertReason = ({ reason }: CommandContext): void => {
  if (reason !== undefined) return;
  throw new DomainError(
    'invalid',
    'projection/reason-missing',
    'Say in X-Reason why the event may be left out',
  );
};

export const failures = { controllers: [FailuresController], providers: [] };
