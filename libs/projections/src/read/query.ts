import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AggregateStore, lagsBehind } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, readReply, requestClock } from '@hostledger/http';
import { projectionsAggregate } from '../domain/projections.js';
import { ProjectionParams } from '../http/forms.js';
import { standingOf, standings, type Standing } from './standing.js';
import { ProjectionList, ProjectionView, viewOf } from './views.js';

@ApiTags('projections')
@Controller('projections')
export class ProjectionsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly eventStore: EventStore,
    private readonly store: AggregateStore,
  ) {}

  @ApiOperation({
    summary: 'List projections: how far they are, what is being filled, what stopped',
  })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: ProjectionList })
  async list() {
    const all = await standings(this.readModels);
    const { head, views } = await this.views([...all.values()]);
    return readReply(head, { items: views } satisfies ProjectionList);
  }

  @ApiOperation({ summary: 'One projection' })
  @Get(':name')
  @AnyRole()
  @ApiOkResponse({ type: ProjectionView })
  async get(@Param() { name }: ProjectionParams) {
    const { head, views } = await this.views([await standingOf(this.readModels, name)]);
    return readReply(head, views[0]!);
  }

  /** True at the end of the log: it says how far the tables are from there. */
  private async views(of: readonly Standing[]) {
    const lags = await lagsBehind(
      this.eventStore,
      of.map(({ inUse }) => inUse),
      new Date(requestClock.now()),
    );
    const head = await this.eventStore.head();
    const groups = new Set(of.map(({ group }) => group));
    const decided = new Map(
      await Promise.all(
        [...groups].map(async (group) => {
          const { state } = await this.store.load(projectionsAggregate, group, { fresh: true });
          return [group, state] as const;
        }),
      ),
    );
    const views = of.map((standing, index) =>
      viewOf(standing, { lag: lags[index]!, head, decided: decided.get(standing.group)! }),
    );
    return { head, views };
  }
}

export const projectionsQuery = { controllers: [ProjectionsController], providers: [] };
